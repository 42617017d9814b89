"""Many fingerprints as arrays: what search and comparison work on."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from enogu.pictures.duplicates.fingerprint import SIDE, THUMBNAIL_BYTES, Fingerprint

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]
Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """1.6 kB a picture."""

    thumbnails: np.ndarray[Any, np.dtype[np.uint8]]
    """uint8 [N, bytes of a thumbnail]."""
    sizes: Integers
    """[N, 2]: width, height."""
    boxes: Integers
    """[N, 4]: left, top, right, bottom of the content."""
    hashes: list[bytes]

    def __len__(self) -> int:
        return len(self.hashes)

    def luma(self, index: Integers) -> Floats:
        """Return float32 [n, 32, 32]."""
        return self.thumbnails[index, : SIDE * SIDE].reshape(-1, SIDE, SIDE).astype(np.float32)

    def colour(self, index: Integers) -> Floats:
        """Return the two colour differences, float32 [n, 2, 16, 16]."""
        half = SIDE // 2
        packed = self.thumbnails[index, SIDE * SIDE :].view(np.int8)
        return packed.reshape(-1, 2, half, half).astype(np.float32) * 2

    def area(self) -> Integers:
        """Return the pixels of each content."""
        left, top, right, bottom = self.boxes.T
        return (right - left) * (bottom - top)


def build_table(fingerprints: Iterable[Fingerprint]) -> Table:
    """Gather fingerprints; they are read once, so a generator over a database will do."""
    data, sizes, boxes, hashes = bytearray(), array("q"), array("q"), list[bytes]()
    for one in fingerprints:
        data += one.thumbnail
        sizes.extend((one.width, one.height))
        boxes.extend(one.box)
        hashes.append(one.pixel_hash)
    return Table(
        thumbnails=np.frombuffer(data, dtype=np.uint8).reshape(-1, THUMBNAIL_BYTES),
        sizes=np.array(sizes, dtype=np.int64).reshape(-1, 2),
        boxes=np.array(boxes, dtype=np.int64).reshape(-1, 4),
        hashes=hashes,
    )
