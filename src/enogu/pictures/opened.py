"""Opening a picture file: its content decides the format, and its header is checked.

All that can be wrong with a file is told here in one way, whatever Pillow raises for it.
"""

import contextlib
import struct
import threading
import warnings
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from enogu.errors import PictureError
from enogu.pictures.complete import first_gif_frame_is_whole
from enogu.pictures.orientation import UPRIGHT, exif_orientation
from enogu.pictures.sniff import FORMAT_SUFFIXES, SNIFF_BYTES, describe_foreign, sniff_format

# Opened through these classes and not through Image.open, whose size limit is one number for the
# whole process and only warns below its double.
_OPENERS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}

# What Pillow's decoders were seen to raise on damaged files.
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

_SAVE_ANEW = (
    "Copy or download the file again, or open it in a drawing program and save it as PNG; "
    "or take it out of the folder."
)


@dataclass(frozen=True, kw_only=True)
class OpenedPicture:
    """A picture whose header was read."""

    image: ImageFile.ImageFile
    handle: BinaryIO
    format: str
    orientation: int
    notes: list[str]


@contextlib.contextmanager
def open_picture(path: Path, max_megapixels: float) -> Generator[OpenedPicture]:
    """Open a picture file of any supported format.

    Args:
        path: The file; its name need not tell the true format.
        max_megapixels: Larger pictures are refused from their header, before memory is taken.

    Raises:
        PictureError: The file is missing, empty, not a picture, damaged in its header, or too
            large.
    """
    with _quiet_pillow, _open_file(path) as handle:
        head = handle.read(SNIFF_BYTES)
        handle.seek(0)
        kind = _checked_format(path, head)
        if kind == "WebP":
            # Its decoder takes memory for the whole canvas as soon as it is opened.
            _check_size(path, _webp_size(head), max_megapixels)
        try:
            image = _OPENERS[kind](handle)
            frames = _frame_notes(image, kind)
            if kind == "GIF" and not first_gif_frame_is_whole(handle):
                raise EOFError("its data end too early")
        except _DECODE_ERRORS as error:
            raise PictureError(
                f"{path}: begins like a {kind} picture but cannot be understood ({error})",
                hint=_SAVE_ANEW,
            ) from error
        with image:
            _check_size(path, image.size, max_megapixels)
            notes = _name_notes(path, kind)
            orientation = _orientation(image, handle, notes)
            notes += frames
            yield OpenedPicture(
                image=image, handle=handle, format=kind, orientation=orientation, notes=notes
            )


@contextlib.contextmanager
def decoding(path: Path, opened: OpenedPicture) -> Generator[None]:
    """Turn what decoding raises for damaged files into one error.

    Raises:
        PictureError: The file is damaged or cut off.
    """
    try:
        yield
    except _DECODE_ERRORS as error:
        width, height = opened.image.size
        raise PictureError(
            f"{path}: the {opened.format} picture ({width}x{height}) is damaged or cut off "
            f"before its end ({error})",
            hint=_SAVE_ANEW,
        ) from error


def _open_file(path: Path) -> BinaryIO:
    try:
        if not path.exists():
            raise PictureError(
                f"{path}: there is no such file",
                hint="Check the spelling; a link may point to a file that is gone.",
            )
        if not path.is_file():
            # Opening a pipe would wait for ever.
            raise PictureError(
                f"{path}: is not a file but a folder or a device",
                hint="Take it out of the folder of pictures, or give it another name.",
            )
        return path.open("rb")
    except OSError as error:
        raise PictureError(
            f"{path}: cannot be opened ({error.strerror})",
            hint="Check that you may read it and that no other program holds it.",
        ) from error


def _checked_format(path: Path, head: bytes) -> str:
    if not head:
        raise PictureError(f"{path}: the file is empty (0 bytes)", hint=_SAVE_ANEW)
    kind = sniff_format(head)
    if kind is None:
        raise PictureError(
            f"{path}: is not a picture that can be read; it is {describe_foreign(head)}",
            hint=f"Readable are {', '.join(FORMAT_SUFFIXES)}. Export it as PNG, or take it out "
            "of the folder.",
        )
    return kind


def _check_size(path: Path, size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{path}: says that it is {width}x{height} pixels", hint=_SAVE_ANEW)
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise PictureError(
            f"{path}: {width}x{height} is {megapixels:.0f} megapixels, and at most "
            f"{max_megapixels:g} are read, so that no file can fill the memory",
            hint="Make it smaller, or raise pictures.max_megapixels if it is truly so large.",
        )


def _webp_size(head: bytes) -> tuple[int, int]:
    # https://developers.google.com/speed/webp/docs/riff_container, sections VP8, VP8L, VP8X
    if head[12:16] == b"VP8X":
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return (
        int.from_bytes(head[26:28], "little") & 0x3FFF,
        int.from_bytes(head[28:30], "little") & 0x3FFF,
    )


def _name_notes(path: Path, kind: str) -> list[str]:
    suffix = path.suffix.lower()
    if suffix in FORMAT_SUFFIXES[kind]:
        return []
    return [f"is a {kind} picture although its name ends in {path.suffix or 'nothing'!r}"]


def _orientation(image: Image.Image, handle: BinaryIO, notes: list[str]) -> int:
    try:
        orientation = exif_orientation(image, handle)
    except _DECODE_ERRORS:
        notes.append("its EXIF block is damaged: taken as upright")
        return UPRIGHT
    if orientation != UPRIGHT:
        notes.append(f"turned upright as its EXIF says (orientation {orientation})")
    return orientation


def _frame_notes(image: Image.Image, kind: str) -> list[str]:
    count = getattr(image, "n_frames", 1)
    if count <= 1:
        return []
    return [f"first of {count} {'pages' if kind == 'TIFF' else 'frames'}"]


class _QuietPillow:
    """Keeps Pillow's remarks on odd files out of the terminal; our notes say what matters.

    `warnings.catch_warnings` alone is not safe when threads read at the same time: the first to
    end would bring the warnings back for all, or the last would leave them off for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._saved: warnings.catch_warnings[None] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._readers == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._readers += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0 and self._saved is not None:
                self._saved.__exit__(None, None, None)
                self._saved = None


_quiet_pillow = _QuietPillow()
