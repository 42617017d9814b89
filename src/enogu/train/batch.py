"""From (seed, step) to the tensors of one training step."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.config import ProjectConfig
from enogu.diffusion.noise import apply_noise_offset, sample_noise, seeded_generator
from enogu.diffusion.timesteps import sample_timesteps
from enogu.families.base import Base
from enogu.families.denoise import SizeConditioning
from enogu.families.text import TextFeatures, encode_texts
from enogu.pictures.buckets import BucketSize
from enogu.tags.caption import CaptionRules, arrange_caption, caption_rng
from enogu.train import feed as streams
from enogu.train.feed import Feed
from enogu.train.latent_cache import LatentCache
from enogu.train.prepare import TrainingItem
from enogu.train.text_cache import CaptionVariants, TextCache


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The tensors of one step; B pictures of one bucket.

    Attributes:
        items: The pictures.
        latents: [B, C, h, w] float32, in model space.
        noise: [B, C, h, w] float32, with its offset.
        timesteps: int64 [B].
        features: Text features of the batch, or None when the text encoders are trained.
        captions: The texts; empty when cached features are used.
        sizes: Original size, crop and bucket of each picture.
        mask: [B, 1, h, w] in 0..1, or None when everything counts.
        weights: float32 [B]; below 1 for regularisation pictures when the settings say so.
    """

    items: tuple[TrainingItem, ...]
    latents: Tensor
    noise: Tensor
    timesteps: Tensor
    features: TextFeatures | None
    captions: tuple[str, ...]
    sizes: tuple[SizeConditioning, ...]
    mask: Tensor | None
    weights: Tensor


class BatchSource:
    """Makes the batch of any step, from caches only.

    Args:
        config: All settings of the run.
        items: Training pictures, then regularisation pictures.
        num_regularisation: How many of `items`, from the end, are regularisation pictures.
        feed: Which pictures each step sees.
        latents: Latents of all `items`.
        text: Text features, or None when the text encoders are trained.
        rules: How captions are rendered when they are not cached.
        device: Where the tensors go.
    """

    def __init__(
        self,
        config: ProjectConfig,
        items: Sequence[TrainingItem],
        *,
        num_regularisation: int,
        feed: Feed,
        latents: LatentCache,
        text: TextCache | None,
        rules: CaptionRules,
        device: torch.device,
    ) -> None:
        self._config = config
        self._items = tuple(items)
        self._first_reg = len(items) - num_regularisation
        self._feed = feed
        self._latents = latents
        self._text = text
        self._rules = rules
        self._device = device
        self._variants: dict[int, CaptionVariants] = {}

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0. The same step gives the same batch."""
        indices = self._feed.batch(step)
        latents, masks, noises, timesteps = [], [], [], []
        for place, index in enumerate(indices):
            mean, std, mask = self._read_latents(step, place, index)
            latents.append(mean + std * self._noise(mean, step, place, streams.LATENT_STREAM))
            masks.append(mask)
            noise = self._noise(mean, step, place, streams.NOISE_STREAM)
            offset = self._config.train.loss.noise_offset
            noises.append(
                apply_noise_offset(
                    noise, offset, self._generator(step, place, streams.OFFSET_STREAM)
                )
            )
            timesteps.append(self._timestep(step, place))
        items = tuple(self._items[index] for index in indices)
        cached = self._features(step, indices) if self._text is not None else None
        return Batch(
            items=items,
            latents=torch.stack(latents).to(self._device),
            noise=torch.stack(noises).to(self._device),
            timesteps=torch.cat(timesteps).to(self._device),
            features=cached.to(self._device) if cached is not None else None,
            captions=() if cached is not None else self._captions(step, indices),
            sizes=tuple(size_conditioning(item) for item in items),
            mask=_stack_masks(masks, latents[0], self._device),
            weights=torch.tensor(
                [
                    self._config.train.loss.prior_weight if index >= self._first_reg else 1.0
                    for index in indices
                ],
                device=self._device,
            ),
        )

    def _variants_of(self, text: TextCache, index: int) -> CaptionVariants:
        if index not in self._variants:
            self._variants[index] = text.variants(self._items[index])
        return self._variants[index]

    def _generator(self, step: int, place: int, stream: int) -> torch.Generator:
        return seeded_generator(self._config.train.seed, stream, step, place)

    def _noise(self, like: Tensor, step: int, place: int, stream: int) -> Tensor:
        return sample_noise(like.shape, self._generator(step, place, stream))

    def _uniform(self, step: int, place: int, stream: int) -> float:
        return float(torch.rand(1, generator=self._generator(step, place, stream)))

    def _timestep(self, step: int, place: int) -> Tensor:
        loss = self._config.train.loss
        generator = self._generator(step, place, streams.TIMESTEP_STREAM)
        return sample_timesteps(1, generator, loss.timestep_min, loss.timestep_max)

    def _read_latents(
        self, step: int, place: int, index: int
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        flipped = (
            self._config.pictures.flip and self._uniform(step, place, streams.FLIP_STREAM) < 0.5
        )
        entry = self._latents.read(self._items[index], flipped=flipped)
        return entry.mean, entry.std, entry.mask

    def _dropped(self, step: int, place: int) -> bool:
        return self._uniform(step, place, streams.CAPTION_STREAM) < self._config.captions.dropout

    def _features(self, step: int, indices: Sequence[int]) -> TextFeatures:
        assert self._text is not None
        empty = self._text.read(self._text.empty(), 0)
        rows: list[TextFeatures] = []
        for place, index in enumerate(indices):
            if self._dropped(step, place):
                rows.append(empty)
                continue
            entry = self._variants_of(self._text, index)
            generator = self._generator(step, place, streams.VARIANT_STREAM)
            row = int(torch.randint(len(entry.texts), (1,), generator=generator))
            rows.append(self._text.read(entry, row))
        chunks = max(row.num_chunks for row in rows)
        return TextFeatures.cat([row.pad_to(chunks, empty) for row in rows])

    def _captions(self, step: int, indices: Sequence[int]) -> tuple[str, ...]:
        texts: list[str] = []
        for place, index in enumerate(indices):
            if self._dropped(step, place):
                texts.append("")
                continue
            item = self._items[index]
            rng = caption_rng(self._config.train.seed, item.record.id, step)
            texts.append(arrange_caption(item.text, item.rules(self._rules), rng))
        return tuple(texts)


def size_conditioning(item: TrainingItem) -> SizeConditioning:
    """Return what SDXL is told about a training picture."""
    return SizeConditioning(
        original=BucketSize(item.record.width, item.record.height),
        crop_top=item.fit.crop_top,
        crop_left=item.fit.crop_left,
        target=item.fit.bucket,
    )


def encode_batch(base: Base, batch: Batch, clip_skip: int | None) -> TextFeatures:
    """Return the text features of a batch: the cached ones, or fresh ones with gradients."""
    if batch.features is not None:
        return batch.features
    return encode_texts(base, batch.captions, clip_skip=clip_skip)


def _stack_masks(
    masks: Sequence[Tensor | None], like: Tensor, device: torch.device
) -> Tensor | None:
    if all(mask is None for mask in masks):
        return None
    full = torch.ones(1, *like.shape[-2:])
    return torch.stack([full if mask is None else mask for mask in masks]).to(device)
