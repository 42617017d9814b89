"""Caption files beside pictures: which text encodings they come in, and saying so."""

import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from enogu.errors import CaptionError

CAPTION_SUFFIXES: Final = (".txt", ".caption")
"""Endings of caption files; where a picture has both, the first counts."""

StemKey: TypeAlias = tuple[str, str]
"""Folder and stem of a file: what a picture and its caption share."""

_MAX_BYTES: Final = 1 << 20
_HALF_WIDTH_KATAKANA: Final = re.compile("[｡-ﾟ]")
# Python's decoder gives these for bytes that CP932 leaves undefined.
_NOT_IN_CP932: Final = re.compile("[\x80\xa0\uf8f0-\uf8f3]")


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptionText:
    """What a caption file holds."""

    text: str
    """Lines divided by newline signs, without blanks at either end; may be empty."""
    encoding: str
    """``utf-8``, ``utf-8-sig``, ``utf-16``, ``cp932`` (which holds Shift_JIS) or ``euc_jp``."""
    notes: tuple[str, ...]
    """What a person should know, in plain words; empty for ordinary UTF-8."""


def read_caption(path: Path) -> CaptionText:
    """Read a caption file, whatever encoding it is likely to be in.

    UTF-8 is tried first, since other encodings hardly ever pass for it by accident; then CP932,
    as Japanese Windows programs write.

    Args:
        path: The caption file.

    Returns:
        The text with its encoding.

    Raises:
        CaptionError: Missing, forbidden, too large for a caption, or not text.
    """
    text, encoding = decode_caption(path, read_caption_bytes(path))
    notes: list[str] = []
    if encoding != "utf-8":
        notes.append(f"caption read as {ENCODING_NAMES[encoding]}")
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        notes.append("caption file is empty")
    return CaptionText(text=text, encoding=encoding, notes=tuple(notes))


def read_caption_bytes(path: Path) -> bytes:
    """Return the bytes of a caption file.

    Raises:
        CaptionError: Missing, forbidden, a folder or device, or too large for a caption.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise CaptionError(
                f"{path}: is {kind}, not a caption", hint="Rename it or move it out of the folder."
            )
        if status.st_size > _MAX_BYTES:
            raise CaptionError(
                f"{path}: {status.st_size:,} bytes are too many for a caption "
                f"(at most {_MAX_BYTES:,})",
                hint="Is it a caption at all? If not, move it out of the folder.",
            )
        return path.read_bytes()
    except OSError as error:
        raise CaptionError(f"{path}: the caption cannot be read ({error.strerror})") from error


def stem_key(path: Path, stem: str | None = None) -> StemKey:
    """Return what a picture and its caption share; `stem` stands in for that of the path."""
    # Macs write decomposed names; "が.txt" must find "が.png" however either is spelt.
    return str(path.parent), unicodedata.normalize("NFC", path.stem if stem is None else stem)


def captions_by_stem(captions: Iterable[Path]) -> tuple[dict[StemKey, Path], list[str]]:
    """Choose one caption file for each stem.

    Returns:
        The files that count, and a warning for each that has another one beside it.
    """
    by_stem: defaultdict[StemKey, list[Path]] = defaultdict(list)
    for path in captions:
        by_stem[stem_key(path)].append(path)
    chosen: dict[StemKey, Path] = {}
    warnings: list[str] = []
    for key, paths in by_stem.items():
        paths.sort(key=lambda path: CAPTION_SUFFIXES.index(path.suffix.lower()))
        chosen[key] = paths[0]
        if len(paths) > 1:
            unused = ", ".join(path.name for path in paths[1:])
            warnings.append(f"{paths[0]}: used as caption; {unused} beside it is not")
    return chosen, warnings


ENCODING_NAMES: Final = {
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "cp932": "Shift_JIS (CP932)",
    "euc_jp": "EUC-JP",
}


def decode_caption(path: Path, data: bytes) -> tuple[str, str]:
    """Return the text of a caption file, line ends and blanks as they are, and its encoding.

    Args:
        path: Named in the error.
        data: All bytes of the file.

    Raises:
        CaptionError: The bytes are not text.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            text = _try_decode(data, encoding)
            if text is not None:
                return text, encoding
    if b"\0" not in data:
        text = _try_decode(data, "utf-8")
        if text is not None:
            return text, "utf-8"
        japanese = _decoded_japanese(data)
        if japanese is not None:
            return japanese
    raise CaptionError(
        f"{path}: is not text in UTF-8, UTF-16, Shift_JIS (CP932) or EUC-JP",
        hint="Open it in a text editor and save it as UTF-8.",
    )


def _decoded_japanese(data: bytes) -> tuple[str, str] | None:
    text = _try_decode(data, "cp932")
    if text is not None and _NOT_IN_CP932.search(text):
        text = None
    if text is None or _HALF_WIDTH_KATAKANA.search(text):
        # EUC-JP often passes for CP932, as a row of half-width katakana.
        other = _try_decode(data, "euc_jp")
        if other is not None:
            return other, "euc_jp"
    return None if text is None else (text, "cp932")


def _try_decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
