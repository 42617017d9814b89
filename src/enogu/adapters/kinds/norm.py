"""Trained normalisation: differences of the weight and bias of a layer or group norm (LyCORIS)."""

from collections.abc import Mapping
from typing import ClassVar, Self

from torch import Tensor, nn

from enogu.adapters.kinds.update import DoesNotFit, Tensors, Update, plain_layer, required
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise


class NormDifference(Update):
    """`Δw = w_norm`, `Δb = b_norm`. Only read.

    Args:
        shape: A normalisation.
        weight: [C].
        bias: [C], or None.
    """

    kind: ClassVar[str] = "norm"
    title: ClassVar[str] = "trained norm"
    suffixes: ClassVar[Mapping[str, str]] = {"w_norm": "w_norm", "b_norm": "b_norm"}

    def __init__(self, shape: LayerShape, *, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__(shape, None)
        self.w_norm = nn.Parameter(weight)
        self.b_norm = None if bias is None else nn.Parameter(bias)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from `w_norm` and perhaps `b_norm`."""
        (weight,) = required(tensors, ("w_norm",))
        bias = tensors.get("b_norm")
        sizes = [tuple(tensor.shape) for tensor in (weight, bias) if tensor is not None]
        if shape.kind != "norm" or any(size != (shape.out_width,) for size in sizes):
            raise DoesNotFit(f"w_norm and b_norm of {sizes}")
        return cls(shape, weight=weight, bias=bias)

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the output of the normalisation with the differences added."""
        layer = plain_layer(base)
        weight = self.w_norm.to(x.dtype) * multiplier
        bias = None if self.b_norm is None else self.b_norm.to(x.dtype) * multiplier
        if isinstance(layer, nn.GroupNorm):
            added = nn.functional.group_norm(x, layer.num_groups, weight, bias, layer.eps)
        else:
            assert isinstance(layer, nn.LayerNorm)
            added = nn.functional.layer_norm(x, layer.normalized_shape, weight, bias, layer.eps)
        return base(x) + added

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`: nothing is left out of a kind that is not trained."""
        return self.adapt(base, x, multiplier)

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return the difference of the weight."""
        return self.w_norm.detach().to(weight) * multiplier

    def bias_difference(self) -> Tensor | None:
        """Return the difference of the bias."""
        return None if self.b_norm is None else self.b_norm.detach()
