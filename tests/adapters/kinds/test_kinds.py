"""All kinds against LyCORIS and PEFT, and against the dense weight they stand for."""

import warnings

import pytest
import torch
from tests.adapters.kinds_helpers import (
    LAYERS,
    READ_ONLY,
    TRAINED_OPTIONS,
    generator,
    make_update,
    randomise,
    read_only_tensors,
    read_only_update,
    some_input,
    wrap,
)
from torch import nn

from enogu.adapters.kinds import DoesNotFit, FreshOptions, LoHa, LoKr, layer_title, read_update
from enogu.adapters.kinds.lokr import factorization
from enogu.adapters.layers import layer_shape

CLOSE = {"rtol": 2e-5, "atol": 2e-5}
"""fp32 with sums in another order, on values near 1."""


def layer_of(name, seed=0):
    torch.manual_seed(seed)
    return LAYERS[name]().requires_grad_(False)


def with_weight(layer, weight, bias=None):
    """The layer with another weight: what an update means, by definition."""
    if isinstance(layer, nn.Conv2d):
        return lambda x: nn.functional.conv2d(x, weight, bias, layer.stride, layer.padding)
    return lambda x: nn.functional.linear(x, weight, bias)


def dense_answer(layer, update, x, multiplier=1.0):
    weight = layer.weight + update.difference(layer.weight, multiplier)
    bias, added = layer.bias, update.bias_difference()
    if added is not None:
        bias = multiplier * added if bias is None else bias + multiplier * added
    return with_weight(layer, weight, bias)(x)


@pytest.mark.parametrize("multiplier", [1.0, -0.5])
@pytest.mark.parametrize("layer_name", LAYERS)
@pytest.mark.parametrize("kind", TRAINED_OPTIONS)
def test_a_trained_kind_does_what_its_dense_weight_does(kind, layer_name, multiplier):
    layer = layer_of(layer_name)
    update = make_update(layer, kind)
    x = some_input(layer)
    expected = dense_answer(layer, update, x, multiplier)
    torch.testing.assert_close(wrap(layer, update, multiplier)(x), expected, **CLOSE)
    assert not torch.allclose(expected, layer(x), atol=1e-3)


@pytest.mark.parametrize("multiplier", [1.0, 0.5])
@pytest.mark.parametrize("layer_name", LAYERS)
@pytest.mark.parametrize("axis", ["output", "input"])
@pytest.mark.parametrize("kind", ["lora", "loha", "lokr"])
def test_dora_does_what_its_dense_weight_does(kind, axis, layer_name, multiplier):
    layer = layer_of(layer_name)
    update = make_update(layer, kind, decompose=axis)
    x = some_input(layer)
    expected = dense_answer(layer, update, x, multiplier)
    torch.testing.assert_close(wrap(layer, update, multiplier)(x), expected, **CLOSE)


@pytest.mark.parametrize("multiplier", [1.0, 0.5])
@pytest.mark.parametrize("layer_name", LAYERS)
@pytest.mark.parametrize("kind", READ_ONLY)
def test_a_kind_that_is_read_does_what_its_dense_weight_does(kind, layer_name, multiplier):
    layer = layer_of(layer_name)
    update = read_only_update(layer, kind)
    x = some_input(layer)
    expected = dense_answer(layer, update, x, multiplier)
    torch.testing.assert_close(wrap(layer, update, multiplier)(x), expected, **CLOSE)


