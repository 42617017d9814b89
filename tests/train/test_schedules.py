import math

import pytest
import torch

from enogu.config import TrainConfig
from enogu.errors import ConfigError
from enogu.train.schedules import SHAPES, rate_schedule


def factors(**settings):
    train = TrainConfig(**settings)
    return [rate_schedule(train)(step) for step in range(train.steps)]


def test_constant_with_warmup():
    expected = [0.2, 0.4, 0.6, 0.8] + [1.0] * 6
    assert factors(steps=10, warmup_steps=4, schedule="constant") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("schedule", "form"),
    [
        ("cosine", lambda x: 0.5 * (1 + math.cos(math.pi * x))),
        ("linear", lambda x: 1 - x),
        ("polynomial", lambda x: (1 - x) ** 2.5),
        ("rex", lambda x: (1 - x) / (0.5 + 0.5 * (1 - x))),
    ],
)
def test_falling_schedules_are_their_closed_forms(schedule, form):
    power = 2.5 if schedule == "polynomial" else 1.0
    got = factors(steps=100, schedule=schedule, schedule_power=power)
    assert got == pytest.approx([form(step / 100) for step in range(100)], abs=1e-12)
    got = factors(steps=100, schedule=schedule, schedule_power=power, schedule_floor=0.1)
    assert got == pytest.approx([0.1 + 0.9 * form(step / 100) for step in range(100)], abs=1e-12)


def test_cosine_with_restarts_begins_each_wave_at_the_top():
    got = factors(steps=90, schedule="cosine_restarts", restarts=3)
    for start in (0, 30, 60):
        assert got[start] == pytest.approx(1.0)
        assert got[start + 15] == pytest.approx(0.5)


@pytest.mark.parametrize("schedule", SHAPES)
def test_every_schedule_honours_the_warm_up_and_ends_within_bounds(schedule):
    got = factors(steps=20, warmup_steps=5, schedule=schedule)
    assert got[:5] == pytest.approx([step / 6 for step in range(1, 6)])
    assert got[5] == 1.0
    assert all(0 <= value <= 1 for value in got)


def test_a_class_gives_the_rates_it_gives_in_torch():
    arguments = {"max_lr": 2.0, "total_steps": 30, "pct_start": 0.2}
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, **arguments)
    expected = []
    for _ in range(30):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(expected) < 30:
            theirs.step()
    path = "torch.optim.lr_scheduler.OneCycleLR"
    settings = TrainConfig(steps=30, schedule=path, schedule_args=arguments)
    schedule = rate_schedule(settings)
    assert [schedule(step) for step in range(30)] == pytest.approx(expected)
    assert schedule(7) == pytest.approx(expected[7]), "asked out of order, as after a resume"


def test_a_function_that_makes_a_scheduler_will_do():
    settings = TrainConfig(
        steps=10,
        schedule="transformers.get_constant_schedule_with_warmup",
        schedule_args={"num_warmup_steps": 4},
    )
    schedule = rate_schedule(settings)
    assert [schedule(step) for step in range(6)] == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1])


@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        ("torch.optim.lr_scheduler.StepsLR", {}, r"no class StepsLR; did you mean .*StepLR"),
        ("no_such_package.Class", {}, "no_such_package cannot be imported"),
        ("torch.optim.lr_scheduler.StepLR", {"stepsize": 3}, "did you mean step_size"),
        ("torch.optim.lr_scheduler.StepLR", {}, "cannot be made with no arguments"),
        ("torch.optim.lr_scheduler.ReduceLROnPlateau", {}, "waits for a loss"),
        ("collections.OrderedDict", {}, "no step|cannot be made"),
    ],
)
def test_schedules_that_cannot_be_used_are_refused(path, arguments, message):
    with pytest.raises(ConfigError, match=message):
        rate_schedule(TrainConfig(schedule=path, schedule_args=arguments))


def test_a_class_that_ends_too_early_says_so():
    arguments = {"max_lr": 1.0, "total_steps": 3}
    settings = TrainConfig(schedule="torch.optim.lr_scheduler.OneCycleLR", schedule_args=arguments)
    with pytest.raises(ConfigError, match=r"no rate for step 4.*(?s:.)*train\.steps"):
        rate_schedule(settings)(9)
