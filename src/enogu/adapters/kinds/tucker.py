"""LoRA with a middle factor (CP or Tucker form): three factors for convolutions wider than 1x1."""

from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from enogu.adapters.kinds.lora import leave_out, through
from enogu.adapters.kinds.update import (
    AdditiveUpdate,
    DoesNotFit,
    FreshOptions,
    Shapes,
    Tensors,
    required,
)
from enogu.adapters.shapes import LayerShape, fit_factor
from enogu.adapters.step_noise import StepNoise, named_generator


class TuckerLoRA(AdditiveUpdate):
    """`ΔW = alpha / rank * Σ mid[m, n, k, l] up[o, m] down[n, i]`: 1x1, then k x k, then 1x1.

    Args:
        shape: A convolution.
        down: [R, I, 1, 1].
        mid: [R, R, kh, kw].
        up: [O, R, 1, 1].
        alpha: The update is scaled by `alpha / rank`.
    """

    kind: ClassVar[str] = "lora_mid"
    title: ClassVar[str] = "LoRA with a middle factor"
    suffixes: ClassVar[Mapping[str, str]] = {
        "lora_down.weight": "lora_down",
        "lora_mid.weight": "lora_mid",
        "lora_up.weight": "lora_up",
    }

    def __init__(
        self, shape: LayerShape, *, down: Tensor, mid: Tensor, up: Tensor, alpha: float
    ) -> None:
        super().__init__(shape, alpha)
        rank = down.shape[0]
        self.lora_down = nn.Parameter(down)
        self.lora_mid = nn.Parameter(mid)
        self.lora_up = nn.Parameter(up)
        self.rank = rank

    @classmethod
    def fresh(cls, shape: LayerShape, name: str, seed: int, options: FreshOptions) -> Self:
        """Make fp32 factors as LyCORIS does: down and mid Kaiming-uniform, up zero."""
        rank, generator = options.rank, named_generator(seed, name)
        down = torch.empty(rank, shape.in_width, 1, 1)
        mid = torch.empty(rank, rank, *shape.geometry.kernel)
        for factor in (down, mid):
            bound = factor[0].numel() ** -0.5
            factor.uniform_(-bound, bound, generator=generator)
        up = torch.zeros(shape.up_shape(rank))
        return cls(shape, down=down, mid=mid, up=up, alpha=options.alpha)

    @classmethod
    def read(cls, tensors: Tensors, shape: LayerShape, alpha: float | None) -> Self:
        """Build from the three factors of a file."""
        down, mid, up = required(tensors, tuple(cls.suffixes))
        rank = mid.shape[0]
        if shape.kind != "conv" or mid.shape[1] != down.shape[0]:
            raise DoesNotFit(f"mid {tuple(mid.shape)} beside down {tuple(down.shape)} on {shape}")
        fitted = (
            fit_factor(down, (mid.shape[1], shape.in_width, 1, 1)),
            fit_factor(mid, (rank, mid.shape[1], *shape.geometry.kernel)),
            fit_factor(up, (shape.out_width, rank, 1, 1)),
        )
        if fitted[0] is None or fitted[1] is None or fitted[2] is None:
            raise DoesNotFit(
                f"down {tuple(down.shape)}, mid {tuple(mid.shape)} and up {tuple(up.shape)}"
            )
        return cls(
            shape,
            down=fitted[0],
            mid=fitted[1],
            up=fitted[2],
            alpha=float(down.shape[0]) if alpha is None else alpha,
        )

    @classmethod
    def rank_of(cls, shapes: Shapes) -> int | None:
        """Return the inner width."""
        return shapes["lora_down.weight"][0] if "lora_down.weight" in shapes else None

    def adapt(self, base: nn.Module, x: Tensor, multiplier: float) -> Tensor:
        """Return the sum of the base and the three thin convolutions."""
        return base(x).add(through(self._middle(x), self.lora_up), alpha=multiplier * self.scale)

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """As `adapt`, with parts of the narrow middle zeroed."""
        mid = leave_out(self._middle(x), self.shape, noise, name)
        return base(x).add(through(mid, self.lora_up), alpha=multiplier * self.scale)

    def dense(self) -> Tensor:
        """Return the one convolution that does the same."""
        down, up = self.lora_down.flatten(1), self.lora_up.flatten(1)
        return torch.einsum("mnkl,om,ni->oikl", self.lora_mid, up, down) * self.scale

    def _middle(self, x: Tensor) -> Tensor:
        narrow = torch.conv2d(x, self.lora_down.to(x.dtype))
        return self.shape.apply(narrow, self.lora_mid.to(x.dtype))
