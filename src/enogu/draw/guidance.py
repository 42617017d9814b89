"""A base with prompts and guidance, in the one form that samplers know."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from enogu.diffusion.targets import denoised_at_sigma, model_input_at_sigma
from enogu.draw.conditioning import Conditioning
from enogu.families.base import Base
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.text import TextFeatures


@dataclass(frozen=True, kw_only=True)
class PictureSize:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Rows of one model call: texts of equal length."""

    rows: list[int]
    """Places in [positive of all pictures, negative of all pictures]."""
    features: TextFeatures


class GuidedDenoiser:
    """Classifier-free guidance (arXiv:2207.12598) around a base; a `Denoiser` for samplers.

    Positive and negative prompts of all pictures share a model call where their texts have the
    same number of chunks and run apart where not, as in A1111: filling the shorter text up would
    change the picture, and then a picture would depend on its neighbours.

    Args:
        base: A base with its UNet.
        conditionings: One per picture.
        cfg_scale: negative + cfg_scale * (positive - negative).
        size: Size of the pictures; what SDXL is told, with nothing cropped.
    """

    def __init__(
        self,
        base: Base,
        conditionings: Sequence[Conditioning],
        *,
        cfg_scale: float,
        size: PictureSize,
    ) -> None:
        self._base = base
        self._cfg_scale = cfg_scale
        self._num_pictures = len(conditionings)
        self._size = SizeConditioning(original=size, crop_top=0, crop_left=0, target=size)
        texts = [item.positive for item in conditionings]
        texts += [item.negative for item in conditionings if item.negative is not None]
        self._num_rows = len(texts)
        self._groups: list[_Group] = []
        for num_chunks in sorted({text.num_chunks for text in texts}):
            rows = [row for row, text in enumerate(texts) if text.num_chunks == num_chunks]
            self._groups.append(
                _Group(rows=rows, features=TextFeatures.cat([texts[row] for row in rows]))
            )

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Return the expected clean latents.

        Args:
            x: [B, C, H, W] float32, clean latents plus sigma times noise.
            sigma: [B].

        Returns:
            [B, C, H, W] in the dtype of `x`.
        """
        base = self._base
        model_input = model_input_at_sigma(x, sigma)
        timesteps = base.schedule.sigma_to_t(sigma)
        model_pred = x.new_empty((self._num_rows, *x.shape[1:]))
        for group in self._groups:
            pictures = [row % self._num_pictures for row in group.rows]
            model_pred[group.rows] = predict(
                base,
                model_input[pictures],
                timesteps[pictures],
                group.features,
                [self._size] * len(pictures),
            ).to(x.dtype)
        guided = model_pred[: self._num_pictures]
        if self._num_rows > self._num_pictures:
            negative = model_pred[self._num_pictures :]
            guided = negative + self._cfg_scale * (guided - negative)
        return denoised_at_sigma(base.prediction, guided, x, sigma)
