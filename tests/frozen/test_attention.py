"""The bf16 attention against float64, and beside PyTorch's."""

import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch.nn.functional import scaled_dot_product_attention

from enogu.frozen import attention as attention_module
from enogu.frozen.attention import attention, restore_attention, speed_up_attention

HEADS = 4


def heads(t):
    return t.unflatten(2, (HEADS, -1)).transpose(1, 2)


def library_attention(q, k, v):
    return scaled_dot_product_attention(heads(q), heads(k), heads(v)).transpose(1, 2).flatten(2)


def own_attention(q, k, v):
    return attention(q, k, v, HEADS)


def with_gradients(function, tensors, grad):
    leaves = [t.detach().clone().requires_grad_() for t in tensors]
    out = function(*leaves)
    out.backward(grad.to(out.dtype))
    return [out.detach(), *(leaf.grad for leaf in leaves)]


def relative_errors(got, wanted):
    return [float((a.double() - b).norm() / b.norm()) for a, b in zip(got, wanted, strict=True)]


def inputs(dtype, rows=48, keys=48, batch=2, common=0.0):
    generator = torch.Generator().manual_seed(0)

    def draw(length):
        own = torch.randn(batch, length, HEADS * 8, generator=generator)
        return (own + common * torch.randn(1, 1, HEADS * 8, generator=generator)).to(dtype)

    return [draw(rows), draw(keys), draw(keys)], draw(rows)


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "computed again"])
@pytest.mark.parametrize("block", [1 << 20, 1 << 10, 1], ids=["one block", "blocks", "rows"])
@pytest.mark.parametrize("keys", [48, 7])
def test_values_and_gradients_equal_the_library_in_float32(monkeypatch, keys, block, keep):
    monkeypatch.setattr(attention_module, "_BLOCK_SCORES", block)
    monkeypatch.setattr(attention_module, "_KEEP_BYTES", 1 << 30 if keep else 0)
    tensors, grad = inputs(torch.float32, keys=keys)
    wanted = with_gradients(library_attention, tensors, grad)
    got = with_gradients(own_attention, tensors, grad)
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "computed again"])
@pytest.mark.parametrize("common", [0.0, 3.0], ids=["spread", "much in common"])
def test_bfloat16_is_near_float64(monkeypatch, common, keep):
    monkeypatch.setattr(attention_module, "_KEEP_BYTES", 1 << 30 if keep else 0)
    tensors, grad = inputs(torch.bfloat16, rows=256, keys=256, common=common)
    wanted = with_gradients(library_attention, [t.double() for t in tensors], grad.double())
    got = with_gradients(own_attention, tensors, grad)
    # bf16 has 8 bits: 0.4 % a rounding, and four of them in a row here.
    assert max(relative_errors(got, wanted)) < 0.016


def test_no_gradient_gives_the_same_output():
    tensors, grad = inputs(torch.bfloat16)
    wanted, *_ = with_gradients(own_attention, tensors, grad)
    with torch.no_grad():
        assert torch.equal(own_attention(*tensors), wanted)


def test_processor_hands_masks_to_the_library_and_is_restored():
    torch.manual_seed(0)
    layer = Attention(query_dim=32, heads=HEADS, dim_head=8).requires_grad_(False)
    assert isinstance(layer.processor, AttnProcessor2_0)
    x = torch.randn(2, 6, 32)
    mask = torch.zeros(2, 1, 6)
    mask[:, :, 3:] = -1e4
    plain = layer(x), layer(x, attention_mask=mask)
    assert speed_up_attention(layer) == 1
    got = layer(x), layer(x, attention_mask=mask)
    for a, b in zip(got, plain, strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.allclose(got[0], got[1])
    restore_attention(layer)
    assert isinstance(layer.processor, AttnProcessor2_0)


def test_layers_with_norms_inside_are_left_alone():
    layer = Attention(query_dim=32, heads=HEADS, dim_head=8, norm_num_groups=4)
    assert speed_up_attention(layer) == 0
