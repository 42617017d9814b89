import torch
from torch import nn

from enogu.train.forecast import forecast
from enogu.train.rounding import in_full_precision, round_by_chance
from enogu.train.session import train_project
from enogu.train.setup import open_setup
from enogu.train.state import load_state


def rounded(value, count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return round_by_chance(torch.full((count,), value), generator).double()


def test_the_mean_of_many_roundings_is_the_value():
    count = 200_000
    for share in (0.1, 0.5, 0.93):
        step = 2**-7
        value = 1 + share * step
        found = rounded(value, count)
        assert set(found.tolist()) == {1.0, 1 + step}
        # The closed form: each is the upper one with probability `share`, so the mean of n has
        # the standard deviation step * sqrt(share * (1 - share) / n). Five of them are allowed.
        spread = step * (share * (1 - share) / count) ** 0.5
        assert abs(float(found.mean()) - torch.tensor(value).double().item()) < 5 * spread


def test_negative_and_tiny_values_are_rounded_without_bias_too():
    for value in (-3.3e-3, 7.7e-20, -1.23456e10):
        exact = torch.tensor(value).double()
        found = rounded(value, 100_000)
        assert len(set(found.tolist())) == 2
        gap = found.max() - found.min()
        assert abs(found.mean() - exact) < 5 * gap * 0.5 / 100_000**0.5


def test_what_bf16_can_hold_stays_as_it_is():
    values = torch.tensor([0.0, 1.0, -2.5, 3.0e38, 1e-40]).bfloat16().float()
    assert torch.equal(round_by_chance(values, torch.Generator()).float(), values)


def test_small_steps_add_up_that_rounding_to_the_nearest_would_lose():
    def descend(by_chance):
        weights = nn.Parameter(torch.full((2000,), 1.0, dtype=torch.bfloat16))
        optimizer = torch.optim.SGD([weights], lr=1e-4)
        for step in range(100):
            weights.grad = torch.ones_like(weights)
            if by_chance:
                with in_full_precision([weights], 7, step):
                    optimizer.step()
            else:
                optimizer.step()
        return weights

    assert descend(False).min() == 1.0
    moved = descend(True).detach()
    assert moved.dtype is torch.bfloat16
    # 100 steps of 1e-4; the chances of 2000 weights leave about 4e-5 to their mean.
    assert abs(float(moved.double().mean()) - 0.99) < 3e-4


def test_the_optimiser_keeps_its_numbers_in_fp32_and_others_are_left_alone():
    short, whole = (nn.Parameter(torch.ones(4, dtype=t)) for t in (torch.bfloat16, torch.float32))
    optimizer = torch.optim.AdamW([short, whole])
    for parameter in (short, whole):
        parameter.grad = torch.ones_like(parameter)
    with in_full_precision([short, whole], 0, 0):
        optimizer.step()
    assert optimizer.state[short]["exp_avg"].dtype is torch.float32
    assert (short.dtype, whole.dtype) == (torch.bfloat16, torch.float32)
    assert whole.grad is not None


def test_a_run_in_bf16_learns_and_goes_on_to_equal_weights(make_project):
    def project(name):
        return make_project(name, train__adapter_dtype="bf16", train__save_dtype="fp32")

    whole = train_project(project("whole"))
    seen = []
    train_project(project("parts"), observe=seen.append, stop=lambda: seen[-1].get("step") == 3)
    parts = train_project(project("parts"))
    one, two = (load_state(result.run.state_path).adapter for result in (whole, parts))
    assert all(torch.equal(two[name], value) for name, value in one.items())
    ups = [value for name, value in one.items() if name.endswith("lora_up.weight")]
    assert all(value.dtype is torch.bfloat16 for value in ups)
    assert any(value.abs().max() > 0 for value in ups)


def test_the_forecast_counts_half_the_weights_and_gradients(make_project):
    whole = forecast(open_setup(make_project()))
    short = forecast(open_setup(make_project(train__adapter_dtype="bf16")))
    assert short.adapter_bytes == whole.trained_parameters * (2 + 2 + 8)
    assert whole.adapter_bytes == whole.trained_parameters * (4 + 4 + 8)
