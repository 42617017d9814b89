"""The kinds of adapters: one file each, and what knows them all."""

from collections.abc import Callable, Mapping

from torch import Tensor

from enogu.adapters.kinds.dora import SUFFIX as DORA_SUFFIX
from enogu.adapters.kinds.dora import DoRA
from enogu.adapters.kinds.dylora import DyLoRA
from enogu.adapters.kinds.full import FullDifference
from enogu.adapters.kinds.glora import GLoRA
from enogu.adapters.kinds.ia3 import IA3
from enogu.adapters.kinds.loha import LoHa
from enogu.adapters.kinds.lokr import LoKr
from enogu.adapters.kinds.lora import LoRA
from enogu.adapters.kinds.norm import NormDifference
from enogu.adapters.kinds.oft import OFT
from enogu.adapters.kinds.tucker import TuckerLoRA
from enogu.adapters.kinds.update import DoesNotFit, FreshOptions, Shapes, Tensors, Update
from enogu.adapters.shapes import LayerShape

KINDS: dict[str, type[Update]] = {
    kind.kind: kind
    for kind in (TuckerLoRA, LoRA, LoHa, LoKr, GLoRA, OFT, IA3, FullDifference, NormDifference)
}
"""Kinds that files hold, by name; see `kind_of`."""

_MARKS: dict[str, str] = {
    "lora_mid.weight": "lora_mid",
    "hada_w1_a": "loha",
    "hada_w1_b": "loha",
    "lokr_w1": "lokr",
    "lokr_w1_a": "lokr",
    "lokr_w2": "lokr",
    "lokr_w2_a": "lokr",
    "oft_blocks": "oft",
    "on_input": "ia3",
    "a1.weight": "glora",
    "diff": "full",
    "diff_b": "full",
    "w_norm": "norm",
    "lora_down.weight": "lora",
    "lora_up.weight": "lora",
}
"""File suffix to the kind it tells, the telling ones first."""

FreshMaker = Callable[[LayerShape, str, int, FreshOptions], Update]

TRAINED: dict[str, FreshMaker] = {
    "lora": LoRA.fresh,
    "loha": LoHa.fresh,
    "lokr": LoKr.fresh,
    "dylora": DyLoRA.fresh,
}
"""Kinds that are trained, by the name used in settings."""


def fresh_update(
    kind: str, shape: LayerShape, name: str, seed: int, options: FreshOptions
) -> Update:
    """Make a fresh update of a trained kind; LoRA takes its middle factor where asked for it."""
    if kind == "lora" and options.mid and shape.wide:
        return TuckerLoRA.fresh(shape, name, seed, options)
    return TRAINED[kind](shape, name, seed, options)


def kind_of(suffixes: Mapping[str, object]) -> type[Update] | None:
    """Return the kind that a layer's file suffixes tell, or None. DoRA is told apart from it."""
    for suffix, kind in _MARKS.items():
        if suffix in suffixes:
            return KINDS[kind]
    return None


def layer_title(suffixes: Mapping[str, object]) -> str:
    """Return the name of a layer's kind for people, such as `LoRA with DoRA`."""
    kind = kind_of(suffixes)
    title = "unknown" if kind is None else kind.title
    return f"{title} with DoRA" if DORA_SUFFIX in suffixes else title


def read_update(tensors: Mapping[str, Tensor], shape: LayerShape, alpha: float | None) -> Update:
    """Build the update of one layer from the tensors of a file.

    Args:
        tensors: By file suffix, without the alpha.
        shape: The layer it is for.
        alpha: As the file states it, or None.

    Raises:
        DoesNotFit: They are no update of this layer.
    """
    kind = kind_of(tensors)
    if kind is None:
        raise DoesNotFit(f"tensors {', '.join(tensors)}")
    inner = kind.read(tensors, shape, alpha)
    if DORA_SUFFIX not in tensors:
        return inner
    return DoRA(inner, magnitude=tensors[DORA_SUFFIX])


__all__ = [
    "DORA_SUFFIX",
    "KINDS",
    "OFT",
    "TRAINED",
    "DoRA",
    "DoesNotFit",
    "DyLoRA",
    "FreshOptions",
    "FullDifference",
    "LoHa",
    "LoKr",
    "LoRA",
    "NormDifference",
    "Shapes",
    "Tensors",
    "TuckerLoRA",
    "Update",
    "fresh_update",
    "kind_of",
    "layer_title",
    "read_update",
]
