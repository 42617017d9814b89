"""One loader for all steps: whatever a picture file holds becomes upright 8-bit sRGB.

Order: content decides the format → size checked from the header → decode → ICC to sRGB →
16 bit to 8 → composite on the background (alpha kept apart) → EXIF orientation.
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

import numpy as np
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
from enogu.pictures.complete import first_gif_frame_is_whole, looks_complete
from enogu.pictures.orientation import UPRIGHT, exif_orientation, swaps_sides, turn_upright
from enogu.pictures.pixels import (
    WHITE,
    Colour,
    Pixels,
    flatten,
    may_have_alpha,
    parse_colour,
    profile_name,
    to_srgb,
)
from enogu.pictures.plain_png import decode_plain_png
from enogu.pictures.sniff import FORMAT_SUFFIXES, SNIFF_BYTES, describe_foreign, sniff_format

DEFAULT_MAX_MEGAPIXELS = 100.0

LOADER_VERSION = 1
"""Raise when the pixels that a file gives change, so that what was made from them is made anew."""

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture, upright, in sRGB, laid on the background."""

    pixels: Pixels
    """uint8 [H, W, 3]."""
    alpha: Pixels | None
    """uint8 [H, W], 255 = opaque; None where the picture is opaque throughout."""
    format: str
    """By content: PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF."""
    orientation: int
    """As stored in the file, EXIF 1 to 8; `pixels` are upright whatever it says."""
    profile: str | None
    """What the embedded colour profile calls itself; None where there is none to be read."""
    prompt: str | None
    """The positive prompt that a drawing program of AI pictures left in the file, if any."""
    notes: tuple[str, ...]
    """What was repaired or converted, in plain words."""

    @property
    def width(self) -> int:
        """Width in pixels, after turning upright."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels, after turning upright."""
        return self.pixels.shape[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """A picture in sRGB as it is stored: not turned upright yet, and not laid on a background."""

    colour: Image.Image | Pixels
    """RGB; what is hidden under transparent parts is still in it."""
    alpha: Pixels | None
    """uint8 [H, W], 255 = opaque; None where the picture is opaque throughout."""
    extent: tuple[float, float]
    """Width and height of the stored picture in pixels of `colour`; less than whole pixels only
    where it was decoded smaller."""
    size: tuple[int, int]
    """Width and height of the stored picture in its own pixels."""
    format: str
    orientation: int
    profile: str | None
    prompt: str | None
    notes: tuple[str, ...]

    @property
    def image(self) -> Image.Image:
        """The colours for Pillow."""
        return self.colour if isinstance(self.colour, Image.Image) else Image.fromarray(self.colour)


@dataclass(frozen=True, kw_only=True)
class PictureHeader:
    """What the header of a picture says, without decoding it."""

    width: int
    """Pixels, after turning upright."""
    height: int
    """Pixels, after turning upright."""
    format: str
    has_alpha: bool
    """Whether it can have transparent parts; a decoded one may prove opaque."""
    prompt: str | None
    """The positive prompt that a drawing program of AI pictures left in the file, if any."""
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Opened:
    image: ImageFile.ImageFile
    handle: BinaryIO
    format: str
    orientation: int
    notes: list[str]


def read_picture(
    path: Path, *, background: str = WHITE, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
) -> Picture:
    """Read a picture file of any supported format.

    Args:
        path: The file; its name need not tell the true format.
        background: The colour put behind transparent parts, as ``#rrggbb``.
        max_megapixels: Larger pictures are refused from their header, before memory is taken.

    Returns:
        The picture, upright, 8-bit sRGB, flattened.

    Raises:
        PictureError: The file is missing, empty, not a picture, damaged, or too large.
        ConfigError: `background` is not a colour.
    """
    below = parse_colour(background)
    return upright(decode_picture(path, max_megapixels=max_megapixels), below)


def upright(decoded: Decoded, background: Colour) -> Picture:
    """Return a decoded picture as it is meant to be seen, laid on a background."""
    colour = np.asarray(decoded.colour, dtype=np.uint8)
    pixels = turn_upright(flatten(colour, decoded.alpha, background), decoded.orientation)
    alpha = decoded.alpha
    return Picture(
        pixels=pixels,
        alpha=None if alpha is None else turn_upright(alpha, decoded.orientation),
        format=decoded.format,
        orientation=decoded.orientation,
        profile=decoded.profile,
        prompt=decoded.prompt,
        notes=decoded.notes,
    )


def decode_picture(
    path: Path,
    *,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    least: tuple[int, int] | None = None,
) -> Decoded:
    """Decode a picture file of any supported format.

    Args:
        path: The file.
        max_megapixels: Larger pictures are refused from their header, before memory is taken.
        least: A smaller picture will do, but it must be at least this wide and high, once upright.
            JPEG files then decode to a half, a quarter or an eighth at once, which leaves out
            frequencies instead of averaging pixels; other formats decode whole.

    Raises:
        PictureError: As :func:`read_picture`.
    """
    with _opened(path, max_megapixels) as opened:
        size = opened.image.size
        extent = _drafted(opened, least)
        with _decoding(path, opened):
            colour, alpha, converted = _to_srgb(opened)
        return Decoded(
            colour=colour,
            alpha=alpha,
            extent=extent,
            size=size,
            format=opened.format,
            orientation=opened.orientation,
            profile=profile_name(opened.image),
            prompt=_embedded_prompt(opened.image),
            notes=(*opened.notes, *converted),
        )


def _drafted(opened: _Opened, least: tuple[int, int] | None) -> tuple[float, float]:
    """Let a picture decode smaller where it can; return what its sides will be."""
    image, found = opened.image, None
    if least is not None and swaps_sides(opened.orientation):
        least = least[1], least[0]
    if least is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        # None: the colours stay as they are stored.
        found = image.draft(None, least)
    if found is None:
        return float(image.width), float(image.height)
    _, (_, _, width, height) = found
    return float(width), float(height)


def _to_srgb(opened: _Opened) -> tuple[Image.Image | Pixels, Pixels | None, list[str]]:
    stored = opened.image
    pixels = decode_plain_png(stored, opened.handle) if opened.format == "PNG" else None
    if pixels is None:
        stored.load()
        return to_srgb(stored)
    profile = stored.info.get("icc_profile")
    if stored.mode == "RGB" and not profile:
        return pixels, None, []
    image = Image.fromarray(pixels)
    image.info["icc_profile"] = profile
    return to_srgb(image)


def read_header(
    path: Path, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS, verify: bool = False
) -> PictureHeader:
    """Read size, format and notes of a picture; cheap, because nothing is decoded.

    Args:
        path: The file.
        max_megapixels: Larger pictures are refused.
        verify: Decode as well, to be sure that the whole file is sound. Without it a file is
            decoded only when its end looks cut off.

    Raises:
        PictureError: As :func:`read_picture`; damage inside the file is found only by `verify`.
    """
    with _opened(path, max_megapixels) as opened:
        image = opened.image
        width, height = image.size
        has_alpha = may_have_alpha(image)
        if verify or not looks_complete(opened.handle, opened.format):
            with _decoding(path, opened):
                image.load()
                if has_alpha:
                    has_alpha = to_srgb(image)[1] is not None
        if swaps_sides(opened.orientation):
            width, height = height, width
        return PictureHeader(
            width=width,
            height=height,
            format=opened.format,
            has_alpha=has_alpha,
            prompt=_embedded_prompt(image),
            notes=tuple(opened.notes),
        )


@contextlib.contextmanager
def _opened(path: Path, max_megapixels: float) -> Generator[_Opened]:
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
            yield _Opened(
                image=image, handle=handle, format=kind, orientation=orientation, notes=notes
            )


@contextlib.contextmanager
def _decoding(path: Path, opened: _Opened) -> Generator[None]:
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


def _embedded_prompt(image: Image.Image) -> str | None:
    text = image.info.get("parameters")
    if not isinstance(text, str):
        return None
    for mark in ("\nNegative prompt:", "\nSteps:"):
        text = text.partition(mark)[0]
    return text.strip() or None


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
