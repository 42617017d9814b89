"""One call of the UNet with everything its family wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from enogu.errors import BaseModelError
from enogu.families.base import Base
from enogu.families.text import TextFeatures


class Size(Protocol):
    """Anything with a width and a height in pixels, e.g. ``enogu.pictures`` bucket sizes."""

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        ...

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        ...


@dataclass(frozen=True, kw_only=True)
class SizeConditioning:
    """What SDXL is told about a picture (arXiv:2307.01952, section 2.2).

    A picture of 1000x700 that was enlarged to 1216x851 and cut to 1216x832 at its top edge 9
    pixels down has original 1000x700, crop_top 9, crop_left 0, target 1216x832.
    """

    original: Size
    """The picture before it was resized."""
    crop_top: int
    """Pixels cut off above, measured in the resized picture."""
    crop_left: int
    """Pixels cut off at the left, measured in the resized picture."""
    target: Size
    """The picture as the model sees it: the bucket."""

    def as_ids(self) -> tuple[int, int, int, int, int, int]:
        """Return original (height, width), crop (top, left), target (height, width)."""
        return (
            self.original.height,
            self.original.width,
            self.crop_top,
            self.crop_left,
            self.target.height,
            self.target.width,
        )


def predict(
    base: Base,
    noisy_latents: Tensor,
    timesteps: Tensor,
    features: TextFeatures,
    sizes: Sequence[SizeConditioning] | None = None,
) -> Tensor:
    """Return what the UNet predicts, in the base's prediction type.

    Args:
        base: A base with its UNet.
        noisy_latents: [B, C, H, W] in model space.
        timesteps: [B] or a scalar, 0 to T-1; fractions are allowed.
        features: Text features of the same batch.
        sizes: One per picture for families with size conditioning; ignored by the others.

    Returns:
        model_pred, the shape and type of the UNet's output: [B, C, H, W] in ``base.dtype``.

    Raises:
        BaseModelError: The family needs sizes or pooled vectors and they are missing or differ
            in number.
    """
    conditions: dict[str, Tensor] | None = None
    if base.spec.size_conditioning:
        batch = noisy_latents.shape[0]
        if sizes is None or len(sizes) != batch or features.pooled is None:
            raise BaseModelError(
                f"{base.spec.title} needs a size and a pooled text vector for each of {batch} "
                f"pictures, got {'none' if sizes is None else len(sizes)} sizes and "
                f"{'no' if features.pooled is None else 'a'} pooled vector"
            )
        ids = [size.as_ids() for size in sizes]
        # float32: bfloat16 has 8 bits, so 833 pixels would be told as 832
        conditions = {
            "text_embeds": features.pooled.to(base.dtype),
            "time_ids": torch.tensor(ids, dtype=torch.float32, device=noisy_latents.device),
        }
    return base.unet(
        noisy_latents.to(base.dtype),
        timesteps,
        encoder_hidden_states=features.prompt_embeds.to(base.dtype),
        added_cond_kwargs=conditions,
        return_dict=False,
    )[0]
