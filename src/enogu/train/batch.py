"""From (seed, step) to the tensors of one training step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from enogu.config import ProjectConfig
from enogu.diffusion.noise import sample_noise, seeded_generator
from enogu.families.base import Base
from enogu.families.denoise import SizeConditioning
from enogu.families.text import TextFeatures, count_chunks, encode_texts
from enogu.pictures.buckets import BucketSize
from enogu.tags.caption import CaptionRules, arrange_caption, caption_rng, is_epoch_dropped
from enogu.train import feed as streams
from enogu.train.feed import Feed
from enogu.train.latent_cache import LatentCache
from enogu.train.noise_draws import Streams, draw_input_noise, draw_noise, draw_timestep
from enogu.train.prepare import TrainingItem, num_versions
from enogu.train.text_cache import CaptionVariants, TextCache


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The tensors of one step; B pictures of one bucket.

    Attributes:
        items: The pictures.
        latents: [B, C, h, w] float32, in model space.
        noise: [B, C, h, w] float32, with its offset; the target is made from it.
        input_noise: The noise the model sees; `noise` itself without input perturbation.
        timesteps: int64 [B].
        features: Text features of the batch, or None when the text encoders are trained.
        captions: The texts; empty when cached features are used.
        sizes: Original size, crop and bucket of each picture.
        mask: [B, 1, h, w] in 0..1, or None when everything counts.
        weights: float32 [B]; below 1 for regularisation pictures when the settings say so.
        general_features: Features of the captions without the trigger, when the base's own
            answer to them is held and the text encoders are not trained.
        general_captions: The same as texts, when the text encoders are trained.
        num_chunks: Chunks of the text features of `captions` when they are made anew; None takes
            as many as the longest needs.
        num_general_chunks: The same for `general_captions`.
    """

    items: tuple[TrainingItem, ...]
    latents: Tensor
    noise: Tensor
    input_noise: Tensor
    timesteps: Tensor
    features: TextFeatures | None
    captions: tuple[str, ...]
    sizes: tuple[SizeConditioning, ...]
    mask: Tensor | None
    weights: Tensor
    general_features: TextFeatures | None = None
    general_captions: tuple[str, ...] = ()
    num_chunks: int | None = None
    num_general_chunks: int | None = None

    def split(self, size: int) -> list["Batch"]:
        """Return the batch in parts of up to `size` pictures, for gradients that are summed."""
        count = len(self.latents)
        if count <= size:
            return [self]
        return [self._part(start, min(start + size, count)) for start in range(0, count, size)]

    def _part(self, start: int, end: int) -> "Batch":
        cut = slice(start, end)

        def rows(features: TextFeatures | None) -> TextFeatures | None:
            return None if features is None else features.select(range(start, end))

        return replace(
            self,
            items=self.items[cut],
            latents=self.latents[cut],
            noise=self.noise[cut],
            input_noise=self.input_noise[cut],
            timesteps=self.timesteps[cut],
            features=rows(self.features),
            captions=self.captions[cut],
            sizes=self.sizes[cut],
            mask=None if self.mask is None else self.mask[cut],
            weights=self.weights[cut],
            general_features=rows(self.general_features),
            general_captions=self.general_captions[cut],
        )


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
        self._variants: dict[tuple[Path, str, bool], CaptionVariants] = {}

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0. The same step gives the same batch."""
        indices = self._feed.batch(step)
        loss = self._config.train.loss
        latents, masks, noises, input_noises, timesteps = [], [], [], [], []
        items_seen: list[TrainingItem] = []
        for place, index in enumerate(indices):
            at = self._streams(step, place)
            item = self._version(at, index)
            mean, std, mask = self._read_latents(at, item)
            items_seen.append(item)
            latents.append(mean + std * sample_noise(mean.shape, at(streams.LATENT_STREAM)))
            masks.append(mask)
            noises.append(draw_noise(loss, latents[-1], at))
            input_noises.append(draw_input_noise(loss, noises[-1], at))
            timesteps.append(draw_timestep(loss, at))
        items = tuple(items_seen)
        cached = self._features(step, indices) if self._text is not None else None
        noise = torch.stack(noises).to(self._device)
        perturbed = torch.stack(input_noises).to(self._device) if loss.ip_noise_gamma else noise
        general_features, general_captions = self._general(step, items)
        return Batch(
            items=items,
            latents=torch.stack(latents).to(self._device),
            noise=noise,
            input_noise=perturbed,
            timesteps=torch.cat(timesteps).to(self._device),
            features=cached.to(self._device) if cached is not None else None,
            captions=() if cached is not None else self._captions(step, indices),
            sizes=tuple(size_conditioning(item) for item in items),
            mask=_stack_masks(masks, latents[0], self._device),
            weights=torch.tensor(
                [loss.prior_weight if index >= self._first_reg else 1.0 for index in indices],
                device=self._device,
            ),
            general_features=general_features,
            general_captions=general_captions,
        )

    def _variants_of(self, text: TextCache, item: TrainingItem) -> CaptionVariants:
        key = item.record.path, item.record.part, item.record.is_reg
        if key not in self._variants:
            self._variants[key] = text.variants(item)
        return self._variants[key]

    def _streams(self, step: int, place: int) -> Streams:
        seed = self._config.train.seed
        return lambda stream: seeded_generator(seed, stream, step, place)

    def _uniform(self, step: int, place: int, stream: int) -> float:
        return float(torch.rand(1, generator=self._streams(step, place)(stream)))

    def _version(self, at: Streams, index: int) -> TrainingItem:
        """Return one version of a picture; the picture itself where nothing varies."""
        item, settings = self._items[index], self._config.pictures
        count = num_versions(item.settings(settings))
        if count == 1:
            return item
        drawn = torch.randint(count, (1,), generator=at(streams.VERSION_STREAM))
        return item.version(int(drawn), settings)

    def _read_latents(
        self, at: Streams, item: TrainingItem
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        wanted = item.settings(self._config.pictures).flip and item.may_flip
        flipped = bool(wanted) and (float(torch.rand(1, generator=at(streams.FLIP_STREAM))) < 0.5)
        entry = self._latents.read(item, flipped=flipped)
        return entry.mean, entry.std, entry.mask

    def _dropped(self, step: int, place: int, item: TrainingItem) -> bool:
        rules = item.rules(self._rules)
        if is_epoch_dropped(rules, self._feed.epoch_of(step)):
            return True
        return self._uniform(step, place, streams.CAPTION_STREAM) < rules.dropout

    def _features(self, step: int, indices: Sequence[int]) -> TextFeatures:
        assert self._text is not None
        empty = self._text.read(self._text.empty(), 0)
        rows: list[TextFeatures] = []
        for place, index in enumerate(indices):
            item = self._items[index]
            if self._dropped(step, place, item):
                rows.append(empty)
                continue
            at = self._streams(step, place)
            rows.append(self._row(self._text, item, at(streams.VARIANT_STREAM)))
        return _joined(rows, empty)

    def _row(self, text: TextCache, item: TrainingItem, generator: torch.Generator) -> TextFeatures:
        """Return the features of one variant of a picture's caption."""
        entry = self._variants_of(text, item)
        return text.read(entry, int(torch.randint(len(entry.texts), (1,), generator=generator)))

    def _general(
        self, step: int, items: Sequence[TrainingItem]
    ) -> tuple[TextFeatures | None, tuple[str, ...]]:
        """Return features or texts of the captions without the trigger, when they are held."""
        if not self._config.train.loss.base_prior:
            return None, ()
        twins = [item.general_twin(self._rules) for item in items]
        if self._text is None:
            return None, tuple(self._caption(step, twin) for twin in twins)
        rows = [
            self._row(self._text, twin, self._streams(step, place)(streams.PRIOR_STREAM))
            for place, twin in enumerate(twins)
        ]
        return _joined(rows, self._text.read(self._text.empty(), 0)).to(self._device), ()

    def _captions(self, step: int, indices: Sequence[int]) -> tuple[str, ...]:
        return tuple(
            "" if self._dropped(step, place, item) else self._caption(step, item)
            for place, item in enumerate(self._items[index] for index in indices)
        )

    def _caption(self, step: int, item: TrainingItem) -> str:
        rng = caption_rng(self._config.train.seed, item.record.id, step)
        return arrange_caption(item.text, item.rules(self._rules), rng)


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
    return encode_texts(base, batch.captions, clip_skip=clip_skip, num_chunks=batch.num_chunks)


def with_equal_chunks(base: Base, batch: Batch) -> Batch:
    """Return the batch with the length of its texts fixed, so that its parts are as long as it.

    A text is filled up to the longest of its batch, and the filling is seen by the model.
    """

    def longest(texts: Sequence[str]) -> int | None:
        return max((count_chunks(base, text) for text in texts), default=None)

    return replace(
        batch,
        num_chunks=longest(batch.captions),
        num_general_chunks=longest(batch.general_captions),
    )


def _joined(rows: Sequence[TextFeatures], empty: TextFeatures) -> TextFeatures:
    chunks = max(row.num_chunks for row in rows)
    return TextFeatures.cat([row.pad_to(chunks, empty) for row in rows])


def _stack_masks(
    masks: Sequence[Tensor | None], like: Tensor, device: torch.device
) -> Tensor | None:
    if all(mask is None for mask in masks):
        return None
    full = torch.ones(1, *like.shape[-2:])
    return torch.stack([full if mask is None else mask for mask in masks]).to(device)
