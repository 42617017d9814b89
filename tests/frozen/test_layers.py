"""Packed layers against plain ones: values, gradients, and everything modules are asked to do."""

import copy
import io

import pytest
import torch
from torch import nn

from enogu.errors import EnoguError
from enogu.frozen import PackedConv2d, PackedLinear, pack_frozen, packing_refusal, unpack

CPU = torch.device("cpu")
# Sums are taken in another order: relative to the largest value, a few units of the last place.
TOLERANCE = {torch.float32: 2e-6, torch.bfloat16: 1.6e-2}
DTYPES = [
    pytest.param(
        dtype,
        marks=pytest.mark.skipif(packing_refusal(dtype, CPU) is not None, reason="not on this CPU"),
    )
    for dtype in (torch.float32, torch.bfloat16)
]
CONVS = {
    "3x3": {"kernel_size": 3, "padding": 1},
    "1x1": {"kernel_size": 1},
    "down": {"kernel_size": 3, "stride": 2, "padding": 1},
    "down without padding": {"kernel_size": 3, "stride": 2},
    "tall": {"kernel_size": (5, 3), "padding": (2, 0)},
    "wide padding": {"kernel_size": 1, "padding": 2},
    "dilated": {"kernel_size": 3, "padding": 2, "dilation": 2},
    "uneven stride": {"kernel_size": 3, "stride": (2, 1), "padding": 1},
}


def frozen(layer: nn.Module, dtype: torch.dtype) -> nn.Module:
    return layer.to(dtype).requires_grad_(False)


def assert_same_layer(plain: nn.Module, packed: nn.Module, x: torch.Tensor) -> None:
    """Compare output and data gradient; twice, since the first call packs and the second reuses."""
    for _ in range(2):
        results = []
        for layer in (plain, packed):
            leaf = x.clone().requires_grad_()
            y = layer(leaf)
            grad = torch.randn(y.shape, generator=torch.Generator().manual_seed(5)).to(y.dtype)
            y.backward(grad)
            results.append((y.detach(), leaf.grad))
        for wanted, got in zip(*results, strict=True):
            assert got.dtype == wanted.dtype
            assert got.shape == wanted.shape
            error = (got.double() - wanted.double()).abs().max() / wanted.double().abs().max()
            assert error <= TOLERANCE[x.dtype]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", CONVS)
def test_packed_convolution_equals_plain(kind, bias, dtype):
    torch.manual_seed(0)
    plain = frozen(nn.Conv2d(24, 40, bias=bias, **CONVS[kind]), dtype)
    packed = copy.deepcopy(plain)
    assert pack_frozen(packed, dtype=dtype).num_conv == 1
    assert_same_layer(plain, packed, torch.randn(2, 24, 11, 8, dtype=dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(30,), (1, 30), (7, 30), (2, 77, 30), (2, 3, 5, 30)])
