"""Text features of the captions, in several variants each.

Shuffling tags and caching text features exclude each other in other trainers. Here each caption
is rendered in a stated number of variants; the features of all are kept, and every step picks
one. Whole-caption dropout is drawn anew at every step from one shared entry for the empty text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from enogu.families.base import Base
from enogu.families.text import TextFeatures, encode_texts
from enogu.files import content_key
from enogu.tags.caption import CaptionRules, variants
from enogu.train.content_cache import ContentCache
from enogu.train.prepare import TrainingItem

_FORMAT = 1


@dataclass(frozen=True)
class CaptionVariants:
    """The texts of one picture and the cache entry with their features."""

    texts: tuple[str, ...]
    key: str


class TextCache:
    """Text features on disk for a set of captions and one base.

    Args:
        cache: Where entries are kept.
        rules: How captions are rendered, without whole-caption dropout.
        seed: Seed of the run.
        num_variants: Variants per caption that is not always the same.
        base_hash: What the base is called in keys; its text encoders must be part of it.
        dtype: Number format the text encoders compute in.
        clip_skip: As in the settings.
    """

    def __init__(
        self,
        cache: ContentCache,
        rules: CaptionRules,
        *,
        seed: int,
        num_variants: int,
        base_hash: str,
        dtype: torch.dtype,
        clip_skip: int | None,
    ) -> None:
        self._cache = cache
        self._rules = rules
        self._seed = seed
        self._num_variants = num_variants
        self._base_hash = base_hash
        self._dtype = dtype
        self._clip_skip = clip_skip

    def variants(self, item: TrainingItem) -> CaptionVariants:
        """Return the texts of a picture; one when nothing in them is random."""
        record = item.record
        texts = variants(
            item.text, item.rules(self._rules), self._seed, record.id, self._num_variants
        )
        return CaptionVariants(tuple(texts), self._key(tuple(texts)))

    def empty(self) -> CaptionVariants:
        """Return the entry of the empty caption."""
        return CaptionVariants(("",), self._key(("",)))

    def missing(self, wanted: Sequence[CaptionVariants]) -> list[CaptionVariants]:
        """Return the entries that have to be made, each once."""
        entries = {entry.key: entry for entry in wanted if not self._cache.has(entry.key)}
        return list(entries.values())

    def fill(
        self,
        base: Base,
        wanted: Sequence[CaptionVariants],
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Make the missing entries; return how many were made.

        Raises:
            StorageError: The disk is full.
        """
        missing = self.missing(wanted)
        for done, entry in enumerate(missing):
            if progress:
                progress(done, len(missing))
            with torch.no_grad():
                features = encode_texts(base, entry.texts, clip_skip=self._clip_skip)
            tensors = {"prompt_embeds": features.prompt_embeds.cpu()}
            if features.pooled is not None:
                tensors["pooled"] = features.pooled.cpu()
            self._cache.write(entry.key, tensors)
        if progress and missing:
            progress(len(missing), len(missing))
        return len(missing)

    def read(self, entry: CaptionVariants, row: int) -> TextFeatures:
        """Return the features of one text, batch size 1."""
        tensors = self._cache.read_row(entry.key, row)
        return TextFeatures(prompt_embeds=tensors["prompt_embeds"], pooled=tensors.get("pooled"))

    def _key(self, texts: tuple[str, ...]) -> str:
        return content_key(
            {
                "format": _FORMAT,
                "texts": list(texts),
                "base": self._base_hash,
                "dtype": str(self._dtype),
                "clip_skip": self._clip_skip,
            }
        )
