"""Attention for training in bf16 on a CPU: exact scores in fp32, products in bf16.

PyTorch's fused CPU attention cuts every head into blocks so small that, at the head widths of
these UNets (40 to 160), much of its time goes into calls rather than products, and its query
gradient loses most of its digits when the values of all keys have much in common. Here a block is
a few large products over scores that stay in cache. In fp32 PyTorch's attention was as fast, so it
stays in charge there.

Dimension suffixes: B batch, N query tokens, S key tokens, H heads, D head width, C = H · D.
"""

from collections.abc import Iterator
from typing import Any, TypeGuard, cast

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import scaled_dot_product_attention

# Scores worked on at a time: 4 MiB in fp32, so that a block stays in cache between its passes.
_BLOCK_SCORES = 1 << 20
# Bytes of probabilities one layer may keep for the backward pass; above, they are computed again.
# The largest layer of SD1.5 needs 16 MiB a picture at 256², 256 MiB at 512².
_KEEP_BYTES = 64 << 20


def attention_pays(q_BNC: Tensor) -> bool:
    """Whether `attention` beats PyTorch's on such inputs, as measured (docs/log.md).

    The meta device stands for the CPU, so that memory can be forecast.
    """
    return q_BNC.device.type in ("cpu", "meta") and q_BNC.dtype is torch.bfloat16


def attention(q_BNC: Tensor, k_BSC: Tensor, v_BSC: Tensor, num_heads: int) -> Tensor:
    """Return softmax(q kᵀ / √D) v for all heads, differentiable once.

    Scores and softmax are fp32 whatever the dtype, as in `scaled_dot_product_attention`.

    Args:
        q_BNC: Queries, [B, N, C].
        k_BSC: Keys, [B, S, C], same dtype.
        v_BSC: Values, [B, S, C], same dtype.
        num_heads: H; C must be a multiple of it.

    Returns:
        [B, N, C], contiguous, in the dtype of the queries.
    """
    if torch.is_grad_enabled() and any(t.requires_grad for t in (q_BNC, k_BSC, v_BSC)):
        return cast(Tensor, _AttentionFunction.apply(q_BNC, k_BSC, v_BSC, num_heads))
    return _attend(q_BNC, k_BSC, v_BSC, num_heads, None)


class _AttentionFunction(torch.autograd.Function):
    """`attention` for autograd; keeps q, k, v, and the probabilities when they are small."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch gives the context no public type
        q_BNC: Tensor,
        k_BSC: Tensor,
        v_BSC: Tensor,
        num_heads: int,
    ) -> Tensor:
        """Return the output."""
        p_BHNS = None
        p_shape = (q_BNC.shape[0], num_heads, q_BNC.shape[1], k_BSC.shape[1])
        if torch.Size(p_shape).numel() * q_BNC.element_size() <= _KEEP_BYTES:
            p_BHNS = q_BNC.new_empty(p_shape)
        out_BNC = _attend(q_BNC, k_BSC, v_BSC, num_heads, p_BHNS)
        ctx.save_for_backward(q_BNC, k_BSC, v_BSC, p_BHNS)
        ctx.num_heads = num_heads
        return out_BNC

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad_BNC: Tensor,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of q, k and v."""
        q_BNC, k_BSC, v_BSC, p_BHNS = ctx.saved_tensors
        return (*_gradients(grad_BNC, q_BNC, k_BSC, v_BSC, ctx.num_heads, p_BHNS), None)


