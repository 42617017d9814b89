"""The pieces of text that the index knows, as numbers.

A gram is up to three neighbouring characters with the place where they stand. It is hashed to
24 bits, which keeps the keys small; two grams that share a number only cost a comparison, because
every row found is compared with the query itself.

The same formula exists for one query (Python integers) and for all rows (numpy).
"""

import zlib
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

HASH_BITS: Final = 24
_MASK: Final = 0xFFFFFFFF
_FACTORS: Final = (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F)
_SHIFT: Final = 15
_SPREAD: Final = 0x2C1B3C6D

UInt32s = npt.NDArray[np.uint32]


class Place:
    """Where the characters of a gram stand. Plain numbers: a search asks for hundreds."""

    INSIDE: Final = 1
    """Three in a row, blanks left out; or a blank with the first or last two of a word."""
    WORD: Final = 2
    """The first character of a word."""
    HEAD: Final = 3
    """The first one or two characters of the whole text."""
    END: Final = 4
    """The last two characters of the whole text."""
    SIGN: Final = 5
    """One or two neighbours of ideographic text."""
    INITIALS: Final = 6
    """First letters of the first words: two for two words, three for more."""


@lru_cache(maxsize=1 << 16)
def gram(place: int, signs: str) -> int:
    """Return the key of up to three characters at a place, 0 to 2**24 − 1."""
    code = place * _FACTORS[0]
    for factor, sign in zip(_FACTORS[1:], signs, strict=False):
        code += factor * ord(sign)
    code &= _MASK
    code ^= code >> _SHIFT
    return ((code * _SPREAD) & _MASK) >> (32 - HASH_BITS)


def grams(place: int, *columns: UInt32s) -> UInt32s:
    """Return the keys of many grams at one place, one column per character."""
    code = np.full(columns[0].shape, (place * _FACTORS[0]) & _MASK, dtype=np.uint32)
    for factor, column in zip(_FACTORS[1:], columns, strict=False):
        code += np.uint32(factor) * column
    code ^= code >> np.uint32(_SHIFT)
    code *= np.uint32(_SPREAD)
    return code >> np.uint32(32 - HASH_BITS)


def word_key(word: str) -> int:
    """Return the key of a whole word of an explanation, 0 to 2**24 − 1."""
    return zlib.crc32(word.encode()) >> (32 - HASH_BITS)


def inside_grams(text: str) -> list[int]:
    """Return the keys of all three neighbours in text without blanks; none when shorter."""
    return [gram(Place.INSIDE, text[i : i + 3]) for i in range(len(text) - 2)]


def sign_grams(text: str) -> list[int]:
    """Return the keys of all pairs of ideographic text, or of its only character."""
    if len(text) == 1:
        return [gram(Place.SIGN, text)]
    return [gram(Place.SIGN, text[i : i + 2]) for i in range(len(text) - 1)]


def word_grams(word: str) -> list[int]:
    """Return the keys that a text with a word starting so must have."""
    if len(word) == 1:
        return [gram(Place.WORD, word)]
    return [gram(Place.INSIDE, " " + word[:2]), *inside_grams(word)]


def head_grams(text: str, *, ideographic: bool) -> list[int]:
    """Return the keys that a text starting so must have."""
    pieces = sign_grams(text) if ideographic else inside_grams(text)
    return [gram(Place.HEAD, text[:2]), *pieces]


def end_gram(text: str) -> int:
    """Return the key of a text that ends so; one character counts as preceded by nothing."""
    return gram(Place.END, text[-2:] if len(text) > 1 else "\n" + text)
