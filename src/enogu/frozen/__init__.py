"""Frozen weights made fast on a CPU: laid out once for both directions, and back again."""

from enogu.frozen.attention import FrozenAttnProcessor
from enogu.frozen.layers import PackedConv2d, PackedLinear, keep_plain
from enogu.frozen.pack import PackReport, pack_frozen, unpack
from enogu.frozen.support import packing_refusal

__all__ = [
    "FrozenAttnProcessor",
    "PackReport",
    "PackedConv2d",
    "PackedLinear",
    "keep_plain",
    "pack_frozen",
    "packing_refusal",
    "unpack",
]
