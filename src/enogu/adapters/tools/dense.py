"""The dense differences of an adapter file, layer by layer, with a base or without."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from enogu.adapters.file import LayerNumbers, read_adapter_header
from enogu.adapters.kinds import DoesNotFit, read_update
from enogu.adapters.layers import innermost
from enogu.adapters.load import read_layers, read_placed
from enogu.adapters.low_rank import ConvGeometry
from enogu.adapters.shapes import LayerShape
from enogu.errors import AdapterError
from enogu.families.base import Base


@dataclass(frozen=True, kw_only=True)
class DenseLayer:
    """What an adapter adds to one layer.

    Attributes:
        name: Kohya module name.
        weight: fp32, [O, I], [O, I, kh, kw], or [C] of a normalisation.
        bias: fp32, [O], or None.
    """

    name: str
    weight: Tensor
    bias: Tensor | None


@torch.no_grad()
def dense_layers(path: Path, base: Base | None) -> Iterator[DenseLayer]:
    """Yield the differences of a file in fp32, in the order of the file or of the base.

    Args:
        path: An adapter of any kind that is applied.
        base: Needed for kinds whose sizes or differences depend on the base (all but LoRA and
            full differences); None when it is not at hand.

    Raises:
        AdapterError: The file does not fit the base, or needs one.
    """
    if base is not None:
        for target, layer in read_placed(base, path).placed:
            weight = innermost(target.module).weight
            assert isinstance(weight, Tensor)
            update = layer.update.float()
            bias = update.bias_difference()
            yield DenseLayer(
                name=target.name,
                weight=update.difference(weight.detach().float()),
                bias=None if bias is None else bias.float(),
            )
        return
    header = read_adapter_header(path)
    for name, numbers in read_layers(header).items():
        name = name.replace("lora_text_encoder_", "lora_te_")
        yield _without_base(path, name, numbers)


def _without_base(path: Path, name: str, numbers: LayerNumbers) -> DenseLayer:
    shape = shape_of(numbers)
    if shape is None or "dora_scale" in numbers.tensors:
        raise AdapterError(
            f"{path}: what {name} adds depends on the base ({', '.join(numbers.tensors)})",
            hint="Name the base it was made for: --base BASE",
        )
    try:
        update = read_update(numbers.tensors, shape, numbers.alpha).float()
    except DoesNotFit as error:
        raise AdapterError(f"{path}: {name} has {error}") from error
    bias = update.bias_difference()
    nothing = torch.zeros(shape.weight_shape)
    return DenseLayer(
        name=name,
        weight=update.difference(nothing),
        bias=None if bias is None else bias.float(),
    )


def shape_of(numbers: LayerNumbers) -> LayerShape | None:
    """Return the layer's shape where the tensors alone tell it."""
    tensors = numbers.tensors
    down, up = tensors.get("lora_down.weight"), tensors.get("lora_up.weight")
    core = tensors.get("lora_mid.weight", down)
    if down is not None and up is not None and core is not None:
        out_width, in_width, kernel = up.shape[0], down.shape[1], core.shape[2:]
    elif "diff" in tensors and tensors["diff"].dim() in (2, 4):
        out_width, in_width = tensors["diff"].shape[:2]
        kernel = tensors["diff"].shape[2:]
    else:
        return None
    if not kernel:
        return LayerShape(kind="linear", in_width=in_width, out_width=out_width)
    geometry = ConvGeometry(kernel=(kernel[0], kernel[1]), padding=(kernel[0] // 2, kernel[1] // 2))
    return LayerShape(kind="conv", in_width=in_width, out_width=out_width, geometry=geometry)
