import json

import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.training_utils import compute_snr

from enogu.diffusion.loss_weights import (
    debiased_weights,
    min_snr_weights,
    timestep_loss_weights,
    v_like_noise_weights,
    v_pred_like_weights,
)
from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import ScheduleError

SCHEDULES = {
    "sd": NoiseSchedule.scaled_linear(),
    "zero_terminal_snr": NoiseSchedule.scaled_linear().with_zero_terminal_snr(),
}
SNR = torch.tensor([0.01, 1.0, 5.0, 100.0, 4000.0], dtype=torch.float64)


def golden_columns(golden, name):
    """Recorded float32 values as float64, and where they are finite."""
    values = [float("nan") if v is None else v for v in golden[name]]
    column = torch.tensor(values, dtype=torch.float64)
    return column, torch.isfinite(column)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["sd", "zero_terminal_snr"])
def test_tables_equal_the_recorded_values(shared_data, name):
    golden = json.loads((shared_data / "golden" / "loss_weights.json").read_text("utf-8"))[name]
    t, schedule = torch.tensor(golden["timesteps"]), SCHEDULES[name]
    for ours, key in ((schedule.alphas_cumprod, "alphas_cumprod"), (schedule.snr, "snr")):
        expected, _ = golden_columns(golden, key)
        # recorded in float32: a product of 1000 factors and a difference near 0 keep 4 digits
        assert torch.allclose(ours[t], expected, rtol=2e-4, atol=1e-8)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["sd", "zero_terminal_snr"])
def test_weights_equal_the_recorded_values(shared_data, name):
    golden = json.loads((shared_data / "golden" / "loss_weights.json").read_text("utf-8"))[name]
    snr, _ = golden_columns(golden, "snr")
    cases = [
        (f"min_snr_gamma={g},v={v}", min_snr_weights, (g, v))
        for g in (1, 5, 20)
        for v in (False, True)
    ]
    cases += [(f"debiased,v={v}", debiased_weights, (v,)) for v in (False, True)]
    cases += [("scale_v_pred_loss_like_noise_pred", v_like_noise_weights, ())]
    for key, function, arguments in cases:
        expected, finite = golden_columns(golden, key)
        ours = function(snr[finite], *arguments)
        assert torch.allclose(ours, expected[finite], rtol=1e-6, atol=0), key


def test_snr_equals_diffusers_compute_snr():
    scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    theirs = compute_snr(scheduler, torch.arange(1000)).double()
    assert torch.allclose(SCHEDULES["sd"].snr, theirs, rtol=1e-4)


def test_min_snr_in_closed_form():
    expected = torch.tensor([1.0, 1.0, 1.0, 0.05, 0.00125], dtype=torch.float64)
    assert torch.allclose(min_snr_weights(SNR, 5, False), expected, rtol=1e-15)
    expected_v = torch.tensor([0.01 / 1.01, 0.5, 5 / 6, 5 / 101, 5 / 4001], dtype=torch.float64)
    assert torch.allclose(min_snr_weights(SNR, 5, True), expected_v, rtol=1e-15)


def test_debiased_in_closed_form_is_capped_at_1000():
    expected = torch.tensor([10, 1, 5**-0.5, 0.1, 1000**-0.5], dtype=torch.float64)
    assert torch.allclose(debiased_weights(SNR, False), expected, rtol=1e-15)
    expected_v = torch.tensor([1 / 1.01, 0.5, 1 / 6, 1 / 101, 1 / 1001], dtype=torch.float64)
    assert torch.allclose(debiased_weights(SNR, True), expected_v, rtol=1e-15)


def test_v_like_noise_in_closed_form_is_capped_at_1000():
    expected = torch.tensor([0.01 / 1.01, 0.5, 5 / 6, 100 / 101, 1000 / 1001], dtype=torch.float64)
    assert torch.allclose(v_like_noise_weights(SNR), expected, rtol=1e-15)


