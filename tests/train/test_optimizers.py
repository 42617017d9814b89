import sys

import pytest
import torch

from enogu.adapters import ParameterGroup
from enogu.config import TrainConfig
from enogu.config.optimizers import OPTIMIZERS, optimizer_kind
from enogu.errors import ConfigError, MissingExtraError
from enogu.train.optimizers import (
    build_optimizer,
    part_rate,
    set_learning_rate,
    weights_for_use,
)
from enogu.train.state import TrainState, load_state, restore_optimizer, save_state

HERE = [name for name, kind in OPTIMIZERS.items() if not kind.needs_cuda]


def trained(part, *parameters, rate=1.0):
    return ParameterGroup(part=part, rate=rate, parameters=list(parameters))


def settings_for(name, **changes):
    kind = optimizer_kind(name)
    rate = 1.0 if kind.finds_rate else 0.05
    return TrainConfig(optimizer=name, learning_rate=rate, schedule="constant", **changes)


def fresh(name):
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 3), (3, 4), (2, 3, 3, 3)]
    values = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    optimizer = build_optimizer(
        settings_for(name), [trained("unet", *values[:2]), trained("te", *values[2:])]
    )
    return values, optimizer


def step(values, optimizer, number):
    set_learning_rate(optimizer, 1.0 - 0.01 * number)
    optimizer.zero_grad(set_to_none=True)
    loss = sum((value - 0.1 * place).square().sum() for place, value in enumerate(values))
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@pytest.mark.parametrize("name", HERE)
def test_named_optimisers_lower_a_loss(name):
    values, optimizer = fresh(name)
    losses = [step(values, optimizer, number) for number in range(30)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", HERE)
def test_named_optimisers_continue_bit_for_bit(name, tmp_path):
    """Saving, with its look at the weights to use, leaves no trace; resuming is exact."""
    whole, optimizer = fresh(name)
    for number in range(12):
        if number == 5:
            adapter = {str(place): value.detach() for place, value in enumerate(whole)}
            state = TrainState(5, "abc", adapter, optimizer.state_dict())
            save_state(tmp_path / "state.safetensors", state)
            with weights_for_use(optimizer):
                pass
        step(whole, optimizer, number)

    resumed, other = fresh(name)
    state = load_state(tmp_path / "state.safetensors")
    with torch.no_grad():
        for place, value in enumerate(resumed):
            value.copy_(state.adapter[str(place)])
    restore_optimizer(other, state.optimizer)
    for number in range(5, 12):
        step(resumed, other, number)
    assert all(torch.equal(a, b) for a, b in zip(whole, resumed, strict=True))


def test_schedule_free_is_used_at_its_mean_and_trained_elsewhere():
    values, optimizer = fresh("schedulefree_adamw")
    for number in range(5):
        step(values, optimizer, number)
    trained = [value.detach().clone() for value in values]
    with weights_for_use(optimizer):
        used = [value.detach().clone() for value in values]
        z = [optimizer.state[value]["z"] for value in values]
    for at, mean, point in zip(trained, used, z, strict=True):
        # y = (1 - beta1) z + beta1 x, equation 1 of arXiv:2405.15682
        assert torch.allclose(at, 0.1 * point + 0.9 * mean, atol=1e-5)
        assert not torch.equal(at, mean)
    assert all(torch.equal(a, b) for a, b in zip(trained, values, strict=True))
    assert all(group["train_mode"] for group in optimizer.param_groups)


def test_groups_keep_their_base_rates():
    weight, text = torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(2))
    settings = TrainConfig(learning_rate=0.1)
    optimizer = build_optimizer(settings, [trained("unet", weight), trained("te", text)])
    assert [group["initial_lr"] for group in optimizer.param_groups] == [0.1, 0.05]
    assert set_learning_rate(optimizer, 0.5) == pytest.approx(0.05)


def test_text_encoders_have_half_the_rate_or_the_same_where_it_is_found():
    assert part_rate(TrainConfig(learning_rate=0.2), "te") == 0.1
    assert part_rate(TrainConfig(optimizer="prodigy", learning_rate=1.0), "te") == 1.0
    assert part_rate(TrainConfig(text_encoder_learning_rate=0.3), "te") == 0.3


def test_a_class_by_its_path_gets_its_arguments_and_the_weight_decay():
    settings = TrainConfig(
        optimizer="torch.optim.Adamax",
        optimizer_args={"betas": [0.8, 0.9], "eps": 1e-6},
        weight_decay=0.25,
    )
    optimizer = build_optimizer(settings, [trained("unet", torch.nn.Parameter(torch.ones(1)))])
    assert type(optimizer) is torch.optim.Adamax
    group = optimizer.param_groups[0]
    assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.8, 0.9), 1e-6, 0.25)


@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        ("torch.optim.AdamWW", {}, r"no class AdamWW; did you mean torch\.optim\.AdamW"),
        ("torch.optims.AdamW", {}, "cannot be imported"),
        ("adamw", {"beta": 0.9}, "no argument 'beta'; did you mean betas"),
        ("lion", {"weight_decouples": True}, "did you mean weight_decouple"),
        ("adamw", {"betas": [1.5, 0.9]}, "AdamW cannot be made with .*Invalid beta"),
        ("torch.optim.LBFGS", {}, r"its step\(\) needs closure"),
        ("collections.deque", {}, "no torch.optim.Optimizer|cannot be made"),
    ],
)
def test_optimisers_that_cannot_be_used_are_refused(path, arguments, message):
    settings = TrainConfig(optimizer=path, optimizer_args=arguments)
    groups = [trained("unet", torch.nn.Parameter(torch.ones(2, 2)))]
    with pytest.raises(ConfigError, match=message):
        build_optimizer(settings, groups)


@pytest.mark.parametrize(
    ("name", "package"), [("adamw8bit", "bitsandbytes"), ("prodigy", "pytorch_optimizer")]
)
def test_missing_package_says_how_to_get_it(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.optim", None)
    settings = TrainConfig(optimizer=name, learning_rate=1.0)
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
