"""Pack the frozen layers of a model, and unpack them."""

from collections import Counter
from dataclasses import dataclass

import torch
from torch import nn

from enogu.frozen.attention import restore_attention, speed_up_attention
from enogu.frozen.layers import (
    PackedConv2d,
    PackedLinear,
    become_packed,
    become_plain,
    own_parameters,
    unsuitable,
)
from enogu.frozen.support import packing_refusal


@dataclass(frozen=True, kw_only=True)
class PackReport:
    """What `pack_frozen` did."""

    num_conv: int
    """Convolution layers packed."""
    num_linear: int
    """Linear layers packed."""
    num_attention: int
    """Attention layers given the faster attention."""
    forward_bytes: int
    """Bytes of the weights as laid out for the forward pass. They replace the plain weights."""
    backward_bytes: int
    """Bytes added when every packed layer has passed a gradient once."""
    skipped: dict[str, int]
    """Reason → number of linear and convolution layers left as they were."""

    @property
    def packed_bytes(self) -> int:
        """Bytes of both layouts."""
        return self.forward_bytes + self.backward_bytes


def pack_frozen(module: nn.Module, *, dtype: torch.dtype) -> PackReport:
    """Prepare all frozen linear, convolution and attention layers in `module` for fast steps.

    The layers keep their identity; only their class changes. Each lays its weight out on its first
    call and gives the plain weight up, so call this after the adapters are in and the weights are
    on their device. Off the CPU, or without oneDNN, nothing changes and the report says why.
    Numbers stay within rounding of the plain layers (see `PackedConv2d`, `PackedLinear`).

    Args:
        module: Any model or layer; wrapped layers (`AdapterLayer.base`) are found too.
        dtype: The dtype the model runs in; layers of another dtype are left alone.

    Returns:
        Counts, bytes, and the reasons for the layers that were skipped.
    """
    skipped: Counter[str] = Counter()
    shared = _shared_weights(module)
    num_conv = num_linear = num_bytes = 0
    layers = [layer for layer in module.modules() if type(layer) in (nn.Conv2d, nn.Linear)]
    for layer in layers:
        weight = own_parameters(layer)["weight"]
        if weight is None:
            continue
        reason = unsuitable(layer)
        if reason is None and weight.dtype != dtype:
            reason = f"is {weight.dtype}, not {dtype}"
        if reason is None and id(weight) in shared:
            reason = "shares its weight with another layer"
        reason = reason or packing_refusal(weight.dtype, weight.device)
        if reason is not None:
            skipped[reason] += 1
            continue
        num_bytes += weight.numel() * weight.element_size()
        num_conv += isinstance(layer, nn.Conv2d)
        num_linear += isinstance(layer, nn.Linear)
        become_packed(layer)
    return PackReport(
        num_conv=num_conv,
        num_linear=num_linear,
        num_attention=speed_up_attention(module) if num_conv + num_linear else 0,
        forward_bytes=num_bytes,
        backward_bytes=num_bytes,
        skipped=dict(skipped),
    )


def unpack(module: nn.Module) -> None:
    """Undo `pack_frozen`: every layer of its old class again, every weight bit-equal."""
    for layer in list(module.modules()):
        if isinstance(layer, PackedConv2d | PackedLinear):
            become_plain(layer)
    restore_attention(module)


def _shared_weights(module: nn.Module) -> set[int]:
    """Return the ids of parameters that more than one layer holds."""
    holders = Counter(
        id(parameter)
        for layer in module.modules()
        for parameter in own_parameters(layer).values()
        if parameter is not None
    )
    return {key for key, count in holders.items() if count > 1}
