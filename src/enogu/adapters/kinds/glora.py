"""GLoRA: a low-rank update of the weight, and one of the input before the weight (LyCORIS)."""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.lora import through
from enogu.adapters.kinds.update import DoesNotFit, Shapes, Tensors, Update, required
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise

_NAMES = ("a1.weight", "a2.weight", "b1.weight", "b2.weight")


class GLoRA(Update):
    """`ΔW = alpha / rank * (W @ a1 @ a2 + b1 @ b2)`. Only read.

    Args:
        shape: A linear layer or a convolution.
        factors: a1 [I, R], a2 [R, I], b1 [O, R], b2 [R, I, …]; for convolutions with the axes of
            the kernel, 1x1 except in b2.
        alpha: The update is scaled by `alpha / rank`.
    """

    kind: ClassVar[str] = "glora"
    title: ClassVar[str] = "GLoRA"
    suffixes: ClassVar[Mapping[str, str]] = {name: name.split(".")[0] for name in _NAMES}

    def __init__(
        self, shape: LayerShape, *, factors: tuple[Tensor, Tensor, Tensor, Tensor], alpha: float
    ) -> None:
        super().__init__(shape, alpha)
        self.a1, self.a2, self.b1, self.b2 = map(nn.Parameter, factors)
        self.rank = self.a2.shape[0]

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from the four factors, in the order of the newer or of the older LyCORIS."""
        a1, a2, b1, b2 = required(tensors, _NAMES)
        if a1.shape[0] != shape.in_width or b1.shape[0] != shape.out_width:
            # Older files have the two factors of each half in the other order.
            a1, a2, b1, b2 = a2, a1, b2, b1
        rank = a2.shape[0]
        if shape.kind == "norm":
            raise DoesNotFit(f"GLoRA of a {shape}")
        pointwise = (1, 1) if shape.kind == "conv" else ()
        wanted = (
            (shape.in_width, rank, *pointwise),
            (rank, shape.in_width, *pointwise),
            shape.up_shape(rank),
            shape.down_shape(rank),
        )
        given = tuple(tuple(factor.shape) for factor in (a1, a2, b1, b2))
        if given != wanted:
            raise DoesNotFit(f"a1, a2, b1, b2 of {given} in place of {wanted}")
        return cls(shape, factors=(a1, a2, b1, b2), alpha=float(rank) if alpha is None else alpha)

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Return the inner width: the smaller side of a factor."""
        sizes = shapes.get("a2.weight")
        return None if sizes is None else min(sizes[:2])

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return `base(x + a(x)) + b(x)`: the weight itself is never read."""
        strength = multiplier * self.scale
        changed = x.add(through(through(x, self.a2), self.a1), alpha=strength)
        added = through(self.shape.apply(x, self.b2.to(x.dtype)), self.b1)
        return base(changed).add(added, alpha=strength)

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`: nothing is left out of a kind that is not trained."""
        return self.adapt(base, x, multiplier)

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return what is added to `weight`."""
        a1, a2, b1, b2 = (
            factor.detach().to(weight).flatten(1) for factor in (self.a1, self.a2, self.b1, self.b2)
        )
        first = torch.einsum("oi...,ij->oj...", weight, a1 @ a2)
        return (first + (b1 @ b2).view(weight.shape)) * (multiplier * self.scale)
