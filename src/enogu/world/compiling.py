"""Making the training of small networks faster: fused blocks, and attention in plain products."""

import logging
import shutil

import torch._dynamo
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

logger = logging.getLogger(__name__)

_SHAPES = 64
_BLOCKS = ("ResnetBlock2D", "BasicTransformerBlock")


class PlainAttention:
    """Attention as two matrix products and a softmax.

    On a CPU the flash kernel's backward pass is slow for small heads: with plain products a whole
    training step is 1.4 times as fast (AVX-512 bf16, one thread).
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Return [B, N, C]; the signature is the one diffusers calls its processors with."""
        del attention_mask  # The world's prompts are never masked: SD1 attends to its padding.
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        batch, count, _ = hidden_states.shape

        def by_head(states: Tensor) -> Tensor:
            return states.view(batch, -1, attn.heads, states.shape[-1] // attn.heads).transpose(
                1, 2
            )

        # Optional in diffusers for layers that only attend to added keys; SD1 has none of those.
        assert attn.to_k is not None
        assert attn.to_v is not None
        assert attn.to_out is not None
        query = by_head(attn.to_q(hidden_states))
        key, value = by_head(attn.to_k(context)), by_head(attn.to_v(context))
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        mixed = scores.softmax(dim=-1).to(value.dtype) @ value
        joined = mixed.transpose(1, 2).reshape(batch, count, -1)
        # to_out is the projection and a dropout of zero.
        return attn.to_out[0](joined)


def use_plain_attention(unet: UNet2DConditionModel) -> None:
    """Let every attention layer of `unet` compute with :class:`PlainAttention`."""
    unet.set_attn_processor(PlainAttention())  # type: ignore[arg-type] a processor is a callable


def compile_blocks(network: nn.Module) -> int:
    """Let torch fuse each residual and transformer block of `network`, and return their number.

    The blocks one by one, not the whole network: compiled whole, the gradients of most parameters
    were exactly zero (torch 2.13, CPU, bf16 autocast), while block by block they agree with fp32
    better than without compiling. Without a C++ compiler nothing is done.
    """
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        logger.info("no C++ compiler found: training runs without fused blocks, a little slower")
        return 0
    # All blocks of a class share one code object, and each of their shapes counts for its limit.
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, _SHAPES)
    blocks = [m for m in network.modules() if type(m).__name__ in _BLOCKS]
    for block in blocks:
        block.compile()
    return len(blocks)


def to_channels_last(network: nn.Module) -> None:
    """Store the weights of convolutions the way that CPUs read them fastest."""
    for weight in (p for p in network.parameters() if p.ndim == 4):
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
