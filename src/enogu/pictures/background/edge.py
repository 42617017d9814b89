"""The soft edge of a mask, and the colour of the background taken out of it."""

from typing import Any, Final

import numpy as np

from enogu.pictures.background.spread import Spread
from enogu.pictures.background.surface import Floats, Places, distances
from enogu.pictures.pixels import Pixels
from enogu.pictures.regions_of_mask import grow, shrink

_INNER_PX: Final = 2
_OUTER_PX: Final = 2
# Luma and a third of the colour differences: JPEG keeps colour at half the resolution, so beside a
# dark outline the colour of the background is smeared while its lightness is not.
_LUMA_FIRST: Final = np.array(
    [[0.299, -0.056, 0.167], [0.587, -0.11, -0.14], [0.114, 0.167, -0.027]], dtype=np.float32
)
_SAME_DIRECTION: Final = 0.9
_BESIDE_PX: Final = 4
_FRINGE: Final = 0.4
"""What differs less, as a share of the subject's own difference, may be a fringe."""
_SOLID: Final = 0.14
"""A pixel whose neighbour further inside differs by less than this share is no mixture."""
_CLEAR_BELOW: Final = 0.06
_FULL_ABOVE: Final = 0.94
# The pure colour is looked for one and two pixels away, in eight directions.
_AROUND: Final = [
    (down * away, right * away)
    for away in (1, 2)
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
    if (down, right) != (0, 0)
]


def soften(pixels: Pixels, spread: Spread) -> tuple[Pixels, Pixels]:
    """Turn the hard border between subject and background into shares.

    Along the border a pixel is a mixture of the background and of the subject's own colour, which
    stands a pixel or two further inside; the share follows from where its colour lies between
    the two.

    Args:
        pixels: uint8 [H, W, 3].
        spread: The background.

    Returns:
        The mask, uint8 [H, W], 255 = subject; and the picture, uint8 [H, W, 3], whose edge has
        the subject's own colour. Outside of the subject it is the unchanged picture.
    """
    subject = ~spread.background
    inner = shrink(subject, _INNER_PX)
    band = grow(subject, _OUTER_PX) & ~inner
    mask = np.where(subject, np.uint8(255), np.uint8(0))
    rows, columns = np.nonzero(band)
    if len(rows) == 0:
        return mask, pixels
    height, width = subject.shape
    below = spread.surface.colours_at(rows, columns, height, width)
    own = pixels[rows, columns].astype(np.float32)
    inside = subject[rows, columns]
    # 0 outside, then one more for each pixel inwards.
    depth = subject.astype(np.int8) + shrink(subject, 1) + inner
    pure, length, solid = _pure_colours(pixels, spread, depth, rows, columns, own - below)
    away, span = _luma_first(own - below), _luma_first(pure - below)
    share = _dot(away, span) / np.maximum(_dot(span, span), np.float32(1.0))
    # A colour that is far from the background in a direction of its own is no mixture.
    far = np.sqrt(_dot(away, away))
    aside = (_dot(away, span) < _SAME_DIRECTION * far * length) & (far > _FRINGE * length)
    share[(aside & inside) | (length == 0)] = 1.0
    share[(length == 0) & ~inside] = 0.0
    # What looks like the background and was still left with the subject, such as white clothes.
    kept = spread.distance[rows, columns] < spread.reach
    share[(solid | kept) & inside] = 1.0
    share = ((share - _CLEAR_BELOW) / (_FULL_ABOVE - _CLEAR_BELOW)).clip(0, 1).astype(np.float32)
    mask[rows, columns] = np.round(share * 255).astype(np.uint8)
    return mask, _cleaned(pixels, rows, columns, own, below, pure, share)


