"""A caption file as lines: what an edit does not touch keeps every byte."""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from enogu.errors import CaptionError
from enogu.tags.names import is_kaomoji, normal_name, spoken_name, unescaped
from enogu.tags.sidecar import ENCODING_NAMES, decode_caption, read_caption_bytes


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """One caption file as it was read."""

    path: Path
    """Absolute."""
    relative: str
    """Path inside the folder, with forward slashes."""
    text: str
    """All of it, line ends as they are, without a byte order mark."""
    encoding: str
    """As :class:`enogu.tags.sidecar.CaptionText` names it."""
    mark: bytes
    """Byte order mark, or nothing."""
    data: bytes
    """All bytes of the file."""

    def to_bytes(self, text: str) -> bytes:
        """Return `text` in the encoding of the file, with its byte order mark.

        Raises:
            CaptionError: The encoding has no place for a character.
        """
        try:
            return self.mark + text.encode(_CODECS.get(self.mark, self.encoding))
        except UnicodeEncodeError as error:
            raise CaptionError(
                f"{self.path}: {ENCODING_NAMES.get(self.encoding, self.encoding)}, the encoding "
                f"of this file, cannot hold {text[error.start : error.end]!r}",
                hint="Save the file as UTF-8 in a text editor, then run the command again.",
            ) from error


_CODECS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def read_caption_file(path: Path, relative: str) -> CaptionFile:
    """Read a caption file so that it can be written back with every byte in place.

    Raises:
        CaptionError: It cannot be read, or is not text.
    """
    data = read_caption_bytes(path)
    text, encoding = decode_caption(path, data)
    mark = b""
    if encoding in ("utf-8-sig", "utf-16"):
        mark = next(mark for mark in _CODECS if data.startswith(mark))
    return CaptionFile(
        path=path, relative=relative, text=text, encoding=encoding, mark=mark, data=data
    )


def split_lines(text: str) -> list[tuple[str, str]]:
    """Return the lines of a file, each as its text and its line end; at least one."""
    lines: list[tuple[str, str]] = []
    for whole in text.splitlines(keepends=True):
        line = whole.splitlines()[0]
        lines.append((line, whole[len(line) :]))
    return lines or [("", "")]


def caption_lines(lines: list[tuple[str, str]]) -> list[int]:
    """Return which lines are captions: those with text, or the first where none has any."""
    return [index for index, (text, _) in enumerate(lines) if text.strip()] or [0]


@lru_cache(maxsize=1 << 17)
def tag_key(text: str) -> str:
    r"""Return the normal name of a tag as a caption spells it (``Star \(symbol\)`` too)."""
    return normal_name(unescaped(text)) or text


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelling:
    """How a file spells tags, so that new ones fit in."""

    underscores: bool = False
    escaped: bool = False

    def spell(self, name: str) -> str:
        """Return a normal name as this file would write it."""
        text = name if self.underscores else spoken_name(name)
        return text.replace("(", "\\(").replace(")", "\\)") if self.escaped else text


def spelling_of(tags: Iterable[str], usual: Spelling | None = None) -> Spelling:
    """Return how these tags are spelt.

    Args:
        tags: As they stand in a caption file.
        usual: What holds where they do not show it: no underscores if left out.
    """
    under = blank = 0
    escaped = plain = False
    for tag in tags:
        if "_" in tag and not is_kaomoji(tag_key(tag)):
            under += 1
        if " " in tag:
            blank += 1
        escaped = escaped or "\\(" in tag
        plain = plain or "(" in tag.replace("\\(", "")
    usual = usual or Spelling()
    return Spelling(
        underscores=under > blank if under or blank else usual.underscores,
        escaped=escaped if escaped or plain else usual.escaped,
    )
