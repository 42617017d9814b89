"""Small helpers that write SVG elements, and the one place that turns SVG into pixels."""

import io
import math

import resvg_py
from PIL import Image

VIEW = 256
"""Every drawing is laid out on a square of this many units, whatever its size in pixels."""


def shape(d: str, fill: str, *, line: str = "", width: float = 2.4, opacity: float = 1.0) -> str:
    """Return a filled path, outlined when `line` names a colour."""
    stroke = (
        f' stroke="{line}" stroke-width="{width:.2f}" stroke-linejoin="round" '
        f'stroke-linecap="round"'
        if line
        else ""
    )
    alpha = f' opacity="{opacity:.2f}"' if opacity < 1.0 else ""
    return f'<path d="{d}" fill="{fill}"{stroke}{alpha}/>'


def stroke(d: str, line: str, width: float, *, opacity: float = 1.0) -> str:
    """Return an open line with round ends."""
    return shape(d, "none", line=line, width=width, opacity=opacity)


def ellipse(
    cx: float, cy: float, rx: float, ry: float, fill: str, *, line: str = "", width: float = 2.0
) -> str:
    """Return an ellipse, outlined when `line` names a colour."""
    edge = f' stroke="{line}" stroke-width="{width:.2f}"' if line else ""
    return f'<ellipse cx="{cx:.2f}" cy="{cy:.2f}" rx="{rx:.2f}" ry="{ry:.2f}" fill="{fill}"{edge}/>'


def group(body: str, transform: str = "", *, clip: str = "") -> str:
    """Return `body` in a group with a transform and, when named, a clip path."""
    attributes = f' transform="{transform}"' if transform else ""
    attributes += f' clip-path="url(#{clip})"' if clip else ""
    return f"<g{attributes}>{body}</g>"


def clip_path(name: str, d: str) -> str:
    """Return the definition of a clip path that :func:`group` can name."""
    return f'<clipPath id="{name}"><path d="{d}"/></clipPath>'


def mirrored(body: str, axis: float = VIEW / 2) -> str:
    """Return `body` together with its mirror image about the vertical line x = `axis`."""
    return body + group(body, f"matrix(-1 0 0 1 {2 * axis:.2f} 0)")


def star(cx: float, cy: float, outer: float, inner: float, *, turn: float = 0.0) -> str:
    """Return the path data of a five-pointed star; `turn` is in degrees."""
    points: list[str] = []
    for i in range(10):
        radius = outer if i % 2 == 0 else inner
        angle = math.radians(turn - 90 + 36 * i)
        points.append(f"{cx + radius * math.cos(angle):.2f} {cy + radius * math.sin(angle):.2f}")
    return "M" + "L".join(points) + "Z"


def document(body: str) -> str:
    """Return a complete SVG document around `body`."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {VIEW} {VIEW}" '
        f'width="{VIEW}" height="{VIEW}">{body}</svg>'
    )


def render(svg: str, size: int) -> Image.Image:
    """Return an SVG document as an RGB picture of `size` by `size` pixels, antialiased."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")
