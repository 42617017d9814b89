"""Small functions that write SVG elements, and the one place that turns SVG into pixels."""

import io
import math
from collections.abc import Sequence

import resvg_py
from PIL import Image

VIEW = 256
"""Every drawing is laid out on a square of this many units, whatever its size in pixels."""

Point = tuple[float, float]
Knot = tuple[float, float, float]
"""A point on a limb or lock, with the width there."""


def shape(d: str, fill: str, *, line: str = "", width: float = 2.4, opacity: float = 1.0) -> str:
    """Return a filled path, outlined when `line` names a colour."""
    stroke = f' stroke="{line}" stroke-width="{width:.1f}" stroke-linejoin="round"' if line else ""
    stroke += ' stroke-linecap="round"' if line and fill == "none" else ""
    alpha = f' opacity="{opacity:.2f}"' if opacity < 1.0 else ""
    return f'<path d="{d}" fill="{fill}"{stroke}{alpha}/>'


def stroke(d: str, line: str, width: float, *, opacity: float = 1.0) -> str:
    """Return an open line with round ends."""
    return shape(d, "none", line=line, width=width, opacity=opacity)


def swelling(d: str, fill: str, line: str, width: float = 3.0) -> str:
    """Return a filled path whose outline is thin at the upper left and thick at the lower right.

    A second copy in the line's colour lies under it, moved away from the light.
    """
    under = group(
        shape(d, line, line=line, width=width), f"translate({width * 0.3:.1f} {width * 0.4:.1f})"
    )
    return under + shape(d, fill, line=line, width=width * 0.8)


def ellipse(
    cx: float, cy: float, rx: float, ry: float, fill: str, *, line: str = "", width: float = 2.0
) -> str:
    """Return an ellipse, outlined when `line` names a colour."""
    edge = f' stroke="{line}" stroke-width="{width:.1f}"' if line else ""
    return f'<ellipse cx="{cx:.1f}" cy="{cy:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{edge}/>'


def group(body: str, transform: str = "", *, clip: str = "") -> str:
    """Return `body` in a group with a transform and, when named, a clip path."""
    attributes = f' transform="{transform}"' if transform else ""
    attributes += f' clip-path="url(#{clip})"' if clip else ""
    return f"<g{attributes}>{body}</g>"


def clip_path(name: str, d: str) -> str:
    """Return the definition of a clip path that :func:`group` can name."""
    return f'<clipPath id="{name}"><path d="{d}"/></clipPath>'


def gradient(name: str, *stops: tuple[float, str]) -> str:
    """Return the definition of a gradient from top to bottom; stops are (0..1, colour)."""
    inner = "".join(f'<stop offset="{at:.2f}" stop-color="{colour}"/>' for at, colour in stops)
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">{inner}</linearGradient>'


def side(body: str, sign: int) -> str:
    """Return `body`, drawn for the viewer's right, on the side `sign` (-1 is the left)."""
    return body if sign > 0 else group(body, "scale(-1 1)")


def mirrored(body: str) -> str:
    """Return `body` together with its mirror image about the vertical line x = 0."""
    return body + side(body, -1)


def lens(start: Point, control: Point, end: Point, width: float) -> str:
    """Return path data of a pen stroke that tapers at both ends, `width` wide in the middle."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length * width, dx / length * width
    return (
        f"M{start[0]:.1f} {start[1]:.1f}Q{control[0] + nx:.1f} {control[1] + ny:.1f} "
        f"{end[0]:.1f} {end[1]:.1f}Q{control[0] - nx:.1f} {control[1] - ny:.1f} "
        f"{start[0]:.1f} {start[1]:.1f}Z"
    )


def smooth(points: Sequence[Point]) -> str:
    """Return the curves of a Catmull-Rom line through `points`, without the first move."""
    parts: list[str] = []
    for i in range(len(points) - 1):
        before, start, end = points[max(i - 1, 0)], points[i], points[i + 1]
        after = points[min(i + 2, len(points) - 1)]
        parts.append(
            f"C{start[0] + (end[0] - before[0]) / 6:.1f} {start[1] + (end[1] - before[1]) / 6:.1f} "
            f"{end[0] - (after[0] - start[0]) / 6:.1f} {end[1] - (after[1] - start[1]) / 6:.1f} "
            f"{end[0]:.1f} {end[1]:.1f}"
        )
    return "".join(parts)


def limb(knots: Sequence[Knot]) -> str:
    """Return path data of a smooth tube along `knots`: an arm, a lock of hair, a tail."""
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y, width) in enumerate(knots):
        before, after = knots[max(i - 1, 0)], knots[min(i + 1, len(knots) - 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / length * width / 2, dx / length * width / 2
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    right.reverse()
    return (
        f"M{left[0][0]:.1f} {left[0][1]:.1f}{smooth(left)}"
        f"L{right[0][0]:.1f} {right[0][1]:.1f}{smooth(right)}Z"
    )


def star(cx: float, cy: float, outer: float, inner: float, *, turn: float = 0.0) -> str:
    """Return the path data of a five-pointed star; `turn` is in degrees."""
    points: list[str] = []
    for i in range(10):
        radius = outer if i % 2 == 0 else inner
        angle = math.radians(turn - 90 + 36 * i)
        points.append(f"{cx + radius * math.cos(angle):.1f} {cy + radius * math.sin(angle):.1f}")
    return "M" + "L".join(points) + "Z"


def circle(cx: float, cy: float, r: float) -> str:
    """Return path data of a circle, to put many in one path."""
    arc = f"a{r:.1f} {r:.1f} 0 1 1"
    return f"M{cx - r:.1f} {cy:.1f}{arc} {2 * r:.1f} 0{arc} {-2 * r:.1f} 0Z"


def document(body: str) -> str:
    """Return a complete SVG document around `body`."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {VIEW} {VIEW}" '
        f'width="{VIEW}" height="{VIEW}">{body}</svg>'
    )


def render(svg: str, size: int) -> Image.Image:
    """Return an SVG document as an RGB picture of `size` by `size` pixels, antialiased."""
    return render_clear(svg, size).convert("RGB")


def render_clear(svg: str, size: int) -> Image.Image:
    """Return an SVG document as :func:`render` does, as RGBA: clear where nothing is drawn."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")
