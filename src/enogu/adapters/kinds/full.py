"""Full difference: the whole change of a layer's weight and bias, not compressed."""

from collections.abc import Mapping
from typing import ClassVar, Self

from torch import Tensor, nn

from enogu.adapters.kinds.update import AdditiveUpdate, DoesNotFit, Tensors
from enogu.adapters.shapes import LayerShape, fit_factor
from enogu.adapters.step_noise import StepNoise


class FullDifference(AdditiveUpdate):
    """`ΔW = diff`, `Δb = diff_b`. Only read; files of this kind are as large as the base.

    Args:
        shape: A linear layer or a convolution.
        weight: `diff`, `shape.weight_shape`, or None.
        bias: `diff_b`, [O], or None.
    """

    kind: ClassVar[str] = "full"
    title: ClassVar[str] = "full difference"
    suffixes: ClassVar[Mapping[str, str]] = {"diff": "diff", "diff_b": "diff_b"}

    def __init__(self, shape: LayerShape, *, weight: Tensor | None, bias: Tensor | None) -> None:
        super().__init__(shape, None)
        self.diff = None if weight is None else nn.Parameter(weight)
        self.diff_b = None if bias is None else nn.Parameter(bias)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from `diff` and `diff_b`, at least one of them."""
        weight, bias = tensors.get("diff"), tensors.get("diff_b")
        if shape.kind == "norm":
            raise DoesNotFit(f"a full difference of a {shape}")
        if weight is not None:
            fitted = fit_factor(weight, shape.weight_shape)
            if fitted is None:
                raise DoesNotFit(f"diff {tuple(weight.shape)}")
            weight = fitted
        if bias is not None and tuple(bias.shape) != (shape.out_width,):
            raise DoesNotFit(f"diff_b {tuple(bias.shape)}")
        return cls(shape, weight=weight, bias=bias)

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the output of the layer with the differences added."""
        y = base(x)
        if self.diff is not None:
            y = y.add(self.shape.apply(x, self.diff.to(x.dtype)), alpha=multiplier)
        if self.diff_b is not None:
            y = y.add(self.shape.per_channel(self.diff_b.to(x.dtype)), alpha=multiplier)
        return y

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`: nothing is left out of a kind that is not trained."""
        return self.adapt(base, x, multiplier)

    def dense(self) -> Tensor:
        """Return the difference of the weight."""
        if self.diff is None:
            assert self.diff_b is not None
            return self.diff_b.detach().new_zeros(self.shape.weight_shape)
        return self.diff

    def bias_difference(self) -> Tensor | None:
        """Return the difference of the bias."""
        return None if self.diff_b is None else self.diff_b.detach()
