"""LoRA: two thin matrices whose product is added to the weight (arXiv:2106.09685)."""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.update import (
    DoesNotFit,
    FreshOptions,
    NormAxis,
    Shapes,
    Tensors,
    Update,
    required,
)
from enogu.adapters.low_rank import ConvBranch, LinearBranch
from enogu.adapters.shapes import LayerShape, fit_factor
from enogu.adapters.step_noise import StepNoise, named_generator


class LoRA(Update):
    """`ΔW = alpha / rank * up @ down`.

    Args:
        shape: The layer it is for.
        down: Shape `LayerShape.down_shape(rank)`.
        up: Shape `LayerShape.up_shape(rank)`.
        alpha: The update is scaled by `alpha / rank`.

    Raises:
        DoesNotFit: The factors do not fit the layer.
    """

    kind: ClassVar[str] = "lora"
    title: ClassVar[str] = "LoRA"
    suffixes: ClassVar[Mapping[str, str]] = {
        "lora_down.weight": "lora_down",
        "lora_up.weight": "lora_up",
    }

    def __init__(self, shape: LayerShape, *, down: Tensor, up: Tensor, alpha: float) -> None:
        super().__init__(shape, alpha)
        rank = down.shape[0]
        if shape.kind == "norm":
            raise DoesNotFit(f"LoRA has no form for a {shape}")
        expected = shape.down_shape(rank), shape.up_shape(rank)
        if (tuple(down.shape), tuple(up.shape)) != expected:
            raise DoesNotFit(
                f"down {tuple(down.shape)} and up {tuple(up.shape)} do not fit {shape}; "
                f"at rank {rank} they must be {expected[0]} and {expected[1]}"
            )
        self.lora_down = nn.Parameter(down)
        self.lora_up = nn.Parameter(up)
        self.rank = rank

    @classmethod
    def fresh(cls, shape: LayerShape, name: str, seed: int, options: FreshOptions) -> Self:
        """Make fp32 factors: down Kaiming-uniform (a = √5), up zero, so that nothing changes yet.

        The numbers depend on `(seed, name)` alone, so neither the order of layers nor the choice
        of other layers changes them.
        """
        down = torch.empty(shape.down_shape(options.rank), dtype=torch.float32)
        # Kaiming-uniform with a = √5 is uniform in ±1/√fan_in.
        bound = shape.fan_in**-0.5
        down.uniform_(-bound, bound, generator=named_generator(seed, name))
        up = torch.zeros(shape.up_shape(options.rank), dtype=torch.float32)
        return cls(shape, down=down, up=up, alpha=options.alpha)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from `lora_down.weight` and `lora_up.weight`; a missing alpha is the rank."""
        down, up = required(tensors, ("lora_down.weight", "lora_up.weight"))
        rank = down.shape[0]
        fitted = shape.kind != "norm" and (
            fit_factor(down, shape.down_shape(rank)),
            fit_factor(up, shape.up_shape(rank)),
        )
        if not fitted or fitted[0] is None or fitted[1] is None:
            raise DoesNotFit(f"down {tuple(down.shape)} and up {tuple(up.shape)}")
        return cls(
            shape, down=fitted[0], up=fitted[1], alpha=float(rank) if alpha is None else alpha
        )

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Return the inner width."""
        return shapes["lora_down.weight"][0] if "lora_down.weight" in shapes else None

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return `base(x) + multiplier * scale * up(down(x))`, in one fused function."""
        strength = multiplier * self.scale
        return add_low_rank(base, x, self.lora_down, self.lora_up, strength, self.shape)

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`, with parts of the narrow middle zeroed as sd-scripts does."""
        mid = leave_out(self.shape.apply(x, self.lora_down.to(x.dtype)), self.shape, noise, name)
        added = through(mid, self.lora_up)
        return base(x).add(added, alpha=multiplier * self.scale)

    def difference(self, weight: Tensor, multiplier: float = 1.0) -> Tensor:
        """Return `multiplier * scale * up @ down` in the shape of the weight."""
        down, up = (
            factor.detach().to(weight).flatten(1) for factor in (self.lora_down, self.lora_up)
        )
        return (up @ down).mul_(multiplier * self.scale).view(self.shape.weight_shape)

    def squares_added(self, weight: Tensor, axis: NormAxis) -> Tensor | None:
        """Return the change of the squared lengths, `2 <w, Δw> + ‖Δw‖²`, from thin products.

        Of the row o it is `2 s u_o · (D w_o) + s² u_o (D Dᵀ) u_oᵀ`; of a column likewise.
        """
        if axis == "input" and self.shape.wide:
            return None
        down, up = self.lora_down.detach().flatten(1), self.lora_up.detach().flatten(1)
        flat, scale = weight.flatten(1), self.scale
        if axis == "output":
            own, met = up, (flat @ down.to(flat.dtype).T).to(up.dtype)
            squares = (own * (2 * scale * met + scale**2 * (own @ (down @ down.T)))).sum(1)
        else:
            own, met = down, (up.to(flat.dtype).T @ flat).to(down.dtype)
            squares = (own * (2 * scale * met + scale**2 * ((up.T @ up) @ own))).sum(0)
        kept = 0 if axis == "output" else 1
        return squares.view([-1 if n == kept else 1 for n in range(weight.dim())])

    def norm(self) -> Tensor:
        """Return the Frobenius norm, from the small products: ‖BA‖² = Σ BᵀB ∘ AAᵀ."""
        down, up = self.lora_down.flatten(1), self.lora_up.flatten(1)
        return ((up.T @ up) * (down @ down.T)).sum().clamp_min(0).sqrt() * abs(self.scale)

    def shrink(self, ratio: float) -> None:
        """Multiply both factors by the root of `ratio`."""
        self.lora_down.mul_(ratio**0.5)
        self.lora_up.mul_(ratio**0.5)


