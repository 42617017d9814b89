"""The folder convention of the peers: ``10_class words`` trains every picture in it ten times."""

import re
from dataclasses import dataclass
from pathlib import PurePath

_REPEATS = re.compile(r"(\d+)_(.*)")
_YEARS = range(1900, 2100)


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderMeaning:
    """What the folders above a picture say about it."""

    repeats: int = 1
    class_words: str | None = None
    named: str | None = None
    """The folder name that said so; None in plain folders."""
    warning: str | None = None
    """Set where a name looks like the convention but is not taken as it."""


def folder_meaning(folders: PurePath) -> FolderMeaning:
    """Read ``N_class words`` from the nearest folder that is named so.

    Args:
        folders: The folders below the scanned one, down to the picture.

    Returns:
        Repeats and class words; those of a plain folder where no name fits. ``0_`` and numbers
        that look like a year are not taken as repeats.
    """
    for name in reversed(folders.parts):
        match = _REPEATS.fullmatch(name)
        if match is None:
            continue
        repeats, words = int(match[1]), match[2].strip()
        if repeats == 0 or repeats in _YEARS:
            return FolderMeaning(
                warning=f"folder {name!r} begins with {repeats}, which is not taken as a number of "
                "repeats; if it is meant so, write it as for instance 10_words"
            )
        return FolderMeaning(repeats=repeats, class_words=words or None, named=name)
    return FolderMeaning()
