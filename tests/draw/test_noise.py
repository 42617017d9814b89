import torch

from enogu.draw.noise import PictureNoise


def test_first_noise_is_that_of_torch_seeded_alone():
    noise = PictureNoise([5, 6], (4, 8, 8))
    first = noise.next()
    with torch.random.fork_rng():
        for row, seed in enumerate([5, 6]):
            torch.manual_seed(seed)
            assert torch.equal(first[row], torch.randn(4, 8, 8))


def test_later_noise_continues_each_picture_s_generator():
    noise = PictureNoise([5, 6], (4, 8, 8))
    noise.next()
    second = noise.next()
    with torch.random.fork_rng():
        torch.manual_seed(6)
        torch.randn(4, 8, 8)
        assert torch.equal(second[1], torch.randn(4, 8, 8))


def test_neighbours_do_not_matter():
    together, alone = PictureNoise([1, 2, 3], (4, 8, 8)), PictureNoise([2], (4, 8, 8))
    for _ in range(3):
        assert torch.equal(together.next()[1:2], alone.next())


def test_the_largest_seed_is_fine_and_the_global_state_is_left_alone():
    before = torch.get_rng_state()
    PictureNoise([2**63 - 1, 0], (4, 8, 8)).next()
    assert torch.equal(torch.get_rng_state(), before)
