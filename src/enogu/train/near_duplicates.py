"""Which pictures of a training show the same drawing, so that none is on both sides of a split."""

from collections.abc import Iterable, Iterator, Sequence

import torch

from enogu.config import PicturesConfig
from enogu.files import content_key
from enogu.pictures.duplicates import (
    FINGERPRINT_VERSION,
    VERSION,
    Fingerprint,
    find_groups,
    fingerprint,
)
from enogu.pictures.pixels import Pixels
from enogu.pictures.read import Picture
from enogu.pictures.record_pixels import read_record
from enogu.train.content_cache import ContentCache
from enogu.train.prepare import TrainingItem


class NearDuplicates:
    """Finds copies and variants; what was found is kept by content.

    Args:
        cache: Where fingerprints and groups are kept.
        settings: The section ``pictures``.
    """

    def __init__(self, cache: ContentCache, settings: PicturesConfig) -> None:
        self._cache = cache
        self._settings = settings

    def groups(self, items: Sequence[TrainingItem]) -> list[list[int]]:
        """Return the places of pictures that belong together, one list for every drawing.

        A copy of a copy, and a variant of a variant, belong to the same drawing.

        Raises:
            PictureError: A picture changed or vanished since it was scanned.
            StorageError: The disk is full.
        """
        key = content_key(
            {
                "near_duplicates": VERSION,
                "fingerprints": FINGERPRINT_VERSION,
                "background": self._settings.background.lower(),
                "pictures": [[item.record.id, item.record.changes] for item in items],
            }
        )
        if not self._cache.has(key):
            pairs = list(self._pairs(items))
            found = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
            self._cache.write(key, {"pairs": found})
        pairs = self._cache.read(key)["pairs"].tolist()
        return joined(len(items), ((first, second) for first, second in pairs))

    def _pairs(self, items: Sequence[TrainingItem]) -> Iterator[tuple[int, int]]:
        prints = [self._fingerprint(item) for item in items]

        def pixels(index: int) -> Pixels:
            return self._read(items[index]).pixels

        for group in find_groups(prints, pixels):
            for match in (*group.copies, *group.variants):
                yield group.keeper, match.index

    def _fingerprint(self, item: TrainingItem) -> Fingerprint:
        key = content_key(
            {
                "fingerprint": FINGERPRINT_VERSION,
                "picture": [item.record.id, item.record.changes],
                "background": self._settings.background.lower(),
            }
        )
        if not self._cache.has(key):
            picture = self._read(item)
            data = fingerprint(picture.pixels, picture.alpha).to_bytes()
            self._cache.write(key, {"bytes": torch.tensor(list(data), dtype=torch.uint8)})
        return Fingerprint.from_bytes(bytes(self._cache.read(key)["bytes"].tolist()))

    def _read(self, item: TrainingItem) -> Picture:
        return read_record(
            item.record,
            background=self._settings.background,
            max_megapixels=self._settings.max_megapixels,
        )


def joined(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the numbers below `count` in sets: what a chain of pairs joins is together.

    Returns:
        Lists in ascending order, by their first numbers; a number without pair is alone.
    """
    head = list(range(count))

    def top(place: int) -> int:
        while head[place] != place:
            head[place] = head[head[place]]
            place = head[place]
        return place

    for first, second in pairs:
        low, high = sorted((top(first), top(second)))
        head[high] = low
    sets: dict[int, list[int]] = {}
    for place in range(count):
        sets.setdefault(top(place), []).append(place)
    return list(sets.values())
