import copy

import pytest
import torch
from torch import nn

from enogu.adapters.kinds import DoesNotFit, FreshOptions, LoRA
from enogu.adapters.layers import AdapterLayer, chain, innermost, layer_shape
from enogu.adapters.low_rank import ConvBranch, ConvGeometry, LinearBranch
from enogu.errors import AdapterError

GEOMETRIES = {
    "1x1": ConvGeometry(),
    "3x3": ConvGeometry(kernel=(3, 3), padding=(1, 1)),
    "strided": ConvGeometry(kernel=(3, 3), padding=(1, 1), stride=(2, 2)),
    "dilated": ConvGeometry(kernel=(3, 3), padding=(2, 2), dilation=(2, 2)),
    "1x1 strided": ConvGeometry(stride=(2, 2)),
}


def fresh_layer(base, name, *, rank, alpha, seed):
    options = FreshOptions(rank=rank, alpha=alpha)
    return AdapterLayer(base, name, LoRA.fresh(layer_shape(base), name, seed, options))


def random_layer(base, *, rank=3, alpha=2.0, seed=0):
    layer = fresh_layer(base, "layer", rank=rank, alpha=alpha, seed=seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        layer.update.lora_up.normal_(generator=generator)
    return layer


def dense_difference(layer):
    """The same update as one dense weight: the definition of LoRA."""
    down, up = layer.update.lora_down.detach(), layer.update.lora_up.detach()
    product = (up.flatten(1) @ down.flatten(1)) * (layer.update.alpha / layer.update.rank)
    return product.view(up.shape[0], *down.shape[1:])


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("need_x", [True, False])
def test_gradcheck_linear(in_place, need_x):
    torch.manual_seed(0)
    y, x = (torch.randn(5, n, dtype=torch.float64) for n in (6, 4))
    down = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    up = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    y.requires_grad_()
    x.requires_grad_(need_x)

    def branch(y, x, down, up):
        return LinearBranch.apply(y.clone(), x, down, up, 0.7, in_place)

    assert torch.autograd.gradcheck(branch, (y, x, down, up))


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_gradcheck_convolution(name, channels_last, in_place):
    geometry = GEOMETRIES[name]
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    down = torch.randn(2, 3, *geometry.kernel, dtype=torch.float64)
    up = torch.randn(4, 2, 1, 1, dtype=torch.float64)
    convolve = torch.conv2d(x, down, None, geometry.stride, geometry.padding, geometry.dilation)
    y = torch.randn(2, 4, *convolve.shape[2:], dtype=torch.float64)
    layout = torch.channels_last if channels_last else torch.contiguous_format

    def branch(y, x, down, up):
        x, y = x.to(memory_format=layout), y.clone(memory_format=layout)
        return ConvBranch.apply(y, x, down, up, 0.7, geometry, in_place)

    inputs = [tensor.requires_grad_() for tensor in (y, x, down, up)]
    assert torch.autograd.gradcheck(branch, inputs)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4), (2, 3, 5, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_equals_the_dense_update(shape, bias):
    base = nn.Linear(4, 6, bias=bias)
    layer = random_layer(base)
    x = torch.randn(shape)
    dense = nn.functional.linear(x, base.weight + dense_difference(layer), base.bias)
    # fp32 sums in another order: a few units in the last place of values near 1.
    torch.testing.assert_close(layer(x), dense, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_convolution_equals_the_dense_update(name, memory_format):
    geometry = GEOMETRIES[name]
    base = nn.Conv2d(
        4, 6, geometry.kernel, geometry.stride, geometry.padding, geometry.dilation
    ).to(memory_format=memory_format)
    layer = random_layer(base)
    x = torch.randn(2, 4, 8, 6).to(memory_format=memory_format)
    dense = nn.functional.conv2d(
        x,
        base.weight + dense_difference(layer),
        base.bias,
        geometry.stride,
        geometry.padding,
        geometry.dilation,
    )
    torch.testing.assert_close(layer(x), dense, rtol=1e-5, atol=1e-5)


def peft_pair(base):
    """The same factors in our layer and in PEFT's."""
    from peft import LoraConfig, inject_adapter_in_model

    ours = random_layer(base, rank=4, alpha=3.0)
    model = nn.Sequential(base)
    inject_adapter_in_model(LoraConfig(r=4, lora_alpha=3, target_modules=["0"]), model)
    peft_layer = model[0]
    with torch.no_grad():
        peft_layer.lora_A["default"].weight.copy_(ours.update.lora_down)
        peft_layer.lora_B["default"].weight.copy_(ours.update.lora_up)
    return ours, peft_layer


@pytest.mark.parametrize("kind", ["linear", "1x1", "3x3", "strided"])
def test_outputs_and_gradients_equal_those_of_peft(kind):
    torch.manual_seed(0)
    if kind == "linear":
        base, x = nn.Linear(8, 12), torch.randn(2, 5, 8)
    else:
        geometry = GEOMETRIES[kind]
        base = nn.Conv2d(8, 12, geometry.kernel, geometry.stride, geometry.padding)
        x = torch.randn(2, 8, 6, 6)
    base.requires_grad_(False)
    ours, peft_layer = peft_pair(base)
    x_ours, x_peft = x.clone().requires_grad_(), x.clone().requires_grad_()
    y_ours, y_peft = ours(x_ours), peft_layer(x_peft)
    weights = torch.randn_like(y_ours)
    (y_ours * weights).sum().backward()
    (y_peft * weights).sum().backward()
    close = {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(y_ours, y_peft, **close)
    torch.testing.assert_close(x_ours.grad, x_peft.grad, **close)
    down, up = peft_layer.lora_A["default"].weight, peft_layer.lora_B["default"].weight
    torch.testing.assert_close(ours.update.lora_down.grad, down.grad, **close)
    torch.testing.assert_close(ours.update.lora_up.grad, up.grad, **close)


@pytest.mark.parametrize("kind", ["linear", "3x3"])
def test_bf16_base_keeps_fp32_parameters_and_gradients(kind):
    torch.manual_seed(0)
    if kind == "linear":
        exact_base, x = nn.Linear(32, 48), torch.randn(2, 32, 32)
    else:
        exact_base, x = nn.Conv2d(32, 48, 3, padding=1), torch.randn(2, 32, 8, 8)
    exact_base.to(torch.bfloat16).to(torch.float32).requires_grad_(False)
    x = x.bfloat16().float()
    exact = random_layer(exact_base, rank=4)
    exact(x).square().sum().backward()
    layer = random_layer(copy.deepcopy(exact_base).to(torch.bfloat16), rank=4)
    y = layer(x.bfloat16())
    assert y.dtype == torch.bfloat16
    y.float().square().sum().backward()
    for ours, wanted in (
        (layer.update.lora_down, exact.update.lora_down),
        (layer.update.lora_up, exact.update.lora_up),
    ):
        assert ours.dtype == ours.grad.dtype == torch.float32
        # bf16 has 8 bits: the error of a sum stays within 2 % of the gradient's norm.
        assert (ours.grad - wanted.grad).norm() < 0.02 * wanted.grad.norm()


def test_only_the_input_and_the_middle_are_kept():
    layer = random_layer(nn.Linear(64, 48).requires_grad_(False), rank=4)
    x = torch.randn(10, 64, requires_grad=True)
    kept = []

    def pack(tensor):
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(x)
    own = {
        layer.base.weight.data_ptr(),
        layer.update.lora_down.data_ptr(),
        layer.update.lora_up.data_ptr(),
    }
    activations = {t.data_ptr(): t.numel() for t in kept if t.data_ptr() not in own}
    assert sorted(activations.values()) == [10 * 4, 10 * 64]


def test_the_sum_costs_no_copy_of_the_gradient():
    layer = random_layer(nn.Linear(8, 6).requires_grad_(False))
    y = layer(torch.randn(2, 3, 8, requires_grad=True))
    nodes, names = [y.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is not None:
            names.add(node.name())
            nodes.extend(parent for parent, _ in node.next_functions)
    assert "CopySlices" not in names


def test_initialisation_depends_on_seed_and_name_alone():
    def down(name, seed):
        layer = fresh_layer(nn.Linear(16, 8), name, rank=4, alpha=4, seed=seed)
        return layer.update.lora_down.detach()

    torch.manual_seed(1)
    first = down("a", 7)
    torch.manual_seed(2)
    assert torch.equal(first, down("a", 7))
    assert not torch.equal(first, down("b", 7))
    assert not torch.equal(first, down("a", 8))


@pytest.mark.parametrize("base", [nn.Linear(100, 8), nn.Conv2d(100, 8, 3)])
def test_initialisation_is_kaiming_uniform_down_and_zero_up(base):
    layer = fresh_layer(base, "a", rank=64, alpha=4, seed=0)
    fan_in = layer.update.lora_down[0].numel()
    bound = fan_in**-0.5
    assert layer.update.lora_down.abs().max() <= bound
    assert layer.update.lora_down.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert not layer.update.lora_up.any()
    assert layer.update.lora_down.dtype == layer.update.lora_up.dtype == torch.float32


def test_fresh_disabled_and_zero_strength_layers_give_the_base_bit_for_bit():
    base = nn.Linear(8, 6)
    x = torch.randn(3, 8)
    expected = base(x)
    fresh = fresh_layer(base, "a", rank=4, alpha=4, seed=0)
    assert torch.equal(fresh(x), expected)
    trained = random_layer(base)
    assert not torch.equal(trained(x), expected)
    trained.enabled = False
    assert torch.equal(trained(x), expected)
    trained.enabled, trained.multiplier = True, 0.0
    assert torch.equal(trained(x), expected)


def test_multiplier_scales_the_update():
    layer = random_layer(nn.Linear(8, 6))
    x = torch.randn(3, 8)
    update = layer(x) - layer.base(x)
    layer.multiplier = -0.5
    torch.testing.assert_close(layer(x) - layer.base(x), -0.5 * update, rtol=1e-4, atol=1e-5)


def test_layers_stack():
    base = nn.Linear(8, 6)
    inner = random_layer(base, seed=1)
    outer = random_layer(inner, seed=5)
    x = torch.randn(2, 3, 8)
    dense = base.weight + dense_difference(inner) + dense_difference(outer)
    expected = nn.functional.linear(x, dense, base.bias)
    torch.testing.assert_close(outer(x), expected, rtol=1e-5, atol=1e-5)
    assert list(chain(outer)) == [outer, inner]
    assert innermost(outer) is base


def test_a_base_without_weight_attribute_is_wrapped():
    class Packed(nn.Module):
        in_features, out_features = 8, 6

        def __init__(self):
            super().__init__()
            self.packed = nn.Linear(8, 6)

        def forward(self, x):
            return self.packed(x).view(-1, 2, 3).view(-1, 6)

    layer = random_layer(Packed())
    x = torch.randn(4, 8, requires_grad=True)
    expected = nn.functional.linear(
        x, layer.base.packed.weight + dense_difference(layer), layer.base.packed.bias
    )
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)


def test_moving_to_another_dtype_keeps_the_parameters_exact():
    layer = random_layer(nn.Linear(8, 6))
    before = layer.update.lora_down.detach().clone()
    layer.to(torch.bfloat16)
    assert layer.base.weight.dtype == torch.bfloat16
    assert layer.update.lora_down.dtype == torch.float32
    assert torch.equal(layer.update.lora_down, before)
    assert layer(torch.randn(2, 8).bfloat16()).dtype == torch.bfloat16


def test_shapes_of_linear_and_convolution():
    assert layer_shape(nn.Linear(3, 5)).down_shape(2) == (2, 3)
    assert layer_shape(nn.Linear(3, 5)).up_shape(2) == (5, 2)
    assert layer_shape(nn.Conv2d(3, 5, 3)).down_shape(2) == (2, 3, 3, 3)
    assert layer_shape(nn.Conv2d(3, 5, 3)).up_shape(2) == (5, 2, 1, 1)
    assert layer_shape(nn.LayerNorm(4)).weight_shape == (4,)
    for other in (
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, padding="same"),
    ):
        assert layer_shape(other) is None


def test_refusals_name_the_layer_and_what_fits():
    shape = layer_shape(nn.Linear(4, 5))
    update = LoRA(shape, down=torch.zeros(1, 4), up=torch.zeros(5, 1), alpha=1)
    with pytest.raises(AdapterError, match=r"lora_x.*got Embedding"):
        AdapterLayer(nn.Embedding(4, 4), "lora_x", update)
    with pytest.raises(AdapterError, match=r"lora_x: the update is for linear 4 → 5.*linear 4 → 9"):
        AdapterLayer(nn.Linear(4, 9), "lora_x", update)
    with pytest.raises(DoesNotFit, match=r"\(2, 4\).*\(5, 2\)"):
        LoRA(shape, down=torch.zeros(2, 4), up=torch.zeros(9, 2), alpha=1)
