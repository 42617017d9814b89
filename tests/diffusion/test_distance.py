import math

import pytest
import torch

from enogu.diffusion.distance import distance, huber_constants
from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import ScheduleError

SCHEDULE = NoiseSchedule.scaled_linear()
T = torch.tensor([0, 1, 250, 500, 999])


def pair():
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(2, 3, 4, dtype=torch.float64, generator=generator) for _ in range(2))


def test_squared_error_is_torchs():
    a, b = pair()
    expected = torch.nn.functional.mse_loss(a, b, reduction="none")
    assert torch.equal(distance("l2", a, b), expected)


def test_robust_distances_in_closed_form():
    a, b = pair()
    c = torch.tensor([0.1, 2.0], dtype=torch.float64)
    huber, smooth = distance("huber", a, b, c), distance("smooth_l1", a, b, c)
    for row, value in enumerate((0.1, 2.0)):
        for place in range(3):
            d = float(a[row, place, 0] - b[row, place, 0])
            root = math.hypot(d, value) - value
            assert float(huber[row, place, 0]) == pytest.approx(2 * value * root, rel=1e-12)
            assert float(smooth[row, place, 0]) == pytest.approx(2 * root, rel=1e-12)


def test_robust_distances_have_their_limits():
    c = torch.tensor([0.1], dtype=torch.float64)
    near, far = (torch.tensor([[d]], dtype=torch.float64) for d in (1e-4, 1e4))
    zero = torch.zeros_like(near)
    assert float(distance("huber", near, zero, c)) == pytest.approx(1e-8, rel=1e-3)
    assert float(distance("smooth_l1", far, zero, c)) == pytest.approx(2e4, rel=1e-3)


@pytest.mark.parametrize("kind", ["huber", "smooth_l1"])
def test_gradient_is_finite_where_prediction_and_target_are_equal(kind):
    a = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    distance(kind, a, torch.zeros(1, 2), torch.tensor([0.1])).sum().backward()
    assert a.grad.tolist() == [[0.0, 0.0]]


def test_constants_in_closed_form():
    constant = huber_constants(SCHEDULE, T, kind="constant", c=0.2, scale=3.0)
    assert constant.tolist() == pytest.approx([0.6] * 5, rel=1e-15)
    exponential = huber_constants(SCHEDULE, T, kind="exponential", c=0.2, scale=3.0)
    expected = [3 * 0.2 ** (t / 1000) for t in T.tolist()]
    assert exponential.tolist() == pytest.approx(expected, rel=1e-12)
    snr = huber_constants(SCHEDULE, T, kind="snr", c=0.2)
    for t, value in zip(T.tolist(), snr.tolist(), strict=True):
        a = float(SCHEDULE.alphas_cumprod[t])
        sigma = ((1 - a) / a) ** 0.5
        assert value == pytest.approx(0.8 / (1 + sigma) ** 2 + 0.2, rel=1e-12)


def test_snr_constants_end_at_c_with_zero_terminal_snr():
    zero = SCHEDULE.with_zero_terminal_snr()
    assert float(huber_constants(zero, torch.tensor([999]), c=0.2)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: distance("l3", *pair()), "unknown distance 'l3'; known: l2"),
        (lambda: distance("huber", *pair()), "needs its constant c, got none"),
        (lambda: huber_constants(SCHEDULE, T, kind="linear"), "unknown Huber schedule 'linear'"),
        (lambda: huber_constants(SCHEDULE, T, c=0.0), "got 0.0 and 1.0"),
        (lambda: huber_constants(SCHEDULE, T, scale=0.0), "got 0.1 and 0.0"),
        (lambda: huber_constants(SCHEDULE, torch.tensor([1000])), "must be 0 to 999"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ScheduleError, match=message):
        call()
