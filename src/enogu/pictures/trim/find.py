"""The whole of trimming: layer after layer from the outside, then what needs a person."""

from collections.abc import Iterable

from enogu.pictures.box import Box
from enogu.pictures.pixels import Pixels
from enogu.pictures.trim.borders import find_borders
from enogu.pictures.trim.margins import find_margins
from enogu.pictures.trim.result import Cut, SizeCheck, TrimResult, TrimSettings, Verdict
from enogu.pictures.trim.text_bar import find_text_bar

VERSION = 1
"""Rises when the same picture and settings give another result."""

_MOST_LAYERS = 4
_SMALLEST_PX = 16


def find_trim(
    pixels: Pixels, alpha: Pixels | None = None, settings: TrimSettings | None = None
) -> TrimResult:
    """Find what may be cut off a picture.

    Borders and letterbox bars of one colour that end in a straight edge, and bars with text, are
    sure. A flat strip along one side only, wide blank margins around a free-standing drawing and
    signatures that stand apart in them are proposals. A border of the same colour as the
    picture's own ground cannot be told from it. A signature over the drawing is not found.

    Args:
        pixels: uint8 [H, W, 3], upright sRGB.
        alpha: uint8 [H, W], 255 = opaque; transparent rims count as one colour.
        settings: Defaults when None.

    Returns:
        Boxes in the coordinates of `pixels`.
    """
    settings = settings or TrimSettings()
    height, width = pixels.shape[:2]
    whole = Box(0, 0, width, height)
    box, cuts = whole, list[Cut]()
    for _ in range(_MOST_LAYERS):
        layer = _sure_layer(pixels, alpha, box, settings)
        smaller = _cut(box, layer)
        if not layer or smaller is None:
            break
        box, cuts = smaller, cuts + layer
    proposal = box
    asked = _unsure_layer(pixels, alpha, box, settings)
    smaller = _cut(box, asked)
    if asked and smaller is not None:
        proposal, cuts = smaller, cuts + asked
    verdict, certainty = _verdict(cuts)
    size = _size_check(whole, proposal, settings.resolution)
    return TrimResult(
        verdict=verdict,
        box=box,
        proposal=proposal,
        cuts=tuple(cuts),
        certainty=certainty,
        size=size,
    )


def _view(pixels: Pixels, alpha: Pixels | None, box: Box) -> tuple[Pixels, Pixels | None]:
    inside = box.rows, box.columns
    return pixels[inside], None if alpha is None else alpha[inside]


def _sure_layer(
    pixels: Pixels, alpha: Pixels | None, box: Box, settings: TrimSettings
) -> list[Cut]:
    inside, clear = _view(pixels, alpha, box)
    bar = find_text_bar(inside, settings)
    if bar is not None:
        return [bar]
    return [cut for cut in find_borders(inside, clear, settings) if cut.sure]


def _unsure_layer(
    pixels: Pixels, alpha: Pixels | None, box: Box, settings: TrimSettings
) -> list[Cut]:
    inside, clear = _view(pixels, alpha, box)
    strips = [cut for cut in find_borders(inside, clear, settings) if not cut.sure]
    return strips or find_margins(inside, clear, settings)


def _cut(box: Box, cuts: Iterable[Cut]) -> Box | None:
    """Return the smaller box, or None when next to nothing would be left."""
    off = {"left": 0, "top": 0, "right": 0, "bottom": 0}
    for cut in cuts:
        off[cut.side] += cut.px
    left, right = box.left + off["left"], box.right - off["right"]
    top, bottom = box.top + off["top"], box.bottom - off["bottom"]
    if right - left < _SMALLEST_PX or bottom - top < _SMALLEST_PX:
        return None
    return Box(left, top, right, bottom)


def _verdict(cuts: list[Cut]) -> tuple[Verdict, float]:
    if not cuts:
        return "keep", 1.0
    if all(cut.sure for cut in cuts):
        return "trim", min(cut.certainty for cut in cuts)
    return "unsure", min(cut.certainty for cut in cuts if not cut.sure)


def _size_check(whole: Box, kept: Box, resolution: int) -> SizeCheck:
    if kept.area >= resolution**2:
        return "enough"
    return "was too small" if whole.area < resolution**2 else "becomes too small"
