import pytest
import torch
from tests.adapters.kinds_helpers import make_update, some_input, wrap
from torch import nn

from enogu.adapters.step_noise import StepNoise


def noisy(layer, update, **shares):
    wrapped = wrap(layer, update)
    wrapped.noise = StepNoise(seed=1, active=True, **shares)
    return wrapped


def test_a_mask_keeps_the_mean_and_depends_on_seed_step_and_name_alone():
    noise = StepNoise(seed=3, step=7)
    like = torch.zeros(1)
    mask = noise.mask((200, 50), 0.25, "a", like)
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    # 10 000 draws: the standard error of the share is 0.0043.
    assert float((mask == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert torch.equal(mask, StepNoise(seed=3, step=7).mask((200, 50), 0.25, "a", like))
    others = StepNoise(seed=4, step=7), StepNoise(seed=3, step=8)
    for other in others:
        assert not torch.equal(mask, other.mask((200, 50), 0.25, "a", like))
    assert not torch.equal(mask, noise.mask((200, 50), 0.25, "b", like))


def test_module_dropout_leaves_out_its_share_of_the_layers():
    noise = StepNoise(seed=0, module=0.3)
    skipped = sum(noise.skips(f"layer {n}") for n in range(2000))
    # Standard error 0.01.
    assert skipped / 2000 == pytest.approx(0.3, abs=0.04)
    assert not StepNoise(seed=0).skips("layer")


@pytest.mark.parametrize("layer", [nn.Linear(12, 18), nn.Conv2d(12, 18, 3, padding=1)])
def test_rank_dropout_zeroes_ranks_per_picture(layer):
    update = make_update(layer, "lora")
    wrapped = noisy(layer, update, rank=0.5)
    x = some_input(layer)
    kept = wrapped.noise.mask((2, 3), 0.5, "lora_x", x)
    assert 0 < int((kept == 0).sum()) < 6
    for picture in range(2):
        ranks = kept[picture].nonzero().flatten()
        down, up = update.lora_down[ranks], update.lora_up[:, ranks] * 2
        weight = (up.flatten(1) @ down.flatten(1)).view(layer.weight.shape) * update.scale
        one = x[picture : picture + 1]
        added = wrapped.update.shape.apply(one, weight)
        expected = layer(one) + added
        torch.testing.assert_close(
            wrapped(x)[picture : picture + 1], expected, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("kind", ["lora", "lora mid", "dylora"])
def test_dropout_keeps_the_mean(kind):
    layer = nn.Conv2d(12, 18, 3, padding=1)
    wrapped = noisy(layer, make_update(layer, kind), network=0.2)
    whole = wrap(layer, wrapped.update)
    x = some_input(layer)
    if kind == "dylora":
        wrapped.noise.rank_unit = 3
    answers = []
    for step in range(400):
        wrapped.noise.step = step
        answers.append(wrapped(x))
    mean = torch.stack(answers).mean(0)
    spread = torch.stack(answers).std(0).max() / 400**0.5
    assert spread > 0
    # 5 standard errors.
    assert (mean - whole(x)).abs().max() < 5 * spread


@pytest.mark.parametrize("kind", ["loha", "lokr"])
def test_rank_dropout_of_dense_kinds_zeroes_outputs(kind):
    layer = nn.Linear(12, 18)
    wrapped = noisy(layer, make_update(layer, kind), rank=0.5)
    x = some_input(layer)
    changed = (wrapped(x) - layer(x)).abs().amax((0, 1)) > 1e-6
    kept = wrapped.noise.mask((18,), 0.5, "lora_x", x) > 0
    assert torch.equal(changed, kept) and not kept.all()


def test_nested_ranks_are_multiples_of_the_unit_and_all_occur():
    noise = StepNoise(seed=0, rank_unit=4)
    drawn = set()
    for step in range(60):
        noise.step = step
        drawn.add(noise.nested_rank(16))
    assert drawn == {4, 8, 12, 16}


def test_dylora_is_the_lora_of_its_first_ranks():
    layer = nn.Linear(12, 18)
    update = make_update(layer, "dylora")
    wrapped = noisy(layer, update, rank_unit=1)
    x, seen = some_input(layer), set()
    for step in range(12):
        wrapped.noise.step = step
        rank = wrapped.noise.nested_rank(3)
        seen.add(rank)
        weight = update.lora_up[:, :rank] @ update.lora_down[:rank] * (update.alpha / rank)
        expected = nn.functional.linear(x, layer.weight + weight, layer.bias)
        torch.testing.assert_close(wrapped(x), expected, rtol=1e-5, atol=1e-5)
    assert seen == {1, 2, 3}


def test_nothing_is_left_out_while_samples_are_drawn():
    layer = nn.Linear(12, 18)
    update = make_update(layer, "lora")
    wrapped = noisy(layer, update, rank=0.5, module=0.5)
    wrapped.noise.active = False
    x = some_input(layer)
    assert torch.equal(wrapped(x), wrap(layer, update)(x))
