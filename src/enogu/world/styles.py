"""Rendering styles that are made from the finished picture: grey tones and coarse pixels."""

from PIL import Image

from enogu.world import svg

PIXEL_GRID = 64
"""Width of a pixel-art picture in its own pixels."""
_PIXEL_COLOURS = 32


def render_styled(document: str, style: str, size: int) -> Image.Image:
    """Render an SVG document in a rendering style as an RGB picture of `size` pixels."""
    if style == "pixel art":
        small = svg.render(document, min(PIXEL_GRID, max(size // 2, 16)))
        few = small.quantize(_PIXEL_COLOURS, dither=Image.Dither.NONE).convert("RGB")
        return few.resize((size, size), Image.Resampling.NEAREST)
    picture = svg.render(document, size)
    if style == "monochrome":
        return picture.convert("L").convert("RGB")
    return picture
