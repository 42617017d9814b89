"""From any of Pillow's pixel modes to 8-bit sRGB with an optional alpha channel."""

import io
import re
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageCms
from PIL.ImageCms import ImageCmsProfile

from enogu.errors import ConfigError

Pixels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
"""uint8 [H, W, 3] colour or [H, W] alpha, mask."""

Colour: TypeAlias = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

WHITE = "#ffffff"

_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_PROFILE_SPACE = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_ROWS_AT_ONCE = 256


def parse_colour(text: str) -> Colour:
    """Turn ``"#rrggbb"`` into a :data:`Colour`.

    Raises:
        ConfigError: Not a hash sign and six hexadecimal digits.
    """
    if re.fullmatch("#[0-9a-fA-F]{6}", text) is None:
        raise ConfigError(f"a colour is written #rrggbb, for instance {WHITE}; got {text!r}")
    value = int(text[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def may_have_alpha(image: Image.Image) -> bool:
    """Tell from the header whether a picture can have transparent parts."""
    return image.mode in _ALPHA_MODES or "transparency" in image.info


def profile_name(image: Image.Image) -> str | None:
    """Return what the colour profile of an opened picture calls itself, if it has one."""
    data = image.info.get("icc_profile")
    if not data:
        return None
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(data))
        return ImageCms.getProfileDescription(profile).strip() or None
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def to_srgb(image: Image.Image) -> tuple[Image.Image, Pixels | None, list[str]]:
    """Convert a decoded picture to 8-bit sRGB.

    16-bit values are scaled, not cut; palettes, CMYK, Lab and grey become RGB; an embedded ICC
    profile is applied.

    Args:
        image: A loaded picture in any mode Pillow can decode.

    Returns:
        Colours in the mode RGB (hidden colours under transparent parts still in them), alpha uint8
        [H, W] or None where everything is opaque, and notes on what was converted.
    """
    notes: list[str] = []
    image, alpha = _split_alpha(_to_eight_bits(image, notes))
    colour = _apply_profile(image, notes)
    if alpha is not None and alpha.min() == 255:
        alpha = None
    return colour, alpha, notes


def flatten(colour: Pixels, alpha: Pixels | None, background: Colour) -> Pixels:
    """Lay a picture over one colour, as drawing programs do (in sRGB values, not linear light).

    Args:
        colour: uint8 [H, W, 3].
        alpha: uint8 [H, W], or None for opaque.
        background: The colour below.

    Returns:
        uint8 [H, W, 3]. What is hidden under alpha 0 leaves no trace.
    """
    if alpha is None:
        return colour
    out = np.empty_like(colour)
    below = np.asarray(background, dtype=np.uint16)
    for top in range(0, len(colour), _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        weight = alpha[rows, :, None].astype(np.uint16)
        # 255 * 255 + 127 still fits 16 bits.
        out[rows] = (colour[rows] * weight + below * (255 - weight) + 127) // 255
    return out


def _to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint32)
        notes.append("16 bits per channel scaled to 8")
        return _grey((values * 255 + 32767) // 65535, values, image)
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        # Neither mode states its range: integers are nearly always 16-bit grey, floats 0 to 1.
        usual = 65535.0 if image.mode == "I" else 1.0
        top = max(usual, float(values.max(initial=0.0)))
        notes.append(f"grey values from 0 to {top:g} scaled to 8 bits")
        return _grey(np.clip(values / top, 0, 1) * 255 + 0.5, values, image)
    return image


def _grey(
    eight_bits: np.ndarray[Any, Any], values: np.ndarray[Any, Any], image: Image.Image
) -> Image.Image:
    grey = Image.fromarray(eight_bits.astype(np.uint8))
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    grey.info["icc_profile"] = image.info.get("icc_profile")
    return grey


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Pixels | None]:
    """Return the picture as RGB, L or CMYK with its profile kept, and its alpha apart."""
    profile = image.info.get("icc_profile")
    alpha = None
    if image.mode in ("LA", "La"):
        image = image.convert("LA")
        image, channel = image.getchannel("L"), image.getchannel("A")
        alpha = np.asarray(channel, dtype=np.uint8)
    elif may_have_alpha(image):
        image = _in_mode(image, "RGBA")
        alpha = np.asarray(image.getchannel("A"), dtype=np.uint8)
        image = image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode == "LAB":
        srgb = ImageCmsProfile(ImageCms.createProfile("sRGB"))
        lab = ImageCmsProfile(ImageCms.createProfile("LAB"))
        image = _transformed(image, lab, srgb)
        profile = None
    elif image.mode not in _PROFILE_SPACE:
        image = image.convert("RGB")
    image.info["icc_profile"] = profile
    return image, alpha


def _apply_profile(image: Image.Image, notes: list[str]) -> Image.Image:
    data = image.info.get("icc_profile")
    if image.mode == "CMYK":
        notes.append("printing colours (CMYK) converted")
    if not data:
        return _in_mode(image, "RGB")
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(data))
        # ICC.1:2022, 7.2: bytes 16 to 19 of the header name the colour space of the device.
        space = data[16:20].decode("latin-1").strip()
        if (image.mode, space) == ("L", "RGB"):
            # Programs that turn a picture grey often leave its old profile in the file.
            image = image.convert("RGB")
        if space != _PROFILE_SPACE[image.mode]:
            notes.append(f"its colour profile is for {space}, not for this picture: ignored")
            return image.convert("RGB")
        srgb = ImageCmsProfile(ImageCms.createProfile("sRGB"))
        if image.mode == "RGB" and _is_srgb(data):
            return image
        converted = _transformed(image, profile, srgb)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        notes.append(f"its colour profile cannot be used ({error}): ignored")
        return image.convert("RGB")
    notes.append("colour profile converted to sRGB")
    return converted


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    # Pillow copies the whole picture even when it has the mode already.
    return image if image.mode == mode else image.convert(mode)


def _transformed(
    image: Image.Image, source: ImageCmsProfile, target: ImageCmsProfile
) -> Image.Image:
    converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    if converted is None:
        raise ValueError("the conversion gave no picture")
    return converted


@lru_cache(maxsize=32)
def _is_srgb(data: bytes) -> bool:
    """Tell by trying: a profile that moves no colour by more than two levels is sRGB."""
    profile = ImageCms.getOpenProfile(io.BytesIO(data))
    srgb = ImageCmsProfile(ImageCms.createProfile("sRGB"))
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    moved = np.asarray(_transformed(Image.fromarray(cube), profile, srgb))
    return int(np.abs(moved.astype(int) - cube).max()) <= 2