def test_v_pred_like_in_closed_form():
    ratio = [1.01 / 0.01, 2.0, 6 / 5, 101 / 100, 1001 / 1000]
    expected = torch.tensor([1 + 0.1 * value for value in ratio], dtype=torch.float64)
    assert torch.allclose(v_pred_like_weights(SNR, 0.1), expected, rtol=1e-14)


@pytest.mark.shared_data
def test_v_pred_like_follows_from_the_recorded_scale(shared_data):
    golden = json.loads((shared_data / "golden" / "loss_weights.json").read_text("utf-8"))["sd"]
    snr, _ = golden_columns(golden, "snr")
    scale, _ = golden_columns(golden, "scale_v_pred_loss_like_noise_pred")
    assert torch.allclose(v_pred_like_weights(snr, 0.3), 1 + 0.3 / scale, rtol=1e-6)


def test_v_pred_like_is_added_before_debiased_estimation_multiplies():
    t, schedule = torch.tensor([3, 800]), SCHEDULES["sd"]
    ours = timestep_loss_weights(schedule, t, "epsilon", debiased=True, v_pred_like=0.5)
    snr = schedule.snr[t].clamp(max=1000)
    assert torch.allclose(ours, (1 + 0.5 * (snr + 1) / snr) / snr.sqrt(), rtol=1e-14)


def test_at_zero_snr_v_weights_are_finite_and_epsilon_is_refused():
    zero = torch.zeros(1, dtype=torch.float64)
    assert min_snr_weights(zero, 5, True).tolist() == [0.0]
    assert debiased_weights(zero, True).tolist() == [1.0]
    assert v_like_noise_weights(zero).tolist() == [0.0]
    with pytest.raises(ScheduleError, match="needs v-prediction"):
        min_snr_weights(zero, 5, False)
    with pytest.raises(ScheduleError, match="needs v-prediction"):
        debiased_weights(zero, False)


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan")])
def test_gamma_must_be_positive(gamma):
    with pytest.raises(ScheduleError, match="gamma must be above 0"):
        min_snr_weights(SNR, gamma, False)


def test_step_weights_use_the_rescaled_table():
    t = torch.tensor([0, 500, 999])
    zero = SCHEDULES["zero_terminal_snr"]
    weights = timestep_loss_weights(zero, t, "v_prediction", min_snr_gamma=5.0)
    assert weights[2] == 0
    assert torch.equal(weights, min_snr_weights(zero.snr[t], 5.0, True))
    plain = timestep_loss_weights(SCHEDULES["sd"], t, "v_prediction", min_snr_gamma=5.0)
    assert not torch.allclose(weights, plain)


def test_step_weights_are_ones_when_nothing_is_chosen():
    weights = timestep_loss_weights(SCHEDULES["sd"], torch.tensor([1, 2]), "epsilon")
    assert weights.tolist() == [1.0, 1.0]


def test_step_weights_multiply():
    t = torch.tensor([3, 800])
    schedule = SCHEDULES["sd"]
    ours = timestep_loss_weights(schedule, t, "v_prediction", debiased=True, v_like_noise=True)
    expected = debiased_weights(schedule.snr[t], True) * v_like_noise_weights(schedule.snr[t])
    assert torch.allclose(ours, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("schedule", "prediction", "options", "message"),
    [
        ("sd", "epsilon", {"min_snr_gamma": 5.0, "debiased": True}, "choose one"),
        ("sd", "epsilon", {"v_like_noise": True}, "is for v-prediction"),
        ("sd", "v_prediction", {"v_pred_like": 0.1}, "already"),
        ("sd", "epsilon", {"v_pred_like": -0.1}, "must be 0 or more"),
        ("zero_terminal_snr", "epsilon", {}, "zero-terminal-SNR"),
    ],
)
def test_contradictory_weightings_are_refused(schedule, prediction, options, message):
    with pytest.raises(ScheduleError, match=message):
        timestep_loss_weights(SCHEDULES[schedule], torch.tensor([1]), prediction, **options)
