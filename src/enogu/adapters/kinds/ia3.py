"""(IA)³: one factor per channel of the input or the output (arXiv:2205.05638)."""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.update import DoesNotFit, Tensors, Update, plain_bias, required
from enogu.adapters.shapes import LayerShape
from enogu.adapters.step_noise import StepNoise


class IA3(Update):
    """`W' = W * (1 + weight)` along the input or the output; the bias stays. Only read.

    Args:
        shape: A linear layer or a convolution.
        weight: [I] or [O].
        on_input: Along which of the two.
    """

    kind: ClassVar[str] = "ia3"
    title: ClassVar[str] = "(IA)³"
    suffixes: ClassVar[Mapping[str, str]] = {"weight": "weight"}

    def __init__(self, shape: LayerShape, *, weight: Tensor, on_input: bool) -> None:
        super().__init__(shape, None)
        self.weight = nn.Parameter(weight)
        self.on_input = on_input

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from `weight` and the marker `on_input`."""
        weight, marker = required(tensors, ("weight", "on_input"))
        on_input = bool(marker.item())
        width = shape.in_width if on_input else shape.out_width
        if shape.kind == "norm" or weight.numel() != width:
            raise DoesNotFit(f"weight {tuple(weight.shape)} for {width} channels")
        return cls(shape, weight=weight.flatten(), on_input=on_input)

    def file_tensors(self) -> dict[str, Tensor]:
        """Return the factors in LyCORIS's shape, and the marker."""
        weight = self.weight.detach()
        if self.shape.kind == "conv":
            weight = weight[None, :, None, None]
        return {"weight": weight, "on_input": torch.tensor(float(self.on_input))}

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the output of the layer with scaled input or output."""
        added = self.shape.per_channel(self.weight.to(x.dtype)) * multiplier
        if self.on_input:
            return base(x * (1 + added))
        y = base(x)
        bias = plain_bias(base)
        if bias is None:
            return y + y * added
        # What is scaled is the product with the weight, so the bias is taken off first.
        return y + (y - self.shape.per_channel(bias.to(x.dtype))) * added

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`: nothing is left out of a kind that is not trained."""
        return self.adapt(base, x, multiplier)

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return `W * weight` along its axis."""
        axis = 1 if self.on_input else 0
        axes = [1] * weight.dim()
        axes[axis] = -1
        return weight * self.weight.detach().to(weight).view(axes) * multiplier
