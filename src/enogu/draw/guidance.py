"""A base with prompts and guidance, in the one form that samplers know."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
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
class _Row:
    """One text of one picture."""

    picture: int
    share: float | None
    """Its share of the guidance; None for the negative prompt."""
    features: TextFeatures


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Rows of one model call: texts of equal length."""

    rows: list[int]
    features: TextFeatures


class GuidedDenoiser:
    """Classifier-free guidance (arXiv:2207.12598) around a base; a `Denoiser` for samplers.

    Positive and negative prompts of all pictures share a model call where their texts have the
    same number of chunks and run apart where not, as in A1111: filling the shorter text up would
    change the picture, and then a picture would depend on its neighbours.

    Args:
        base: A base with its UNet.
        conditionings: One per picture.
        cfg_scale: negative + cfg_scale * (positive - negative), where prompts joined with ``AND``
            are added up with their weights (arXiv:2206.01714).
        size: Size of the pictures; what SDXL is told, with nothing cropped.
        sigmas: [n + 1], the levels that the sampler visits, for prompts that change while a picture
            is drawn. Without them such prompts stay as they are at the first step.
    """

    def __init__(
        self,
        base: Base,
        conditionings: Sequence[Conditioning],
        *,
        cfg_scale: float,
        size: PictureSize,
        sigmas: Tensor | None = None,
    ) -> None:
        self._base = base
        self._conditionings = conditionings
        self._cfg_scale = cfg_scale
        self._size = SizeConditioning(original=size, crop_top=0, crop_left=0, target=size)
        self._levels = [] if sigmas is None else [float(sigma) for sigma in sigmas[:-1]]
        self._rows: list[_Row] = []
        self._groups: list[_Group] = []
        self._read(0)

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Return the expected clean latents.

        Args:
            x: [B, C, H, W] float32, clean latents plus sigma times noise.
            sigma: [B].

        Returns:
            [B, C, H, W] in the dtype of `x`.
        """
        base = self._base
        self._read(self._step(float(sigma[0])))
        model_input = model_input_at_sigma(x, sigma)
        timesteps = base.schedule.sigma_to_t(sigma)
        model_pred = x.new_empty((len(self._rows), *x.shape[1:]))
        for group in self._groups:
            pictures = [self._rows[row].picture for row in group.rows]
            model_pred[group.rows] = predict(
                base,
                model_input[pictures],
                timesteps[pictures],
                group.features,
                [self._size] * len(pictures),
            ).to(x.dtype)
        return denoised_at_sigma(base.prediction, self._guided(model_pred), x, sigma)

    def _guided(self, model_pred: Tensor) -> Tensor:
        """Join the predictions of all texts of each picture."""
        guided: list[Tensor] = []
        for picture in range(len(self._conditionings)):
            texts = [
                (row.share, model_pred[index])
                for index, row in enumerate(self._rows)
                if row.picture == picture
            ]
            positive = [(share, pred) for share, pred in texts if share is not None]
            negative = next((pred for share, pred in texts if share is None), None)
            if negative is None:
                # the shares add up to 1, so the negative prompt would cancel out
                parts = [pred if share == 1 else share * pred for share, pred in positive]
            else:
                parts = [negative, *(share * (pred - negative) for share, pred in positive)]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            guided.append(total)
        return torch.stack(guided)

    def _step(self, sigma: float) -> int:
        """Return the step, counted from 0, that a noise level belongs to."""
        # samplers may also look between two levels; that belongs to the step under way
        above = sum(level >= sigma * (1 - 1e-6) for level in self._levels)
        return max(above - 1, 0)

    def _read(self, step: int) -> None:
        """Take the texts of one step, and the model calls they share."""
        rows = [
            _Row(picture=picture, share=self._cfg_scale * part.weight, features=part.at(step))
            for picture, item in enumerate(self._conditionings)
            for part in item.positive
        ]
        rows += [
            _Row(picture=picture, share=None, features=item.negative.at(step))
            for picture, item in enumerate(self._conditionings)
            if item.negative is not None
        ]
        if len(rows) == len(self._rows) and all(
            new.features is old.features for new, old in zip(rows, self._rows, strict=True)
        ):
            return
        self._rows = rows
        self._groups = []
        for num_chunks in sorted({row.features.num_chunks for row in rows}):
            chosen = [i for i, row in enumerate(rows) if row.features.num_chunks == num_chunks]
            features = TextFeatures.cat([rows[i].features for i in chosen])
            self._groups.append(_Group(rows=chosen, features=features))
