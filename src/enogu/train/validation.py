"""The loss at fixed timesteps and noises, of held-out pictures and of training pictures.

A training loss scatters because every step draws its own noise level and noise. Here nothing is
drawn anew: the same pictures, captions, timesteps and noises at every measurement, so that two
measurements differ by the adapter alone.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.config import LossConfig, ProjectConfig
from enogu.diffusion.noise import sample_noise, seeded_generator
from enogu.families.base import Base
from enogu.families.text import TextFeatures, encode_texts
from enogu.tags.caption import CaptionRules, arrange_caption, caption_rng
from enogu.train.batch import Batch, size_conditioning
from enogu.train.feed import VALIDATION_STREAM
from enogu.train.held_out import measured_items
from enogu.train.latent_cache import LatentCache
from enogu.train.loss import compute_loss
from enogu.train.prepare import Prepared, TrainingItem
from enogu.train.text_cache import TextCache

Band = tuple[int, int]
"""First timestep, and the one after the last."""

Losses = list[list[float]]
"""By picture, then by band."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Losses of both sides at one step, each the mean over the noises of its band."""

    training: Losses
    held_out: Losses


def timestep_bands(low: int, high: int, count: int) -> list[Band]:
    """Divide low .. high-1 into up to `count` bands of nearly equal width.

    Args:
        low: First timestep.
        high: One above the last.
        count: At least 1; there are fewer bands when there are fewer timesteps.
    """
    count = min(count, high - low)
    edges = [low + (high - low) * place // count for place in range(count + 1)]
    return list(itertools.pairwise(edges))


def fixed_timesteps(band: Band, count: int) -> list[int]:
    """Return `count` timesteps in the middles of `count` equal parts of a band."""
    low, high = band
    return [low + int((high - low) * (place + 0.5) / count) for place in range(count)]


class Validator:
    """Measures the base with the adapter that is attached to it.

    Args:
        base: A base with its UNet, and its text encoders when these are trained.
        config: All settings of the run.
        prepared: Training and held-out pictures.
        latents: Latents of all of them.
        text: Text features, or None when the text encoders are trained.
        rules: How captions are rendered when they are not cached.
    """

    def __init__(
        self,
        base: Base,
        config: ProjectConfig,
        prepared: Prepared,
        *,
        latents: LatentCache,
        text: TextCache | None,
        rules: CaptionRules,
    ) -> None:
        settings = config.validation
        self._base = base
        self._config = config
        self._latents = latents
        self._text = text
        self._rules = rules
        self.training, self.held_out = measured_items(prepared, settings)
        loss = config.train.loss
        self.bands = timestep_bands(loss.timestep_min, loss.timestep_max, settings.bands)
        # The plain distance: what a run minimises may be weighed and robust, which would make
        # runs of different settings impossible to compare.
        self._plain = LossConfig(weighting="none", masked=loss.masked)

    def measure(self) -> Measurement:
        """Measure all pictures. Draws no random number that training uses, and trains nothing."""
        with torch.no_grad():
            return Measurement(
                training=[self._losses(item) for item in self.training],
                held_out=[self._losses(item) for item in self.held_out],
            )

    def _losses(self, item: TrainingItem) -> list[float]:
        """Return the mean loss of a picture in each band."""
        noises = self._config.validation.noises
        timesteps = [t for band in self.bands for t in fixed_timesteps(band, noises)]
        entry = self._latents.read(item)
        features = self._features(item)
        at_once = self._config.train.batch_size
        found: list[Tensor] = []
        for first in range(0, len(timesteps), at_once):
            places = range(first, min(first + at_once, len(timesteps)))
            part = self._batch(item, entry.mean, entry.mask, [timesteps[p] for p in places], places)
            spread = TextFeatures.cat([features] * len(places))
            found.append(compute_loss(self._base, part, spread, self._plain).per_picture.cpu())
        means = torch.cat(found).view(len(self.bands), noises).double().mean(1)
        return [round(float(value), 8) for value in means]

    def _batch(
        self,
        item: TrainingItem,
        mean: Tensor,
        mask: Tensor | None,
        timesteps: Sequence[int],
        places: Sequence[int],
    ) -> Batch:
        base, count = self._base, len(places)
        # The first 56 bits of the content, so that a picture keeps its noise when others go.
        picture = int(item.record.id[:14], 16)
        seed = self._config.validation.seed
        noise = torch.stack(
            [
                sample_noise(mean.shape, seeded_generator(seed, VALIDATION_STREAM, picture, place))
                for place in places
            ]
        ).to(base.device)
        return Batch(
            items=(item,) * count,
            latents=mean.expand(count, *mean.shape).to(base.device),
            noise=noise,
            input_noise=noise,
            timesteps=torch.tensor(timesteps, device=base.device),
            features=None,
            captions=(),
            sizes=(size_conditioning(item),) * count,
            mask=None if mask is None else mask.expand(count, *mask.shape).to(base.device),
            weights=torch.ones(count, device=base.device),
        )

    def _features(self, item: TrainingItem) -> TextFeatures:
        """Return the features of the caption in one fixed arrangement."""
        if self._text is not None:
            return self._text.read(self._text.variants(item), 0).to(self._base.device)
        seed, picture = self._config.validation.seed, item.record.id
        caption = arrange_caption(item.text, item.rules(self._rules), caption_rng(seed, picture, 0))
        return encode_texts(self._base, (caption,), clip_skip=self._config.model.clip_skip)