def take_out_background(pixels: Pixels, mask: Pixels) -> Pixels:
    """Give the edge of a given mask the subject's own colour.

    The background is taken as the mean of what lies beside each pixel of the edge, so this works
    on drawn scenes too, for masks from a network or drawn by hand.

    Args:
        pixels: uint8 [H, W, 3].
        mask: uint8 [H, W], 255 = subject.

    Returns:
        uint8 [H, W, 3]; only pixels that the mask takes in part differ.
    """
    out = pixels.copy()
    rows, columns = np.nonzero((mask > 0) & (mask < 255))
    if len(rows) == 0:
        return out
    height, width = mask.shape
    total = np.zeros((len(rows), 3), dtype=np.float32)
    count = np.zeros(len(rows), dtype=np.float32)
    for down in range(-_BESIDE_PX, _BESIDE_PX + 1):
        for right in range(-_BESIDE_PX, _BESIDE_PX + 1):
            r = np.clip(rows + down, 0, height - 1)
            c = np.clip(columns + right, 0, width - 1)
            clear = mask[r, c] == 0
            total[clear] += pixels[r[clear], c[clear]]
            count += clear
    known = count > 0
    rows, columns = rows[known], columns[known]
    below = total[known] / count[known][:, None]
    share = mask[rows, columns].astype(np.float32)[:, None] / 255
    own = pixels[rows, columns].astype(np.float32)
    # Below a fifth, rounding in the picture would be enlarged more than fivefold.
    unmixed = (own - (1 - share) * below) / np.maximum(share, 0.2)
    out[rows, columns] = np.round(unmixed.clip(0, 255)).astype(np.uint8)
    return out


def _pure_colours(
    pixels: Pixels,
    spread: Spread,
    depth: np.ndarray[Any, np.dtype[np.int8]],
    rows: Places,
    columns: Places,
    away: Floats,
) -> tuple[Floats, Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Find the subject's own colour near each pixel of the band.

    Returns:
        That colour, float32 [N, 3]; how far it is from the background, 0 where there is none; and
        whether the pixel itself has the colour of one further inside.
    """
    height, width = depth.shape
    own = pixels[rows, columns].astype(np.float32)
    below: Floats = own - away
    own_depth = depth[rows, columns]
    away = _luma_first(away)
    length = np.sqrt(_dot(away, away))
    strongest, strongest_far = own.copy(), np.zeros(len(rows), dtype=np.float32)
    aligned, aligned_far = own.copy(), np.zeros(len(rows), dtype=np.float32)
    solid = np.zeros(len(rows), dtype=np.bool_)
    for down, right in _AROUND:
        r = np.clip(rows + down, 0, height - 1)
        c = np.clip(columns + right, 0, width - 1)
        deeper = depth[r, c] > own_depth
        colour = pixels[r, c].astype(np.float32)
        apart: Floats = colour - below
        span = _luma_first(apart)
        far = np.sqrt(_dot(span, span))
        farther = deeper & (far > strongest_far)
        strongest[farther], strongest_far[farther] = colour[farther], far[farther]
        along = _dot(span, away) > _SAME_DIRECTION * far * length
        farther = deeper & along & (far > aligned_far)
        aligned[farther], aligned_far[farther] = colour[farther], far[farther]
        if abs(down) <= 1 and abs(right) <= 1:
            near = distances(colour, own) < _SOLID * spread.distance[r, c]
            solid |= near & deeper
    # Where the colour in line is weak, it is itself a fringe; the strong one made both.
    weak = aligned_far < 0.5 * strongest_far
    aligned[weak], aligned_far[weak] = strongest[weak], strongest_far[weak]
    return aligned, aligned_far, solid


def _cleaned(
    pixels: Pixels,
    rows: Places,
    columns: Places,
    own: Floats,
    below: Floats,
    pure: Floats,
    share: Floats,
) -> Pixels:
    out = pixels.copy()
    weight = share[:, None]
    unmixed = (own - (1 - weight) * below) / np.maximum(weight, 0.2)
    # Where little of the subject is left in a pixel, unmixing would mostly enlarge noise.
    trust = np.clip(weight * 2 - 0.6, 0, 1)
    colour = np.clip(trust * unmixed + (1 - trust) * pure, 0, 255)
    touched = share > 0
    out[rows[touched], columns[touched]] = np.round(colour[touched]).astype(np.uint8)
    return out


def _luma_first(colours: Floats) -> Floats:
    return np.matmul(colours, _LUMA_FIRST, dtype=np.float32)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.einsum("ij,ij->i", one, other)
