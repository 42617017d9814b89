"""Telling subject from background: by alpha, by a flat rim, by a smooth rim, or not at all."""

from typing import Final

import numpy as np
from PIL import Image

from enogu.pictures.background.edge import soften, take_out_background
from enogu.pictures.background.model import Background, BackgroundSettings, Method
from enogu.pictures.background.rim import read_rim
from enogu.pictures.background.spread import Spread, spread_from_rim
from enogu.pictures.box import Box
from enogu.pictures.pixels import Colour, Pixels, parse_colour
from enogu.pictures.regions_of_mask import Mask, grow, shrink

VERSION: Final = 1
"""Rises when the same picture and settings give another result."""

_MIN_CLEAR: Final = 0.02
_FRAME_FILL: Final = 0.9
_FRAME_SHARE: Final = 0.55
_FAINT: Final = 1.5
_MAX_FAINT_SHARE: Final = 0.3
_COLOUR_SAMPLES: Final = 40_000
_HALF: Final = 128


def find_background(
    pixels: Pixels, alpha: Pixels | None, settings: BackgroundSettings
) -> Background:
    """Find the subject of a picture without any model.

    Args:
        pixels: uint8 [H, W, 3], the picture laid on ``settings.laid_on`` where it has an alpha.
        alpha: uint8 [H, W], 255 = opaque; None for an opaque picture.
        settings: How to decide.

    Returns:
        The mask and how sure it is. A drawn scene gives ``none``: leave it, or use a model
        (:mod:`enogu.pictures.background.matte`) or a mask drawn by hand.
    """
    if alpha is not None and (alpha < _HALF).mean() >= _MIN_CLEAR:
        return _by_alpha(pixels, alpha, settings)
    if pixels.shape[0] * pixels.shape[1] > settings.max_megapixels * 1e6:
        return _in_a_smaller_copy(pixels, settings)
    rim = read_rim(pixels)
    if rim is None:
        return Background(
            method="none",
            sure=False,
            reason="the rim is neither one colour nor a smooth change of colours",
            mask=None,
            foreground=None,
            colour=None,
            subject=None,
            coverage=0.0,
        )
    spread = spread_from_rim(pixels, rim, settings.enclosed)
    mask, foreground = soften(pixels, spread)
    method: Method = "flat" if spread.surface.degree == 0 else "smooth"
    doubt = _doubt(~spread.background, spread, settings)
    return assemble(
        method,
        mask,
        foreground,
        reason=doubt or f"the rim is {'one colour' if method == 'flat' else 'a smooth change'}",
        sure=not doubt,
        colour=_mean_colour(pixels, spread.background),
    )


def assemble(
    method: Method,
    mask: Pixels,
    foreground: Pixels,
    *,
    sure: bool,
    reason: str,
    colour: Colour | None,
) -> Background:
    """Put a result together and find the subject's box in its mask.

    Args:
        method: How the mask was found.
        mask: uint8 [H, W], 255 = subject.
        foreground: uint8 [H, W, 3].
        sure: Whether the mask may be used without a look at it.
        reason: In plain words.
        colour: The background's mean colour, if it has one.
    """
    return Background(
        method=method,
        sure=sure,
        reason=reason,
        mask=mask,
        foreground=foreground,
        colour=colour,
        subject=subject_box(mask),
        coverage=float(mask.mean(dtype=np.float64) / 255),
    )


def subject_box(mask: Pixels) -> Box | None:
    """Return the box around everything that is at least half opaque in a mask.

    Args:
        mask: uint8 [H, W], 255 = subject.

    Returns:
        The box; None where nothing is in it.
    """
    solid = mask >= _HALF
    rows = np.flatnonzero(solid.any(axis=1))
    columns = np.flatnonzero(solid.any(axis=0))
    if len(rows) == 0:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def doubt_of_size(mask: Mask, settings: BackgroundSettings) -> str:
    """Return why the size or form of a subject makes it doubtful; empty when it does not."""
    share = float(mask.mean())
    if share < settings.min_subject:
        return f"the subject would be {share:.1%} of the picture"
    if share > settings.max_subject:
        return f"the background would be {1 - share:.1%} of the picture"
    box = subject_box(mask.astype(np.uint8) * 255)
    if box is not None:
        area = box.width * box.height
        fill = float(mask.sum()) / area
        if fill > _FRAME_FILL and area > _FRAME_SHARE * mask.size:
            return "the subject would be a rectangle: a picture with a margin, which trimming mends"
    return ""


def _doubt(subject: Mask, spread: Spread, settings: BackgroundSettings) -> str:
    size = doubt_of_size(subject, settings)
    if size:
        return size
    edge = subject & ~shrink(subject, 1)
    # A true outline differs clearly from the background within a pixel or two.
    clear = spread.distance > _FAINT * spread.reach
    faint = float((edge & ~grow(clear, 3)).sum() / max(1, edge.sum()))
    if faint > _MAX_FAINT_SHARE:
        return f"{faint:.0%} of the outline hardly differs from the background"
    return ""


def _in_a_smaller_copy(pixels: Pixels, settings: BackgroundSettings) -> Background:
    height, width = pixels.shape[:2]
    scale = (settings.max_megapixels * 1e6 / (height * width)) ** 0.5
    size = max(1, int(width * scale)), max(1, int(height * scale))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    found = find_background(small, None, settings)
    if found.mask is None:
        return found
    large = Image.fromarray(found.mask).resize((width, height), Image.Resampling.BILINEAR)
    mask = np.asarray(large)
    return assemble(
        found.method,
        mask,
        take_out_background(pixels, mask),
        sure=found.sure,
        reason=found.reason,
        colour=found.colour,
    )


def _by_alpha(pixels: Pixels, alpha: Pixels, settings: BackgroundSettings) -> Background:
    below = np.asarray(parse_colour(settings.laid_on), dtype=np.float32)
    foreground = pixels.copy()
    rows, columns = np.nonzero((alpha > 0) & (alpha < 255))
    share = alpha[rows, columns].astype(np.float32)[:, None] / 255
    own = pixels[rows, columns].astype(np.float32)
    unmixed = (own - (1 - share) * below) / share
    foreground[rows, columns] = np.round(np.clip(unmixed, 0, 255)).astype(np.uint8)
    doubt = doubt_of_size(alpha >= _HALF, settings)
    return assemble(
        "alpha",
        alpha,
        foreground,
        reason=doubt or "the file itself says what is transparent",
        sure=not doubt,
        colour=None,
    )


def _mean_colour(pixels: Pixels, background: Mask) -> Colour | None:
    if not background.any():
        return None
    step = max(1, round((background.size / _COLOUR_SAMPLES) ** 0.5))
    thin = background[::step, ::step]
    # Every few pixels are enough for a mean, unless they miss a small background altogether.
    chosen = pixels[::step, ::step][thin] if thin.any() else pixels[background]
    red, green, blue = (round(float(value)) for value in chosen.mean(axis=0))
    return red, green, blue
