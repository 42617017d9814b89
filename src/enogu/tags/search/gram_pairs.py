"""The grams of many rows at once: what the index stores as posting lists."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.grams import Place, UInt32s, grams
from enogu.tags.search.rows import Bytes, Int32s, Kind

_NEWLINE: Final = np.uint32(ord("\n"))
_BLANK: Final = np.uint32(ord(" "))

Bools = npt.NDArray[np.bool_]


def gram_pairs(texts: Sequence[str], kinds: Bytes, first: int = 0) -> tuple[UInt32s, Int32s]:
    """Return every gram of every row, as (grams, rows), in no order, some more than once.

    Args:
        texts: Folded texts of rows that follow each other.
        kinds: The kind of each row.
        first: Number of the first row.
    """
    ideographic = kinds & Kind.IDEOGRAPHIC > 0
    pairs = _Pairs()
    _add_plain(pairs, texts, np.flatnonzero(~ideographic).astype(np.int32), kinds)
    _add_ideographic(pairs, texts, np.flatnonzero(ideographic).astype(np.int32))
    grams, rows = pairs.joined()
    return grams, rows + np.int32(first)


class _Pairs:
    """Collects grams with their rows."""

    def __init__(self) -> None:
        self._grams: list[UInt32s] = []
        self._rows: list[Int32s] = []

    def add(self, place: int, where: Bools, owners: Int32s, *columns: UInt32s) -> None:
        """Add the grams of one place for all positions where `where` is true."""
        self.put(grams(place, *(column[where] for column in columns)), owners[where])

    def put(self, keys: UInt32s, owners: Int32s) -> None:
        """Add grams with their rows."""
        self._grams.append(keys)
        self._rows.append(owners)

    def joined(self) -> tuple[UInt32s, Int32s]:
        """Return all of them."""
        none = np.empty(0, dtype=np.int32)
        return (
            np.concatenate([none.astype(np.uint32), *self._grams]),
            np.concatenate([none, *self._rows]),
        )


def _signs(texts: Sequence[str], numbers: Int32s) -> tuple[UInt32s, Int32s]:
    """Return the characters of rows, a newline before and after each, and whose each is."""
    places: list[int] = numbers.tolist()
    joined = "\n" + "\n".join([texts[place] for place in places]) + "\n\n"
    signs = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    # The newline before a text belongs to its row; those at the end belong to none.
    owners = np.append(numbers, np.int32(-1))
    return signs, owners[np.minimum(np.cumsum(signs == _NEWLINE) - 1, len(numbers))]


def _add_plain(pairs: _Pairs, texts: Sequence[str], numbers: Int32s, kinds: Bytes) -> None:
    if not numbers.size:
        return
    signs, owners = _signs(texts, numbers)
    first, second, third = signs[:-2], signs[1:-1], signs[2:]
    first, third = _blanks(first), _blanks(third)
    inside = (second != _BLANK) & (second != _NEWLINE)
    starts = inside & (first == _BLANK)
    edges = inside & ((first == _BLANK) | (third == _BLANK))
    pairs.add(Place.INSIDE, edges, owners[:-2], first, second, third)
    pairs.add(Place.WORD, starts, owners[:-2], second)
    _add_initials(pairs, second[starts], owners[:-2][starts], kinds[numbers] <= Kind.ALIAS)
    solid = signs != _BLANK
    first, second, third = _add_ends(pairs, signs[solid], owners[solid])
    middle = (first != _NEWLINE) & (second != _NEWLINE) & (third != _NEWLINE)
    pairs.add(Place.INSIDE, middle, owners[solid][:-2], first, second, third)


def _add_ideographic(pairs: _Pairs, texts: Sequence[str], numbers: Int32s) -> None:
    if not numbers.size:
        return
    signs, owners = _signs(texts, numbers)
    first, second, _ = _add_ends(pairs, signs, owners)
    solid = second != _NEWLINE
    pairs.add(Place.SIGN, solid, owners[:-2], second)
    pairs.add(Place.SIGN, solid & (first != _NEWLINE), owners[:-2], first, second)


def _add_ends(pairs: _Pairs, signs: UInt32s, owners: Int32s) -> tuple[UInt32s, UInt32s, UInt32s]:
    first, second, third, owners = signs[:-2], signs[1:-1], signs[2:], owners[:-2]
    starts, solid = first == _NEWLINE, second != _NEWLINE
    pairs.add(Place.HEAD, starts & solid, owners, second)
    pairs.add(Place.HEAD, starts & solid & (third != _NEWLINE), owners, second, third)
    pairs.add(Place.END, solid & (third == _NEWLINE), owners, first, second)
    return first, second, third


def _add_initials(pairs: _Pairs, letters: UInt32s, owners: Int32s, allowed: Bools) -> None:
    """Add the first letters of names of two words, and of the first three of longer ones."""
    firsts = np.flatnonzero(np.diff(owners, prepend=np.int32(-1)))
    sizes = np.diff(firsts, append=len(owners))
    two, more = firsts[allowed & (sizes == 2)], firsts[allowed & (sizes > 2)]
    pairs.put(grams(Place.INITIALS, letters[two], letters[two + 1]), owners[two])
    pairs.put(
        grams(Place.INITIALS, letters[more], letters[more + 1], letters[more + 2]), owners[more]
    )


def _blanks(signs: UInt32s) -> UInt32s:
    return np.where(signs == _NEWLINE, _BLANK, signs)
