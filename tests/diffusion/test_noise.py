import pytest
import torch

from enogu.diffusion.noise import (
    apply_noise_offset,
    multires_noise,
    noise_offset_strength,
    sample_noise,
    seeded_generator,
)


def test_the_stream_is_the_same_everywhere_and_for_ever():
    assert seeded_generator(42, 7, 3).initial_seed() == 0xC4E47E922DD4689E
    assert seeded_generator().initial_seed() == 0x2AD48F615DF53B05


@pytest.mark.parametrize(
    ("one", "other"), [((1, 2), (2, 1)), ((1, 23), (12, 3)), ((0,), (0, 0)), ((5,), (-5,))]
)
def test_different_places_have_different_streams(one, other):
    a, b = (torch.randn(16, generator=seeded_generator(*p)) for p in (one, other))
    assert not torch.equal(a, b)


def test_neighbouring_steps_are_uncorrelated():
    a, b = (sample_noise((100_000,), seeded_generator(1, step)) for step in (7, 8))
    assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 0.02


def test_the_place_alone_decides():
    first = sample_noise((4, 8, 8), seeded_generator(1, 2, 3))
    seeded_generator(9, 9)
    torch.manual_seed(0)
    assert torch.equal(first, sample_noise((4, 8, 8), seeded_generator(1, 2, 3)))


def test_noise_is_that_of_torch_on_the_cpu():
    noise = sample_noise((16,), torch.Generator().manual_seed(0))
    expected = torch.tensor([-1.1258398, -1.1523602, -0.2505786])
    assert torch.allclose(noise[:3], expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_dtype_gets_the_float32_noise(dtype):
    single = sample_noise((2, 16), seeded_generator(1))
    assert torch.equal(sample_noise((2, 16), seeded_generator(1), dtype), single.to(dtype))


def test_offset_shifts_whole_channels_by_the_given_size():
    noise = torch.zeros(500, 4, 2, 2)
    shifted = apply_noise_offset(noise, 0.1, seeded_generator(1))
    assert torch.equal(shifted, shifted[..., :1, :1].expand_as(shifted))
    assert float(shifted.std()) == pytest.approx(0.1, rel=0.05)
    assert shifted[:, :, 0, 0].unique().numel() == 2000


def test_zero_offset_leaves_noise_and_generator_alone():
    generator = seeded_generator(1)
    before = generator.get_state()
    noise = torch.ones(1, 4, 2, 2)
    assert apply_noise_offset(noise, 0.0, generator) is noise
    assert torch.equal(generator.get_state(), before)


def test_offset_works_on_a_single_sample():
    one = apply_noise_offset(torch.zeros(4, 2, 2), 0.1, seeded_generator(1))
    batch = apply_noise_offset(torch.zeros(1, 4, 2, 2), 0.1, seeded_generator(1))
    assert torch.equal(one, batch[0])


def test_adaptive_strength_in_closed_form():
    latents = torch.stack([torch.full((2, 2), v, dtype=torch.float64) for v in (-3.0, 0.5)])
    assert noise_offset_strength(0.1, latents, adaptive=0.2).flatten().tolist() == pytest.approx(
        [0.7, 0.2]
    )
    assert noise_offset_strength(0.1, latents, adaptive=-0.1).flatten().tolist() == pytest.approx(
        [0.0, 0.05]
    )


def test_each_channel_is_shifted_by_its_own_strength():
    strength = torch.tensor([0.0, 0.5]).reshape(2, 1, 1)
    shifted = apply_noise_offset(torch.zeros(2, 4, 4), strength, seeded_generator(1))
    expected = apply_noise_offset(torch.zeros(2, 4, 4), 0.5, seeded_generator(1))
    assert shifted[0].abs().max() == 0
    assert torch.equal(shifted[1], expected[1])


def test_multires_noise_equals_the_sum_of_enlarged_sizes():
    """The pyramid written out by hand, with Upsample as sd-scripts uses it."""
    noise = sample_noise((4, 24, 16), seeded_generator(3))
    ours = multires_noise(noise, seeded_generator(4), iterations=3, discount=0.4)
    generator, total = seeded_generator(4), noise[None].clone()
    for level in range(3):
        r = 2 + 2 * float(torch.rand(1, generator=generator))
        size = [max(1, int(side / r**level)) for side in (24, 16)]
        upsample = torch.nn.Upsample(size=(24, 16), mode="bilinear")
        total += upsample(torch.randn(1, 4, *size, generator=generator)) * 0.4**level
        if 1 in size:
            break
    assert torch.allclose(ours, (total / total.std())[0], atol=1e-6)
    assert float(ours.std()) == pytest.approx(1.0, abs=1e-5)


def test_multires_noise_is_coarser_than_plain_noise():
    noise = sample_noise((4, 64, 64), seeded_generator(3))
    coarse = multires_noise(noise, seeded_generator(4), iterations=8, discount=0.8)
    blocks = [torch.nn.functional.avg_pool2d(n, 16).std() for n in (noise, coarse)]
    assert float(blocks[1]) > 3 * float(blocks[0])


def test_no_iterations_leave_noise_and_generator_alone():
    generator = seeded_generator(1)
    before = generator.get_state()
    noise = torch.ones(4, 2, 2)
    assert multires_noise(noise, generator, iterations=0, discount=0.3) is noise
    assert torch.equal(generator.get_state(), before)