def _attend(
    q_BNC: Tensor, k_BSC: Tensor, v_BSC: Tensor, num_heads: int, keep_BHNS: Tensor | None
) -> Tensor:
    """Return the output, and write the probabilities to `keep_BHNS` when it is given."""
    large = _is_large(q_BNC, k_BSC)
    q, k, v = (_heads(t, num_heads, apart=large) for t in (q_BNC, k_BSC, v_BSC))
    wide_q, wide_kt = q.float() * q.shape[-1] ** -0.5, k.float().transpose(2, 3)
    out_BNC = torch.empty_like(q_BNC, memory_format=torch.contiguous_format)
    out = _heads(out_BNC, num_heads)
    for b, heads, rows in _blocks(q.shape, k.shape[2]):
        scores = torch.bmm(wide_q[b, heads, rows], wide_kt[b, heads])
        torch.softmax(scores, -1, out=scores)
        p = scores.to(q.dtype) if keep_BHNS is None else keep_BHNS[b, heads, rows].copy_(scores)
        out[b, heads, rows] = _product(p, v[b, heads], turned=large)
    return out_BNC


def _gradients(
    grad_BNC: Tensor,
    q_BNC: Tensor,
    k_BSC: Tensor,
    v_BSC: Tensor,
    num_heads: int,
    p_BHNS: Tensor | None,
) -> tuple[Tensor, ...]:
    """Return the gradients of q, k and v; the probabilities are computed again when not kept.

    Scores do not depend on what all keys have in common, and their gradient not on what all values
    have in common and sums to zero over the keys. So keys and values are centred: what they have
    in common cancels in exact arithmetic, and would leave its rounding error in bf16. The gradient
    of the scores is also linear, so their scale is put into the incoming gradient.
    """
    dtype = q_BNC.dtype
    scale = (q_BNC.shape[-1] // num_heads) ** -0.5
    large = _is_large(q_BNC, k_BSC)
    q, k, v, grad = (_heads(t, num_heads, apart=large) for t in (q_BNC, k_BSC, v_BSC, grad_BNC))
    scaled_grad, centred_vt, centred_k = grad * scale, _centred(v).transpose(2, 3), _centred(k)
    scaled_q = q * scale if p_BHNS is None else None
    grad_q = torch.empty_like(q)
    # Sums over blocks of rows are kept in fp32.
    grad_k, grad_v = (_zeros(t, turned=large) for t in (k, v))
    for b, heads, rows in _blocks(q.shape, k.shape[2]):
        if p_BHNS is not None:
            p = p_BHNS[b, heads, rows]
        else:
            assert scaled_q is not None
            centred_kt = centred_k[b, heads].transpose(1, 2)
            p = torch.softmax(torch.bmm(scaled_q[b, heads, rows], centred_kt), -1)
        p_SN = p.transpose(1, 2)
        grad_v[b, heads] += _product(p_SN, grad[b, heads, rows], turned=large)
        grad_p = torch.bmm(scaled_grad[b, heads, rows], centred_vt[b, heads])
        grad_s = torch._softmax_backward_data(  # pyright: ignore[reportPrivateUsage]
            grad_p, p, -1, dtype
        )
        grad_q[b, heads, rows] = _product(grad_s, centred_k[b, heads], turned=large)
        grad_s_SN = grad_s.transpose(1, 2)
        grad_k[b, heads] += _product(grad_s_SN, q[b, heads, rows], turned=large)
    return tuple(t.to(dtype).transpose(1, 2).flatten(2) for t in (grad_q, grad_k, grad_v))


def _is_large(q_BNC: Tensor, k_BSC: Tensor) -> bool:
    """Whether a head takes several blocks."""
    return q_BNC.shape[1] * k_BSC.shape[1] > _BLOCK_SCORES


def _product(a: Tensor, b_HSD: Tensor, *, turned: bool) -> Tensor:
    """Multiply by something of the width of a head.

    D fills the registers badly as the last side of a product. In large layers it pays to compute
    the transposed product, in which tokens come last, and turn the result.
    """
    if not turned:
        return torch.bmm(a, b_HSD)
    return torch.bmm(b_HSD.transpose(1, 2), a.transpose(1, 2)).transpose(1, 2)


def _zeros(t_BHSD: Tensor, *, turned: bool) -> Tensor:
    """Return fp32 zeros of the same shape, laid out as `_product` gives its results."""
    shape = t_BHSD.transpose(2, 3).shape if turned else t_BHSD.transpose(1, 2).shape
    zeros = t_BHSD.new_zeros(shape, dtype=torch.float32)
    return zeros.transpose(2, 3) if turned else zeros.transpose(1, 2)


def _heads(t_BNC: Tensor, num_heads: int, *, apart: bool = False) -> Tensor:
    """Give [B, N, C] as [B, H, N, D].

    Args:
        t_BNC: Rows with all heads.
        num_heads: H.
        apart: Copy it, each head in one piece; otherwise every block of a head would copy it.
    """
    split = t_BNC.unflatten(2, (num_heads, -1)).transpose(1, 2)
    return split.contiguous() if apart else split


def _centred(t_BHSD: Tensor) -> Tensor:
    """Subtract the mean over the keys."""
    wide = t_BHSD.float()
    return (wide - wide.mean(2, keepdim=True)).to(t_BHSD.dtype)


def _blocks(q_shape: torch.Size, num_keys: int) -> Iterator[tuple[int, slice, slice]]:
    """Cut [B, H, N] into (picture, heads, rows) of at most `_BLOCK_SCORES` scores, or one row."""
    batch, num_heads, num_rows, _ = q_shape
    head_scores = max(1, num_rows * num_keys)
    num_heads_a_block = max(1, min(num_heads, _BLOCK_SCORES // head_scores))
    num_rows_a_block = max(1, min(num_rows, _BLOCK_SCORES // max(1, num_keys)))
    for b in range(batch):
        for head in range(0, num_heads, num_heads_a_block):
            for row in range(0, num_rows, num_rows_a_block):
                yield b, slice(head, head + num_heads_a_block), slice(row, row + num_rows_a_block)


# diffusers declares the first and uses both.
Processor = AttnProcessor | AttnProcessor2_0


class FrozenAttnProcessor:
    """Drop-in for diffusers' attention processors; whatever it cannot do it hands to `plain`.

    Args:
        plain: The processor it stands for; used where there is a mask.
    """

    def __init__(self, plain: Processor) -> None:
        self.plain = plain

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """Return the attended states, [B, N, C] like `hidden_states`."""
        if attention_mask is not None or hidden_states.ndim != 3:
            return self.plain(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        q = attn.to_q(hidden_states)
        k, v = (cast(nn.Module, layer)(source) for layer in (attn.to_k, attn.to_v))
        if attention_pays(q):
            attended = attention(q, k, v, attn.heads)
        else:
            q, k, v = (_heads(t, attn.heads) for t in (q, k, v))
            attended = scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        # to_out holds the projection and a dropout.
        for layer in cast(nn.ModuleList, attn.to_out):
            attended = layer(attended)
        return attended


def speed_up_attention(module: nn.Module) -> int:
    """Give all plain attention layers in `module` the `FrozenAttnProcessor`; return how many."""
    layers = [layer for layer in module.modules() if _is_plain(layer)]
    for layer in layers:
        processor = FrozenAttnProcessor(cast(Processor, layer.processor))
        layer.set_processor(cast(AttnProcessor, processor))
    return len(layers)


def restore_attention(module: nn.Module) -> None:
    """Give all layers the processor back that they had before `speed_up_attention`."""
    for layer in module.modules():
        processor = getattr(layer, "processor", None)
        if isinstance(layer, Attention) and isinstance(processor, FrozenAttnProcessor):
            layer.set_processor(cast(AttnProcessor, processor.plain))


def _is_plain(layer: nn.Module) -> TypeGuard[Attention]:
    """Whether a layer is attention of the form the SD UNets use: no norms inside, no extras."""
    if not isinstance(layer, Attention):
        return False
    if type(layer.processor) not in (AttnProcessor, AttnProcessor2_0):
        return False
    extras = ("spatial_norm", "group_norm", "norm_q", "norm_k", "norm_cross", "add_k_proj")
    return (
        not any(getattr(layer, extra, None) for extra in extras)
        and not layer.residual_connection
        and layer.rescale_output_factor == 1
    )
