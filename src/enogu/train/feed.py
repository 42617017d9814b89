"""Which pictures each step sees: a pure function of (seed, step).

Nothing is remembered between steps, so a resumed run sees the same batches as an uninterrupted
one, and so does a run that is looked at out of order.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from enogu.diffusion.noise import seeded_generator
from enogu.errors import PictureError
from enogu.pictures.buckets import BucketSize

ORDER_STREAM = 1
BATCH_STREAM = 2
FLIP_STREAM = 3
CAPTION_STREAM = 4
TIMESTEP_STREAM = 5
NOISE_STREAM = 6
LATENT_STREAM = 7
OFFSET_STREAM = 8
VARIANT_STREAM = 9
OFFSET_STRENGTH_STREAM = 10
MULTIRES_STREAM = 11
PERTURBATION_STREAM = 12
PERTURBATION_STRENGTH_STREAM = 13
PRIOR_STREAM = 14
VERSION_STREAM = 15
ROUNDING_STREAM = 16
VALIDATION_STREAM = 17


@dataclass(frozen=True)
class FeedEntry:
    """What the feed has to know of a picture.

    Attributes:
        bucket: Its rectangle; batches never mix them.
        repeats: How often it is seen in one epoch.
        is_reg: Whether it is a regularisation picture.
    """

    bucket: BucketSize
    repeats: int = 1
    is_reg: bool = False


class Feed:
    """The order of pictures over a whole run.

    An epoch shows every training picture `repeats` times, and as many regularisation pictures,
    repeated or cut to that number. Pictures of one bucket are shuffled and cut into batches; the
    last batch of a bucket may be smaller. The order of batches is shuffled too.

    Args:
        entries: All pictures; batches hold indices into this sequence.
        batch_size: Largest number of pictures in a batch.
        seed: Seed of the run.

    Raises:
        PictureError: There is no training picture.
    """

    def __init__(self, entries: Sequence[FeedEntry], *, batch_size: int, seed: int) -> None:
        self._seed = seed
        self._batch_size = batch_size
        train = [index for index, entry in enumerate(entries) if not entry.is_reg]
        reg = [index for index, entry in enumerate(entries) if entry.is_reg]
        draws = [index for index in train for _ in range(entries[index].repeats)]
        if not draws:
            raise PictureError("there is no picture to train on")
        draws += [reg[place % len(reg)] for place in range(len(draws))] if reg else []
        by_bucket: dict[BucketSize, list[int]] = defaultdict(list)
        for index in draws:
            by_bucket[entries[index].bucket].append(index)
        self._buckets = [by_bucket[bucket] for bucket in sorted(by_bucket)]
        self.num_draws = len(draws)
        self.batches_per_epoch = sum(-(-len(bucket) // batch_size) for bucket in self._buckets)
        self._epoch = lru_cache(maxsize=2)(self._build_epoch)

    def batch(self, step: int) -> tuple[int, ...]:
        """Return the indices of the pictures of a step, counted from 0."""
        epoch, place = divmod(step, self.batches_per_epoch)
        return self._epoch(epoch)[place]

    def epoch_of(self, step: int) -> int:
        """Return the epoch a step belongs to, counted from 0."""
        return step // self.batches_per_epoch

    def _build_epoch(self, epoch: int) -> tuple[tuple[int, ...], ...]:
        batches: list[tuple[int, ...]] = []
        for number, indices in enumerate(self._buckets):
            order = _permutation(len(indices), self._seed, ORDER_STREAM, epoch, number)
            shuffled = [indices[place] for place in order]
            batches += [
                tuple(shuffled[start : start + self._batch_size])
                for start in range(0, len(shuffled), self._batch_size)
            ]
        return tuple(
            batches[place] for place in _permutation(len(batches), self._seed, BATCH_STREAM, epoch)
        )


def _permutation(count: int, *parts: int) -> list[int]:
    return torch.randperm(count, generator=seeded_generator(*parts)).tolist()
