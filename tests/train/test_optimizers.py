import math

import pytest
import torch

from enogu.adapters import ParameterGroup
from enogu.config import TrainConfig
from enogu.errors import MissingExtraError
from enogu.train.optimizers import build_optimizer, learning_rate_factor, set_learning_rate


def trained(part, *parameters, rate=1.0):
    return ParameterGroup(part=part, rate=rate, parameters=list(parameters))


def test_constant_with_warmup():
    settings = TrainConfig(steps=10, warmup_steps=4, schedule="constant")
    factors = [learning_rate_factor(settings, step) for step in range(10)]
    assert factors == pytest.approx([0.2, 0.4, 0.6, 0.8] + [1.0] * 6)


def test_cosine_is_the_closed_form():
    settings = TrainConfig(steps=100, schedule="cosine")
    for step in range(100):
        expected = 0.5 * (1 + math.cos(math.pi * step / 100))
        assert learning_rate_factor(settings, step) == pytest.approx(expected, abs=1e-12)


def test_cosine_with_restarts_begins_each_wave_at_the_top():
    settings = TrainConfig(steps=90, schedule="cosine_restarts", restarts=3)
    for start in (0, 30, 60):
        assert learning_rate_factor(settings, start) == pytest.approx(1.0)
        assert learning_rate_factor(settings, start + 15) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["adamw", "adafactor"])
def test_optimisers_lower_a_loss_and_keep_their_base_rates(name):
    weight = torch.nn.Parameter(torch.ones(4, 4))
    text = torch.nn.Parameter(torch.ones(2))
    settings = TrainConfig(optimizer=name, learning_rate=0.1)
    optimizer = build_optimizer(settings, [trained("unet", weight), trained("te", text)])
    assert [group["initial_lr"] for group in optimizer.param_groups] == [0.1, 0.05]
    assert set_learning_rate(optimizer, 0.5) == pytest.approx(0.05)
    before = float(weight.detach().square().sum())
    for _ in range(5):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    assert float(weight.detach().square().sum()) < before


def test_missing_bitsandbytes_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    settings = TrainConfig(optimizer="adamw8bit")
    with pytest.raises(MissingExtraError, match="pip install"):
        build_optimizer(settings, [trained("unet", torch.nn.Parameter(torch.ones(1)))])


def test_blocks_and_second_text_encoder_have_their_own_rates():
    settings = TrainConfig(learning_rate=0.1, text_encoder=True, text_encoder_2_learning_rate=0.02)
    groups = [
        trained("unet", torch.nn.Parameter(torch.ones(1)), rate=0.25),
        trained("te1", torch.nn.Parameter(torch.ones(1))),
        trained("te2", torch.nn.Parameter(torch.ones(1))),
    ]
    optimizer = build_optimizer(settings, groups)
    rates = [group["initial_lr"] for group in optimizer.param_groups]
    assert rates == pytest.approx([0.025, 0.05, 0.02])
