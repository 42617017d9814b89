"""The grams of many rows at once: what the index stores as posting lists."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.grams import Place, UInt32s, grams
from enogu.tags.search.rows import Kind

_NEWLINE: Final = np.uint32(ord("\n"))
_BLANK: Final = np.uint32(ord(" "))

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
UInt8s = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


def gram_pairs(texts: Sequence[str], kinds: bytes | bytearray) -> Int64s:
    """Return ``gram << 32 | row`` for every gram of every row, in no order, some more than once.

    Args:
        texts: Folded texts; their places are the numbers of the rows.
        kinds: The kind of each row.
    """
    kind_of = np.frombuffer(kinds, dtype=np.uint8)
    ideographic = kind_of & Kind.IDEOGRAPHIC > 0
    return np.concatenate(
        [
            _plain_pairs(texts, np.flatnonzero(~ideographic).astype(np.int32), kind_of),
            _ideographic_pairs(texts, np.flatnonzero(ideographic).astype(np.int32)),
        ]
    )


class _Pairs:
    """Collects ``gram << 32 | row``."""

    def __init__(self) -> None:
        self.pieces: list[Int64s] = []

    def add(self, place: int, where: Bools, owners: Int32s, *columns: UInt32s) -> None:
        """Add the grams of one place for all positions where `where` is true."""
        self.put(grams(place, *(column[where] for column in columns)), owners[where])

    def put(self, keys: UInt32s, owners: Int32s) -> None:
        """Add grams with their rows."""
        self.pieces.append(keys.astype(np.int64) << 32 | owners)

    def joined(self) -> Int64s:
        """Return all of them."""
        return np.concatenate(self.pieces) if self.pieces else np.empty(0, dtype=np.int64)


def _signs(texts: Sequence[str], numbers: Int32s) -> tuple[UInt32s, Int32s]:
    """Return the characters of rows, a newline before and after each, and whose each is."""
    places: list[int] = numbers.tolist()
    joined = "\n" + "\n".join([texts[place] for place in places]) + "\n\n"
    signs = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    # The newline before a text belongs to its row; those at the end belong to none.
    owners = np.append(numbers, np.int32(-1))
    return signs, owners[np.minimum(np.cumsum(signs == _NEWLINE) - 1, len(numbers))]


def _plain_pairs(texts: Sequence[str], numbers: Int32s, kinds: UInt8s) -> Int64s:
    pairs = _Pairs()
    if not numbers.size:
        return pairs.joined()
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
    return pairs.joined()


def _ideographic_pairs(texts: Sequence[str], numbers: Int32s) -> Int64s:
    pairs = _Pairs()
    if not numbers.size:
        return pairs.joined()
    signs, owners = _signs(texts, numbers)
    first, second, _ = _add_ends(pairs, signs, owners)
    solid = second != _NEWLINE
    pairs.add(Place.SIGN, solid, owners[:-2], second)
    pairs.add(Place.SIGN, solid & (first != _NEWLINE), owners[:-2], first, second)
    return pairs.joined()


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
