"""File names that every system can hold, and that no two pictures share on any of them."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

_FORBIDDEN: Final = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
_MAX_BYTES: Final = 200
"""Longest part of a path, in UTF-8; systems allow 255, and masks add an ending."""


def safe_place(place: PurePosixPath, suffix: str) -> PurePosixPath:
    """Return a place whose every part is a valid name on Windows, macOS and Linux.

    Args:
        place: Relative, without ``..``.
        suffix: The ending the file shall have, with its dot.

    Returns:
        Names in Unicode's composed form (NFC); signs that some system forbids become ``_``.
    """
    *folders, name = place.parts
    stem = name[: -len(place.suffix)] if place.suffix else name
    parts = [_safe_part(part) for part in folders]
    return PurePosixPath(*parts, _safe_part(stem, reserve=len(suffix)) + suffix)


def _safe_part(part: str, *, reserve: int = 0) -> str:
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", part)).strip().rstrip(". ")
    if text.startswith("."):
        # Names that begin with a dot are hidden, and a hidden picture is never found again.
        text = "_" + text[1:]
    if not text or _RESERVED.fullmatch(text):
        text = f"_{text}"
    while len(text.encode("utf-8")) > _MAX_BYTES - reserve:
        text = text[:-1].rstrip()
    return text


def stem_of(place: PurePosixPath) -> str:
    """Return what two places must not share: on some systems case does not tell names apart."""
    return unicodedata.normalize("NFC", str(place.with_suffix(""))).casefold()


def free_place(place: PurePosixPath, taken: set[str]) -> PurePosixPath:
    """Return the place, or the first of ``name-2``, ``name-3`` … whose stem is not taken."""
    number, free = 1, place
    while stem_of(free) in taken:
        number += 1
        free = place.with_name(f"{place.name.removesuffix(place.suffix)}-{number}{place.suffix}")
    return free