def add_low_rank(
    base: nn.Module, x: Tensor, down: Tensor, up: Tensor, strength: float, shape: LayerShape
) -> Tensor:
    """Return `base(x) + strength * up(down(x))`, in one fused function.

    Args:
        base: The layer.
        x: Its input.
        down: Shape `LayerShape.down_shape(rank)`.
        up: Shape `LayerShape.up_shape(rank)`.
        strength: What the branch is multiplied by.
        shape: The layer's shape.
    """
    if shape.kind == "conv":
        y = base(x)
        return ConvBranch.apply(y, x, down, up, strength, shape.geometry, is_own(y))
    # Two dimensions, because a three-dimensional linear returns a view of its result and
    # autograd copies the whole gradient for a sum written into a view.
    x_NI = x.reshape(-1, shape.in_width)
    y_NO = base(x_NI)
    y_NO = LinearBranch.apply(y_NO, x_NI, down, up, strength, is_own(y_NO))
    return y_NO.reshape(*x.shape[:-1], shape.out_width)


def is_own(output: Tensor) -> bool:
    """Whether `output` is a tensor of its own, not a view into another."""
    return output._base is None  # pyright: ignore[reportPrivateUsage]


def leave_out(mid: Tensor, shape: LayerShape, noise: StepNoise, name: str) -> Tensor:
    """Apply dropout and rank dropout to the narrow middle of a low-rank update.

    Args:
        mid: [..., R] of a linear layer, [B, R, H, W] of a convolution.
        shape: The layer.
        noise: How much, and the step.
        name: The layer's name.
    """
    if noise.network:
        mid = mid * noise.mask_pictures(tuple(mid.shape), noise.network, f"{name}\0dropout", mid)
    if noise.rank:
        rank = mid.shape[1] if shape.kind == "conv" else mid.shape[-1]
        kept = noise.mask_pictures((mid.shape[0], rank), noise.rank, name, mid)
        middle = (1,) * (mid.dim() - 2)
        axes = (*kept.shape, *middle) if shape.kind == "conv" else (mid.shape[0], *middle, rank)
        mid = mid * kept.view(axes)
    return mid


def through(mid: Tensor, up: Tensor) -> Tensor:
    """Widen the narrow middle: by a linear layer, or by a 1x1 convolution."""
    if up.dim() == 2:
        return nn.functional.linear(mid, up.to(mid.dtype))
    return torch.conv2d(mid, up.to(mid.dtype))
