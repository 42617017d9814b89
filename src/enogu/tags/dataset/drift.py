"""How far the captions of one folder differ from those of the others."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enogu.tags.dataset.captions import CaptionSet

_LEAST_CAPTIONS: Final = 3
_LEAST_DIFFERENCE: Final = 0.2
_TAGS_NAMED: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftedTag:
    """A tag that is more or less frequent in one folder than elsewhere."""

    name: str
    here: float
    """Share of the folder's captions that hold it, 0 to 1."""
    elsewhere: float
    """Share of all other captions, 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderDrift:
    """One folder against all others together."""

    folder: str
    """Inside the data set; ``.`` for the folder itself."""
    captions: int
    distance: float
    """Jensen–Shannon divergence of the tags, 0 (the same mixture) to 1 (nothing in common)."""
    tags: tuple[DriftedTag, ...]
    """Those that differ most, at least by a fifth of the captions."""


def folder_drift(captions: CaptionSet) -> tuple[FolderDrift, ...]:
    """Compare each folder with the rest; empty unless there are two folders or more.

    Folders of fewer than three captions are not compared, since chance rules there.
    """
    folders = [file.relative.rpartition("/")[0] or "." for file in captions.files]
    names = sorted(set(folders))
    if len(names) < 2:
        return ()
    index = {name: number for number, name in enumerate(names)}
    folder_of_file = np.array([index[folder] for folder in folders], dtype=np.int64)
    folder_of = folder_of_file[captions.file_of]
    rows, tags = captions.distinct
    sizes = np.bincount(folder_of, minlength=len(names))
    total = np.bincount(tags, minlength=len(captions.names))
    in_folder = folder_of[rows]
    found: list[FolderDrift] = []
    for number, name in enumerate(names):
        size = int(sizes[number])
        if size < _LEAST_CAPTIONS or size == captions.num_captions:
            continue
        here = np.bincount(tags[in_folder == number], minlength=len(total))
        found.append(
            FolderDrift(
                folder=name,
                captions=size,
                distance=jensen_shannon(here, total - here),
                tags=_drifted(captions, here / size, total - here, captions.num_captions - size),
            )
        )
    return tuple(sorted(found, key=lambda row: (-round(row.distance, 9), row.folder)))


def jensen_shannon(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Return the Jensen–Shannon divergence of two tables of counts, in bits.

    JSD = H((p + q) / 2) − (H(p) + H(q)) / 2 with H in base 2 (Lin 1991,
    doi:10.1109/18.61115), for p and q the counts divided by their sums.

    Returns:
        0 to 1; 0 when either table is empty.
    """
    if not first.sum() or not second.sum():
        return 0.0
    p, q = first / first.sum(), second / second.sum()
    divergence = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return min(max(divergence, 0.0), 1.0)


def _entropy(p: NDArray[np.float64]) -> float:
    present = p[p > 0]
    return float(-(present * np.log2(present)).sum())


def _drifted(
    captions: CaptionSet, here: NDArray[np.float64], others: NDArray[np.int64], num_others: int
) -> tuple[DriftedTag, ...]:
    elsewhere = others / num_others
    difference = np.abs(here - elsewhere)
    order = np.argsort(-difference, kind="stable")[:_TAGS_NAMED]
    return tuple(
        DriftedTag(name=captions.names[tag], here=float(here[tag]), elsewhere=float(elsewhere[tag]))
        for tag in order
        if difference[tag] >= _LEAST_DIFFERENCE
    )
