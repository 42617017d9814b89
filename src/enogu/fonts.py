"""Fonts for labels in pictures: Pillow's own for Latin letters, the system's for Japanese."""

import functools
from pathlib import Path
from typing import Final, TypeAlias

from PIL import ImageFont

from enogu.errors import StorageError

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_LAST_LATIN: Final = 0x24F
# Fonts with Japanese letters as Linux, Windows and macOS name them; Pillow looks for the file in
# the system's font folders.
_WIDE_FONTS: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKjp-Regular.otf",
    "NotoSansJP-Regular.ttf",
    "YuGothM.ttc",
    "meiryo.ttc",
    "msgothic.ttc",
    "ヒラギノ角ゴシック W3.ttc",
    "Hiragino Sans GB.ttc",
    "ipaexg.ttf",
    "ipag.ttf",
    "TakaoGothic.ttf",
    "VL-Gothic-Regular.ttf",
    "DroidSansFallbackFull.ttf",
)


def is_latin(text: str) -> bool:
    """Say whether Pillow's own font has all letters of a text."""
    return all(ord(letter) <= _LAST_LATIN for letter in text)


@functools.cache
def wide_font() -> str | None:
    """Return the name of a font of this system that has Japanese letters, if there is one."""
    for name in _WIDE_FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None


def label_font(size_px: float, text: str = "", *, path: Path | None = None) -> Font:
    """Return a font for a label; letters that no font at hand has appear as boxes.

    Args:
        size_px: Height of the letters.
        text: What will be written, to choose by.
        path: A font file to use instead.

    Raises:
        StorageError: The font file cannot be read.
    """
    if path is not None:
        try:
            return ImageFont.truetype(path, size_px)
        except OSError as error:
            raise StorageError(f"{path}: is not a font that can be read ({error})") from error
    wide = None if is_latin(text) else wide_font()
    return ImageFont.load_default(size_px) if wide is None else ImageFont.truetype(wide, size_px)


def fitting_end(text: str, font: Font, width_px: int) -> str:
    """Return a text, or as much of its end as fits behind an ellipsis; file names differ there.

    Args:
        text: One line.
        font: What it is written in.
        width_px: How much room there is.
    """
    if font.getlength(text) <= width_px:
        return text
    while text and font.getlength("…" + text) > width_px:
        text = text[1:]
    return "…" + text
