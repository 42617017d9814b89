"""What an adapter file changes, layer by layer, measured without its base."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.adapters.file import LayerNumbers
from enogu.adapters.kinds import DoesNotFit, read_update
from enogu.adapters.shapes import LayerShape
from enogu.adapters.tools.dense import shape_of


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The difference of one layer as a matrix, or as a product of two.

    Attributes:
        left: fp32 [O, R], or the whole difference [O, I].
        right: fp32 [R, I]; None where `left` is the whole.
    """

    left: Tensor
    right: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs (of convolutions times the kernel)."""
        last = self.left if self.right is None else self.right
        return self.left.shape[0], last.shape[1]

    def dense(self) -> Tensor:
        """Return the whole difference."""
        return self.left if self.right is None else self.left @ self.right

    def inner(self, other: "Effect") -> float:
        """Return the sum of the products of all numbers of two differences of one shape.

        Of two products it is ``sum((L1^T L2) * (R1 R2^T))``, so that the whole is never made.
        """
        if self.right is None or other.right is None:
            return float((self.dense() * other.dense()).sum(dtype=torch.float64))
        left, right = self.left.double(), self.right.double()
        return float(((left.T @ other.left.double()) * (right @ other.right.double().T)).sum())

    def norm(self) -> float:
        """Return the Frobenius norm."""
        return max(0.0, self.inner(self)) ** 0.5


@torch.no_grad()
def effect_of(layer: LayerNumbers) -> Effect | None:
    """Return what a layer adds to its weight, or None where that depends on the base."""
    tensors = layer.tensors
    if "dora_scale" in tensors:
        return None
    down, up = tensors.get("lora_down.weight"), tensors.get("lora_up.weight")
    if down is not None and up is not None and "lora_mid.weight" not in tensors:
        rank = down.shape[0]
        scale = 1.0 if layer.alpha is None else layer.alpha / rank
        return Effect(left=up.float().flatten(1) * scale, right=down.float().flatten(1))
    flat = _flattened(tensors)
    shape = shape_of(layer) or _told_shape(flat)
    if shape is None:
        return None
    try:
        update = read_update(flat if shape.kind == "linear" else tensors, shape, layer.alpha)
    except DoesNotFit:
        return None
    return Effect(left=update.float().difference(torch.zeros(shape.weight_shape)).flatten(1))


def _flattened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with a convolution's large matrix as a plain one."""
    return {
        name: tensor.flatten(1) if name == "lokr_w2" and tensor.dim() == 4 else tensor
        for name, tensor in tensors.items()
    }


def _told_shape(tensors: Mapping[str, Tensor]) -> LayerShape | None:
    """Return the shape of a LoHa or LoKr layer, convolutions counted as linear layers."""
    if {"hada_t1", "lokr_t2"} & tensors.keys():
        return None
    if "hada_w1_a" in tensors and "hada_w1_b" in tensors:
        size = tensors["hada_w1_a"].shape[0], tensors["hada_w1_b"].shape[1]
    else:
        small, large = _kron_side(tensors, "lokr_w1"), _kron_side(tensors, "lokr_w2")
        if small is None or large is None:
            return None
        size = small[0] * large[0], small[1] * large[1]
    return LayerShape(kind="linear", in_width=size[1], out_width=size[0])


def _kron_side(tensors: Mapping[str, Tensor], name: str) -> tuple[int, int] | None:
    if name in tensors:
        return tensors[name].shape[0], tensors[name].shape[1]
    first, second = tensors.get(f"{name}_a"), tensors.get(f"{name}_b")
    if first is None or second is None:
        return None
    return first.shape[0], second.shape[1]
