"""What an adapter must know of the layer it wraps; it never looks at the weights for this."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from enogu.adapters.low_rank import ConvGeometry, Pair


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """Sizes of a linear layer, an ungrouped convolution, or a normalisation with weights."""

    kind: Literal["linear", "conv", "norm"]
    in_width: int
    """Input features or channels."""
    out_width: int
    """Output features or channels."""
    geometry: ConvGeometry = field(default_factory=ConvGeometry)

    @property
    def wide(self) -> bool:
        """Whether the layer is a convolution that sees more than one pixel."""
        return self.kind == "conv" and not self.geometry.pointwise

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the layer's weight: [O, I], [O, I, kh, kw], or [C] of a normalisation."""
        if self.kind == "norm":
            return (self.out_width,)
        if self.kind == "linear":
            return (self.out_width, self.in_width)
        return (self.out_width, self.in_width, *self.geometry.kernel)

    @property
    def fan_in(self) -> int:
        """Numbers of the input that one number of the output depends on."""
        return self.in_width * self.geometry.kernel[0] * self.geometry.kernel[1]

    def down_shape(self, rank: int) -> tuple[int, ...]:
        """Return the shape of the down factor: [R, I], or [R, I, kh, kw] for a convolution."""
        if self.kind == "linear":
            return (rank, self.in_width)
        return (rank, self.in_width, *self.geometry.kernel)

    def up_shape(self, rank: int) -> tuple[int, ...]:
        """Return the shape of the up factor: [O, R], or [O, R, 1, 1] for a convolution."""
        if self.kind == "linear":
            return (self.out_width, rank)
        return (self.out_width, rank, 1, 1)

    def apply(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Run a layer of this shape with another weight, as the base would run its own."""
        if self.kind == "linear":
            return nn.functional.linear(x, weight, bias)
        geometry = self.geometry
        return torch.conv2d(x, weight, bias, geometry.stride, geometry.padding, geometry.dilation)

    def per_channel(self, values: Tensor) -> Tensor:
        """Give [C] numbers the axes with which they meet the channels of this layer's tensors."""
        return values[:, None, None] if self.kind == "conv" else values

    def __str__(self) -> str:
        if self.kind == "norm":
            return f"normalisation of {self.out_width}"
        kind = "linear"
        if self.kind == "conv":
            kind = "convolution {}x{}".format(*self.geometry.kernel)
        return f"{kind} {self.in_width} → {self.out_width}"


def module_shape(module: nn.Module) -> LayerShape | None:
    """Describe a plain layer that an adapter can wrap, or return None for any other module.

    A layer counts by its attributes (`in_features`, or `in_channels` with `kernel_size`), not by
    its class, so that replacements of `nn.Linear` and `nn.Conv2d` are adapted too.
    """
    if isinstance(module, nn.LayerNorm | nn.GroupNorm):
        return _norm_shape(module)
    in_features = getattr(module, "in_features", None)
    out_features = getattr(module, "out_features", None)
    if isinstance(in_features, int) and isinstance(out_features, int):
        return LayerShape(kind="linear", in_width=in_features, out_width=out_features)
    in_channels = getattr(module, "in_channels", None)
    out_channels = getattr(module, "out_channels", None)
    kernel = _pair(getattr(module, "kernel_size", None))
    padding = _pair(getattr(module, "padding", None))
    if not (isinstance(in_channels, int) and isinstance(out_channels, int) and kernel and padding):
        return None
    if getattr(module, "groups", 1) != 1:
        return None
    geometry = ConvGeometry(
        kernel=kernel,
        padding=padding,
        stride=_pair(getattr(module, "stride", 1)) or (1, 1),
        dilation=_pair(getattr(module, "dilation", 1)) or (1, 1),
    )
    return LayerShape(kind="conv", in_width=in_channels, out_width=out_channels, geometry=geometry)


def fit_factor(factor: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Give a factor the shape a layer needs if only axes of length 1 differ; else None.

    Linear layers and 1x1 convolutions keep the same numbers in two and in four dimensions, and
    programs write either.
    """

    def squeezed(sizes: tuple[int, ...]) -> tuple[int, ...]:
        # The first two axes are width and rank, which may well be 1.
        return (*sizes[:2], *(size for size in sizes[2:] if size != 1))

    if len(factor.shape) < min(2, len(shape)) or squeezed(tuple(factor.shape)) != squeezed(shape):
        return None
    return factor.reshape(shape)


def _norm_shape(module: nn.LayerNorm | nn.GroupNorm) -> LayerShape | None:
    weight = module._parameters["weight"]  # pyright: ignore[reportPrivateUsage]
    if weight is None or weight.dim() != 1:
        return None
    width = weight.shape[0]
    return LayerShape(kind="norm", in_width=width, out_width=width)


def _pair(value: object) -> Pair | None:
    """Read a kernel size, stride or padding that may stand as one number; None if it is neither."""
    if isinstance(value, int):
        return (value, value)
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(n, int) for n in value):
        return (value[0], value[1])
    return None