def lycoris_layer(layer, tensors, name):
    """The same numbers in LyCORIS's module, applied to the layer."""
    from lycoris.modules.boft import ButterflyOFTModule
    from lycoris.modules.diag_oft import DiagOFTModule
    from lycoris.modules.full import FullModule
    from lycoris.modules.glora import GLoRAModule
    from lycoris.modules.ia3 import IA3Module
    from lycoris.modules.locon import LoConModule
    from lycoris.modules.loha import LohaModule
    from lycoris.modules.lokr import LokrModule

    rank = 3
    common = {"multiplier": 1.0, "lora_dim": rank, "alpha": 2.0, "bypass_mode": False}
    dora = {"weight_decompose": "dora_scale" in tensors}
    if dora["weight_decompose"]:
        dora["wd_on_out"] = tensors["dora_scale"].shape[0] != 1
    make = {
        "lora": lambda: LoConModule("x", layer, **common, **dora),
        "lora mid": lambda: LoConModule("x", layer, **common, use_tucker=True),
        "loha": lambda: LohaModule("x", layer, **common, **dora),
        "loha mid": lambda: LohaModule("x", layer, **common, use_tucker=True),
        "lokr": lambda: LokrModule("x", layer, **common | {"lora_dim": 1}, **dora),
        "lokr mid": lambda: LokrModule("x", layer, **common | {"lora_dim": 1}, use_tucker=True),
        "lokr factor": lambda: LokrModule("x", layer, **common | {"lora_dim": 1}, factor=2),
        "lokr full": lambda: LokrModule("x", layer, **common, full_matrix=True),
        "lokr both": lambda: LokrModule(
            "x", layer, **common | {"lora_dim": 1}, factor=3, decompose_both=True
        ),
        "full": lambda: FullModule("x", layer),
        "ia3 input": lambda: IA3Module("x", layer, train_on_input=True),
        "ia3 output": lambda: IA3Module("x", layer),
        "glora": lambda: GLoRAModule("x", layer, **common | {"lora_dim": 2}),
        "oft": lambda: DiagOFTModule("x", layer, lora_dim=3, constraint=0.02),
        "oft rescaled": lambda: DiagOFTModule("x", layer, lora_dim=3, rescaled=True),
        "boft": lambda: ButterflyOFTModule("x", layer, lora_dim=2),
    }
    module = make[name]()
    own = dict(module.named_parameters())
    with torch.no_grad():
        for suffix, value in tensors.items():
            if suffix in ("alpha", "on_input"):
                continue
            suffix = {"diff": "weight", "diff_b": "bias"}.get(suffix, suffix)
            own[suffix].copy_(value.reshape(own[suffix].shape))
    return module


@pytest.mark.parametrize("layer_name", ["linear", "3x3", "strided"])
@pytest.mark.parametrize("kind", [name for name in TRAINED_OPTIONS if name != "dylora"])
def test_trained_kinds_equal_those_of_lycoris(kind, layer_name):
    layer = layer_of(layer_name)
    update = make_update(layer, kind)
    theirs = lycoris_layer(layer, update.file_tensors(), kind)
    x = some_input(layer)
    torch.testing.assert_close(wrap(layer, update)(x), theirs(x), **CLOSE)


@pytest.mark.parametrize("layer_name", ["linear", "3x3"])
@pytest.mark.parametrize("axis", ["output", "input"])
@pytest.mark.parametrize("kind", ["lora", "loha", "lokr"])
def test_dora_equals_that_of_lycoris(kind, axis, layer_name):
    layer = layer_of(layer_name)
    update = make_update(layer, kind, decompose=axis)
    theirs = lycoris_layer(layer, update.file_tensors(), kind)
    x = some_input(layer)
    torch.testing.assert_close(wrap(layer, update)(x), theirs(x), **CLOSE)


@pytest.mark.parametrize("layer_name", ["linear", "3x3"])
@pytest.mark.parametrize("kind", ["ia3 input", "ia3 output", "glora", "oft", "oft rescaled"])
def test_kinds_that_are_read_equal_those_of_lycoris(kind, layer_name):
    layer = layer_of(layer_name)
    tensors = read_only_tensors(layer, kind)
    theirs = lycoris_layer(layer, tensors, kind)
    alpha = {"glora": 2.0, "oft": 0.02}.get(kind)
    update = read_update(tensors, layer_shape(layer), alpha)
    x = some_input(layer)
    torch.testing.assert_close(wrap(layer, update)(x), theirs(x), **CLOSE)


def test_a_butterfly_of_several_stages_equals_that_of_lycoris():
    from lycoris.functional.boft import diff_weight

    blocks = 0.3 * torch.randn(3, 8, 2, 2, generator=generator())
    layer = nn.Linear(5, 16)
    update = read_update({"oft_blocks": blocks}, layer_shape(layer), None)
    expected = diff_weight(layer.weight.detach(), blocks, None, constraint=0, scale=0.5)
    torch.testing.assert_close(update.difference(layer.weight.detach(), 0.5), expected, **CLOSE)


