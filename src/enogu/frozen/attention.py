"""Attention for training in bf16 on a CPU: exact scores in fp32, products in bf16.

PyTorch's fused CPU attention cuts every head into blocks so small that, at the head widths of
these UNets (40 to 160), much of its time goes into calls rather than products; its backward pass
is the slower half, because it computes the probabilities again. Here each head is a few large
products and its probabilities are kept, where they are small enough. In fp32, and for large
pictures, PyTorch's attention was as fast or faster, so it stays in charge there.

Dimension suffixes: B batch, N query tokens, S key tokens, H heads, D head width, C = H · D.
"""

from collections.abc import Iterator
from typing import Any, cast

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import scaled_dot_product_attention

# Scores worked on at a time: 4 MiB in fp32, so that a block stays in cache between its passes.
_BLOCK_SCORES = 1 << 20
# Bytes of probabilities one layer may keep for the backward pass: SD1.5 at 256² needs 16 MiB a
# picture in its largest layer, 512² 256 MiB.
_KEEP_BYTES = 64 << 20


def attention_pays(q_BNC: Tensor, k_BSC: Tensor, num_heads: int) -> bool:
    """Whether `attention` beats PyTorch's on these inputs, as measured; see docs/log.md."""
    num_scores = q_BNC.shape[0] * num_heads * q_BNC.shape[1] * k_BSC.shape[1]
    return (
        q_BNC.device.type == "cpu"
        and q_BNC.dtype is torch.bfloat16
        and num_scores * q_BNC.element_size() <= _KEEP_BYTES
    )


def attention(q_BNC: Tensor, k_BSC: Tensor, v_BSC: Tensor, num_heads: int) -> Tensor:
    """Return softmax(q kᵀ / √D) v for all heads, differentiable once.

    Scores and softmax are fp32 whatever the dtype, as in `scaled_dot_product_attention`; the error
    against float64 is the same or smaller. Keeps `B · H · N · S` probabilities for the backward
    pass.

    Args:
        q_BNC: Queries, [B, N, C].
        k_BSC: Keys, [B, S, C], same dtype.
        v_BSC: Values, [B, S, C], same dtype.
        num_heads: H; C must be a multiple of it.

    Returns:
        [B, N, C], contiguous, in the dtype of the queries.
    """
    return cast(Tensor, _AttentionFunction.apply(q_BNC, k_BSC, v_BSC, num_heads))


class _AttentionFunction(torch.autograd.Function):
    """`attention` for autograd."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch gives the context no public type
        q_BNC: Tensor,
        k_BSC: Tensor,
        v_BSC: Tensor,
        num_heads: int,
    ) -> Tensor:
        """Return the output and keep q, k, v and the probabilities."""
        q, k, v = (_heads(t, num_heads) for t in (q_BNC, k_BSC, v_BSC))
        wide_q, wide_kt = q.float() * q.shape[-1] ** -0.5, k.float().transpose(2, 3)
        p_BHNS = q.new_empty(*q.shape[:3], k.shape[2])
        out_BNC = q.new_empty(q_BNC.shape)
        out = _heads(out_BNC, num_heads)
        for b, heads in _blocks(p_BHNS.shape):
            scores = torch.bmm(wide_q[b, heads], wide_kt[b, heads])
            torch.softmax(scores, -1, out=scores)
            p = p_BHNS[b, heads].copy_(scores)
            out[b, heads] = torch.bmm(p, v[b, heads])
        ctx.save_for_backward(q_BNC, k_BSC, v_BSC, p_BHNS)
        return out_BNC

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides it
        ctx: Any,  # noqa: ANN401
        grad_BNC: Tensor,
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of q, k and v."""
        q_BNC, k_BSC, v_BSC, p_BHNS = ctx.saved_tensors
        num_heads = p_BHNS.shape[1]
        q, k, v, grad = (_heads(t, num_heads) for t in (q_BNC, k_BSC, v_BSC, grad_BNC))
        # Both changes are exact in the softmax gradient: it is linear in the incoming gradient, so
        # the scale of the scores goes in here, and it ignores what all keys have in common, so
        # the values are centred, which keeps the products small for their rounding to bf16.
        grad_scaled = grad * q.shape[-1] ** -0.5
        v_centred = (v.float() - v.float().mean(2, keepdim=True)).to(v.dtype)
        grads_BNC = tuple(torch.empty_like(t) for t in (q_BNC, k_BSC, v_BSC))
        grad_q, grad_k, grad_v = (_heads(t, num_heads) for t in grads_BNC)
        for b, heads in _blocks(p_BHNS.shape):
            p = p_BHNS[b, heads]
            grad_v[b, heads] = torch.bmm(p.transpose(1, 2), grad[b, heads])
            grad_p = torch.bmm(grad_scaled[b, heads], v_centred[b, heads].transpose(1, 2))
            grad_s = torch._softmax_backward_data(  # pyright: ignore[reportPrivateUsage]
                grad_p, p, -1, p.dtype
            )
            grad_q[b, heads] = torch.bmm(grad_s, k[b, heads])
            grad_k[b, heads] = torch.bmm(grad_s.transpose(1, 2), q[b, heads])
        return (*grads_BNC, None)


def _heads(t_BNC: Tensor, num_heads: int) -> Tensor:
    """View [B, N, C] as [B, H, N, D]."""
    return t_BNC.unflatten(2, (num_heads, -1)).transpose(1, 2)


def _blocks(p_shape: torch.Size) -> Iterator[tuple[int, slice]]:
    """Cut [B, H, N, S] into pictures and ranges of heads of about `_BLOCK_SCORES` scores."""
    batch, num_heads, num_rows, num_keys = p_shape
    heads_a_block = max(1, min(num_heads, _BLOCK_SCORES // max(1, num_rows * num_keys)))
    for b in range(batch):
        for head in range(0, num_heads, heads_a_block):
            yield b, slice(head, head + heads_a_block)


class FrozenAttnProcessor:
    """Drop-in for diffusers' attention processors; whatever it cannot do it hands to `plain`.

    Args:
        plain: The processor it stands for; used where there is a mask.
    """

    def __init__(self, plain: AttnProcessor | AttnProcessor2_0) -> None:
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
        q, k, v = attn.to_q(hidden_states), attn.to_k(source), attn.to_v(source)
        if attention_pays(q, k, attn.heads):
            attended = attention(q, k, v, attn.heads)
        else:
            heads = (_heads(t, attn.heads) for t in (q, k, v))
            attended = scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        # to_out holds the projection and a dropout.
        for layer in cast(nn.ModuleList, attn.to_out):
            attended = layer(attended)
        return attended


def speed_up_attention(module: nn.Module) -> int:
    """Give all plain attention layers in `module` the `FrozenAttnProcessor`; return how many."""
    layers = [layer for layer in module.modules() if _is_plain(layer)]
    for layer in layers:
        layer.set_processor(FrozenAttnProcessor(cast(AttnProcessor2_0, layer.processor)))
    return len(layers)


def restore_attention(module: nn.Module) -> None:
    """Give all layers the processor back that they had before `speed_up_attention`."""
    for layer in module.modules():
        processor = getattr(layer, "processor", None)
        if isinstance(layer, Attention) and isinstance(processor, FrozenAttnProcessor):
            layer.set_processor(processor.plain)


def _is_plain(layer: nn.Module) -> bool:
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
