"""Frozen weights held as a run needs them: fast on a CPU, or with less memory on the device."""

from enogu.frozen.attention import FrozenAttnProcessor
from enogu.frozen.layers import PackedConv2d, PackedLinear, keep_plain
from enogu.frozen.pack import PackReport, pack_frozen, unpack
from enogu.frozen.stored import BaseFormat, StoredConv2d, StoredLinear, StoreReport, store_frozen
from enogu.frozen.support import packing_refusal

__all__ = [
    "BaseFormat",
    "FrozenAttnProcessor",
    "PackReport",
    "PackedConv2d",
    "PackedLinear",
    "StoreReport",
    "StoredConv2d",
    "StoredLinear",
    "keep_plain",
    "pack_frozen",
    "packing_refusal",
    "store_frozen",
    "unpack",
]