def test_packed_linear_equals_plain(shape, dtype):
    torch.manual_seed(0)
    plain = frozen(nn.Linear(30, 52), dtype)
    packed = copy.deepcopy(plain)
    assert pack_frozen(packed, dtype=dtype).num_linear == 1
    assert_same_layer(plain, packed, torch.randn(shape, dtype=dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_packed_linear_takes_strided_input_and_gradient(dtype):
    torch.manual_seed(0)
    plain = frozen(nn.Linear(30, 52), dtype)
    packed = copy.deepcopy(plain)
    pack_frozen(packed, dtype=dtype)
    x = torch.randn(30, 9, dtype=dtype)
    grads = []
    for layer in (plain, packed):
        leaf = x.clone().requires_grad_()
        layer(leaf.t()).t().sum().backward()
        grads.append(leaf.grad)
    torch.testing.assert_close(*grads, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_sizes_other_than_the_first_give_right_numbers():
    torch.manual_seed(0)
    plain = frozen(nn.Conv2d(16, 16, 3, padding=1), torch.float32)
    packed = copy.deepcopy(plain)
    pack_frozen(packed, dtype=torch.float32)
    for size in [(1, 16, 8, 8), (3, 16, 5, 12), (1, 16, 1, 1)]:
        assert_same_layer(plain, packed, torch.randn(size))


@pytest.mark.parametrize("dtype", DTYPES)
def test_history_of_sizes_does_not_change_a_bit(dtype):
    torch.manual_seed(0)
    model = frozen(nn.Sequential(nn.Conv2d(32, 48, 1), nn.Conv2d(48, 64, 3, padding=1)), dtype)
    linear = frozen(nn.Linear(64, 96), dtype)
    outcomes = []
    for first in [1, 4]:
        both = copy.deepcopy(nn.ModuleList([model, linear]))
        pack_frozen(both, dtype=dtype)
        generator = torch.Generator().manual_seed(3)
        both[0](torch.randn(first, 32, 4 * first, 8).to(dtype))
        both[1](torch.randn(first, 64).to(dtype))
        x = torch.randn(2, 32, 12, 12, generator=generator).to(dtype).requires_grad_()
        one = torch.randn(1, 64, generator=generator).to(dtype).requires_grad_()
        y, z = both[0](x), both[1](one)
        y.float().square().sum().backward()
        z.float().square().sum().backward()
        outcomes.append((y, z, x.grad, one.grad))
    assert all(torch.equal(a, b) for a, b in zip(*outcomes, strict=True))


def test_convolution_returns_channels_last():
    layer = frozen(nn.Conv2d(16, 24, 3, padding=1), torch.float32)
    pack_frozen(layer, dtype=torch.float32)
    y = layer(torch.randn(1, 16, 6, 6))
    assert y.is_contiguous(memory_format=torch.channels_last)


def test_empty_input_is_allowed():
    layer = frozen(nn.Linear(8, 4), torch.float32)
    pack_frozen(layer, dtype=torch.float32)
    assert layer(torch.empty(0, 8)).shape == (0, 4)


@pytest.fixture
def packed_pair():
    """A small model that was packed and has run both ways, and its plain twin."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(16, 24, 3, padding=1), nn.Flatten(), nn.Linear(24 * 16, 10))
    frozen(plain, torch.float32)
    packed = copy.deepcopy(plain)
    pack_frozen(packed, dtype=torch.float32)
    packed(torch.randn(1, 16, 4, 4).requires_grad_()).sum().backward()
    return plain, packed


def test_plain_weight_is_given_up_after_the_first_call(packed_pair):
    _, packed = packed_pair
    names = [name for name, _ in packed.named_parameters()]
    assert names == ["0.bias", "2.bias"]
    assert packed[0].packed_nbytes() == 2 * 4 * 24 * 16 * 9


def test_no_second_layout_without_a_gradient():
    layer = frozen(nn.Linear(8, 4), torch.float32)
    pack_frozen(layer, dtype=torch.float32)
    layer(torch.randn(2, 8))
    assert layer.packed_nbytes() == 4 * 8 * 4


def test_unpack_restores_class_and_bits(packed_pair):
    plain, packed = packed_pair
    unpack(packed)
    assert [type(layer) for layer in packed] == [nn.Conv2d, nn.Flatten, nn.Linear]
    assert set(vars(packed[0])) == set(vars(plain[0]))
    for (name, wanted), (same_name, got) in zip(
        plain.named_parameters(), packed.named_parameters(), strict=True
    ):
        assert name == same_name
        assert torch.equal(wanted, got)
        assert not got.requires_grad
    x = torch.randn(1, 16, 4, 4)
    assert torch.equal(plain(x), packed(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(3, 5), (4, 320), (33, 17)])
def test_odd_widths_come_back_bit_equal(channels, dtype):
    torch.manual_seed(0)
    model = frozen(
        nn.Sequential(nn.Conv2d(*channels, 3, padding=1), nn.Conv2d(channels[1], 7, 1)), dtype
    )
    wanted = {name: value.clone() for name, value in model.state_dict().items()}
    pack_frozen(model, dtype=dtype)
    model(torch.randn(1, channels[0], 9, 9, dtype=dtype).requires_grad_()).sum().backward()
    unpack(model)
    assert all(torch.equal(value, wanted[name]) for name, value in model.state_dict().items())


def test_state_dict_gives_plain_weights_and_stays_packed(packed_pair):
    plain, packed = packed_pair
    state = packed.state_dict()
    assert list(state) == list(plain.state_dict())
    assert all(torch.equal(value, state[name]) for name, value in plain.state_dict().items())
    assert packed[2].packed_nbytes() > 0


def test_load_state_dict_replaces_packed_weights(packed_pair):
    plain, packed = packed_pair
    state = {name: value + 1 for name, value in plain.state_dict().items()}
    packed.load_state_dict(state)
    plain.load_state_dict(state)
    assert_same_layer(plain, packed, torch.randn(1, 16, 4, 4))


def test_reading_the_weight_makes_it_plain_and_edits_count(packed_pair):
    plain, packed = packed_pair
    assert torch.equal(packed[2].weight, plain[2].weight)
    packed[2].weight.data.mul_(2)
    plain[2].weight.data.mul_(2)
    assert_same_layer(plain, packed, torch.randn(1, 16, 4, 4))


def test_assigned_weight_replaces_the_packed_one(packed_pair):
    plain, packed = packed_pair
    weight = torch.randn(10, 24 * 16)
    plain[2].weight = nn.Parameter(weight, requires_grad=False)
    packed[2].weight = nn.Parameter(weight.clone(), requires_grad=False)
    assert_same_layer(plain, packed, torch.randn(1, 16, 4, 4))


def test_copies_and_pickles_are_independent(packed_pair):
    plain, packed = packed_pair
    buffer = io.BytesIO()
    torch.save(packed, buffer)
    buffer.seek(0)
    for twin in (copy.deepcopy(packed), torch.load(buffer, weights_only=False)):
        assert isinstance(twin[0], PackedConv2d)
        assert isinstance(twin[2], PackedLinear)
        assert_same_layer(plain, twin, torch.randn(1, 16, 4, 4))
    assert packed[2].packed_nbytes() > 0


def test_moving_to_the_same_place_keeps_the_packing(packed_pair):
    _, packed = packed_pair
    before = packed[0].packed_nbytes()
    packed.to("cpu").to(torch.float32)
    assert packed[0].packed_nbytes() == before


def test_a_cast_makes_weights_plain_and_packs_them_again(packed_pair):
    plain, packed = packed_pair
    packed.to(torch.float64)
    plain.to(torch.float64)
    x = torch.randn(1, 16, 4, 4, dtype=torch.float64)
    # float64 has no packed layout, so the layers fall back to the plain computation.
    assert torch.equal(plain(x), packed(x))
    packed.to(torch.float32)
    plain.to(torch.float32)
    assert_same_layer(plain, packed, torch.randn(1, 16, 4, 4))


def test_a_move_to_another_device_makes_weights_plain(packed_pair):
    _, packed = packed_pair
    packed.to("meta")
    assert packed[0].weight.device.type == "meta"
    assert packed(torch.empty(1, 16, 4, 4, device="meta")).shape == (1, 10)


def test_wrong_dtype_is_refused_with_both_dtypes(packed_pair):
    _, packed = packed_pair
    with pytest.raises(EnoguError, match=r"packed for torch\.float32.*given torch\.bfloat16"):
        packed(torch.randn(1, 16, 4, 4, dtype=torch.bfloat16))


def test_a_bias_trained_later_still_gets_its_gradient(packed_pair):
    _, packed = packed_pair
    packed[2].bias.requires_grad_(True)
    packed(torch.randn(1, 16, 4, 4)).sum().backward()
    assert torch.equal(packed[2].bias.grad, torch.ones(10))
