"""Judging the quality of a picture for training."""

import math
from typing import Final

from enogu.pictures.pixels import Pixels
from enogu.pictures.quality.measures import (
    blocks,
    brightness,
    drawn_share,
    noise,
    pixel_size,
    sharpness,
    to_grey,
)
from enogu.pictures.quality.model import Fault, Finding, Measures, Quality, QualitySettings
from enogu.pictures.quality.text import text_share

VERSION: Final = 1
"""Rises when the same picture and settings give another result."""


def judge_quality(pixels: Pixels, alpha: Pixels | None, settings: QualitySettings) -> Quality:
    """Look for faults that would be learned.

    Args:
        pixels: uint8 [H, W, 3], transparent parts laid on a colour.
        alpha: Not looked at; the signature is that of every step.
        settings: The limits.

    Returns:
        The faults with what they were read from.
    """
    del alpha
    height, width = pixels.shape[:2]
    grey = to_grey(pixels)
    enlargement = max(1.0, settings.resolution_px / math.sqrt(width * height))
    measures = Measures(
        sharpness=sharpness(grey),
        blocks=blocks(grey),
        noise=noise(grey),
        brightness=brightness(grey),
        drawn=drawn_share(pixels),
        text=text_share(grey),
        pixel_size=pixel_size(grey),
        enlargement=enlargement,
    )
    return Quality(findings=tuple(_findings(width, height, measures, settings)), measures=measures)


def _findings(width: int, height: int, found: Measures, settings: QualitySettings) -> list[Finding]:
    tests: list[tuple[bool, Fault, str]] = [
        (
            min(width, height) < settings.min_side_px,
            "too-small",
            f"{width}x{height}: its shorter side is under {settings.min_side_px} pixels",
        ),
        (
            settings.resolution_px > 0 and found.enlargement > settings.max_enlargement,
            "too-small",
            f"{width}x{height} must be enlarged {found.enlargement:.1f} times to be trained at "
            f"{settings.resolution_px} (limit {settings.max_enlargement:g})",
        ),
        *_softness(found, settings),
        (
            found.blocks > settings.max_blocks,
            "blocky",
            f"the blocks of strong JPEG compression show ({found.blocks:.2f}, limit "
            f"{settings.max_blocks:g})",
        ),
        (
            found.noise > settings.max_noise,
            "noisy",
            f"noise of {found.noise:.1f} grey levels (limit {settings.max_noise:g})",
        ),
        (
            found.brightness < settings.dark_below,
            "dark",
            f"its lightest parts reach {found.brightness:.0f} of 255 (limit "
            f"{settings.dark_below:g})",
        ),
        (
            found.drawn < settings.empty_below,
            "empty",
            f"{found.drawn:.2%} of it has anything drawn in it (limit {settings.empty_below:.2%})",
        ),
        (
            found.text > settings.max_text,
            "text-heavy",
            f"lines of text cover {found.text:.1%} of it (limit {settings.max_text:.1%})",
        ),
    ]
    return [Finding(fault=fault, message=message) for is_so, fault, message in tests if is_so]


def _softness(found: Measures, settings: QualitySettings) -> list[tuple[bool, Fault, str]]:
    value = found.sharpness
    if value is None:
        return []
    blurred = value < settings.blurred_below
    return [
        (
            blurred,
            "blurred",
            f"blurred: sharpness {value:.2f} (limit {settings.blurred_below:g})",
        ),
        (
            not blurred and value < settings.enlarged_below,
            "enlarged",
            "its detail is that of a picture a third as wide: enlarged, or softly blurred "
            f"(sharpness {value:.2f}, limit {settings.enlarged_below:g})",
        ),
    ]
