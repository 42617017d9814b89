import pytest
import torch

from enogu.diffusion.noise import apply_noise_offset, sample_noise, seeded_generator


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