@pytest.mark.parametrize("norm", [nn.LayerNorm(12), nn.GroupNorm(3, 12)])
def test_a_trained_norm_adds_to_weight_and_bias(norm):
    tensors = {
        "w_norm": torch.randn(12, generator=generator(1)),
        "b_norm": torch.randn(12, generator=generator(2)),
    }
    x = torch.randn(2, 12, 4, 12, generator=generator(3))
    layer = wrap(norm, read_update(tensors, layer_shape(norm), None), 0.5)
    weight = norm.weight + 0.5 * tensors["w_norm"]
    bias = norm.bias + 0.5 * tensors["b_norm"]
    if isinstance(norm, nn.GroupNorm):
        expected = nn.functional.group_norm(x, 3, weight, bias, norm.eps)
    else:
        expected = nn.functional.layer_norm(x, (12,), weight, bias, norm.eps)
    torch.testing.assert_close(layer(x), expected, **CLOSE)


def peft_layer(layer, config):
    from peft import inject_adapter_in_model

    model = nn.Sequential(layer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inject_adapter_in_model(config, model)
    return model[0]


@pytest.mark.parametrize("layer_name", ["linear", "3x3"])
def test_outputs_and_gradients_of_dora_equal_those_of_peft(layer_name):
    from peft import LoraConfig

    layer = layer_of(layer_name)
    ours = make_update(layer, "lora", decompose="output")
    config = LoraConfig(r=3, lora_alpha=2, target_modules=["0"], use_dora=True)
    theirs = peft_layer(layer_of(layer_name), config)
    pairs = (
        (ours.inner.lora_down, theirs.lora_A["default"].weight),
        (ours.inner.lora_up, theirs.lora_B["default"].weight),
        (ours.dora_scale, theirs.lora_magnitude_vector["default"].weight),
    )
    with torch.no_grad():
        for own, their in pairs:
            their.copy_(own.reshape(their.shape))
    x = some_input(layer)
    x_ours, x_theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    y_ours, y_theirs = wrap(layer, ours)(x_ours), theirs(x_theirs)
    weights = torch.randn(y_ours.shape, generator=generator(9))
    (y_ours * weights).sum().backward()
    (y_theirs * weights).sum().backward()
    # Gradients are sums of up to 60 terms near 1.
    close = {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(y_ours, y_theirs, **close)
    torch.testing.assert_close(x_ours.grad, x_theirs.grad, **close)
    for own, their in pairs:
        torch.testing.assert_close(own.grad, their.grad.reshape(own.shape), **close)


@pytest.mark.parametrize("layer_name", ["linear", "3x3"])
@pytest.mark.parametrize("kind", ["loha", "loha mid", "lokr", "lokr mid", "lora mid"])
def test_gradients_are_right(kind, layer_name):
    layer = layer_of(layer_name).double()
    update = make_update(layer, kind).double()
    x = some_input(layer).double().requires_grad_()
    factors = [factor for _, factor in update.factors()]

    def run(x, *factors):
        return wrap(layer, update)(x).square().sum()

    # gradcheck perturbs the tensors in place, so the parameters themselves are handed over.
    assert torch.autograd.gradcheck(run, (x, *factors), eps=1e-6, atol=1e-3, fast_mode=True)


@pytest.mark.parametrize("decompose", [None, "output", "input"])
@pytest.mark.parametrize("kind", ["lora", "lora mid", "loha", "loha mid", "lokr", "lokr full"])
def test_a_fresh_update_changes_nothing(kind, decompose):
    from enogu.adapters.kinds import DoRA, fresh_update

    layer = layer_of("3x3")
    name, options = TRAINED_OPTIONS[kind]
    fresh = FreshOptions(**{"rank": 3, "alpha": 2.0} | options)
    update = fresh_update(name, layer_shape(layer), "x", 0, fresh)
    if decompose:
        update = DoRA.around(update, decompose, layer)
    x = some_input(layer)
    torch.testing.assert_close(wrap(layer, update)(x), layer(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("layer_name", ["linear", "3x3"])
@pytest.mark.parametrize("kind", [*TRAINED_OPTIONS, "dora"])
def test_norm_is_that_of_the_dense_weight_and_shrinks_with_it(kind, layer_name):
    layer = layer_of(layer_name)
    update = make_update(layer, "lora" if kind == "dora" else kind)
    norm = update.difference(layer.weight).norm()
    torch.testing.assert_close(update.norm().detach(), norm, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        update.shrink(0.25)
    shrunk = update.difference(layer.weight).norm()
    torch.testing.assert_close(shrunk, 0.25 * norm, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer_name", LAYERS)
def test_both_ways_of_loha_agree_in_outputs_and_gradients(layer_name, monkeypatch):
    layer = layer_of(layer_name)
    x = some_input(layer)
    found = []
    for thin in (True, False):
        monkeypatch.setattr(LoHa, "_thin_is_shorter", lambda self, x, thin=thin: thin)
        update = make_update(layer, "loha")
        entered = x.clone().requires_grad_()
        y = wrap(layer, update, 0.7)(entered)
        y.square().sum().backward()
        found.append([y, entered.grad, *(factor.grad for _, factor in update.factors())])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


def test_loha_is_thin_for_wide_layers_and_few_inputs_only():
    update = LoHa.fresh(layer_shape(nn.Linear(1280, 1280)), "x", 0, FreshOptions(rank=16, alpha=16))
    narrow = LoHa.fresh(layer_shape(nn.Linear(64, 64)), "x", 0, FreshOptions(rank=16, alpha=16))
    few, many = torch.empty(64, 1280), torch.empty(4096, 64)
    assert update._thin_is_shorter(few)
    assert not narrow._thin_is_shorter(many)


@pytest.mark.parametrize("axis", ["output", "input"])
def test_dora_follows_a_base_that_is_changed_afterwards(axis):
    layer = layer_of("linear")
    update = make_update(layer, "lora", decompose=axis)
    x = some_input(layer)
    wrapped = wrap(layer, update)
    wrapped(x)
    layer.weight.mul_(3)
    torch.testing.assert_close(wrapped(x), dense_answer(layer, update, x), **CLOSE)


def test_loha_keeps_its_thin_factors_only():
    layer = nn.Linear(60, 50).requires_grad_(False)
    options = FreshOptions(rank=2, alpha=2)
    update = randomise(LoHa.fresh(layer_shape(layer), "x", 0, options))
    kept = []
    hooks = torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: kept.append(tensor.numel()) or tensor, lambda tensor: tensor
    )
    with hooks:
        update.dense()
    assert max(kept) <= 2 * 60


@pytest.mark.parametrize("size", [1, 7, 12, 127, 128, 250, 320, 360, 1024, 1280])
@pytest.mark.parametrize("factor", [-1, 2, 4, 8, 16])
def test_sizes_are_split_as_in_lycoris(size, factor):
    from lycoris.functional.general import factorization as theirs

    assert factorization(size, factor) == theirs(size, factor)


def test_any_split_of_lokr_is_read():
    layer = nn.Linear(12, 18)
    tensors = {"lokr_w1": torch.ones(2, 3), "lokr_w2": torch.ones(9, 4)}
    assert LoKr.read(tensors, layer_shape(layer), 5.0).scale == 1
    with pytest.raises(DoesNotFit, match="w1"):
        LoKr.read(tensors | {"lokr_w2": torch.ones(9, 5)}, layer_shape(layer), None)
    with pytest.raises(DoesNotFit, match="lokr_w2_b"):
        tensors = {"lokr_w1": torch.ones(2, 3), "lokr_w2_a": torch.ones(9, 1)}
        LoKr.read(tensors, layer_shape(layer), None)


def test_older_glora_has_its_factors_in_the_other_order():
    layer = layer_of("linear")
    tensors = read_only_tensors(layer, "glora")
    older = {
        f"{half}{3 - int(place)}.weight": tensors[f"{half}{place}.weight"]
        for half in "ab"
        for place in "12"
    }
    x = some_input(layer)
    both = [
        wrap(layer, read_update(given, layer_shape(layer), 2.0))(x) for given in (tensors, older)
    ]
    assert torch.equal(*both)


def test_titles_for_people():
    assert layer_title({"lora_down.weight": 0, "lora_mid.weight": 0}) == "LoRA with a middle factor"
    assert layer_title({"hada_w1_a": 0, "dora_scale": 0}) == "LoHa with DoRA"


@pytest.mark.parametrize("kind", READ_ONLY)
def test_tensors_of_another_layer_are_refused(kind):
    tensors = read_only_tensors(nn.Linear(12, 18), kind)
    with pytest.raises(DoesNotFit):
        read_update(tensors, layer_shape(nn.Linear(14, 20)), None)
