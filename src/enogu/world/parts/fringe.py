"""The hair before the head: cap, fringe, locks beside the face, and the antenna on top."""

import random

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.svg import Point

_DOME = "C-81 56 -50 14 0 14C50 14 81 56 {end:.1f} {y:.1f}"

_FRINGES: tuple[tuple[Point, ...], ...] = (
    # Each: tips and valleys in turn, from the viewer's right to the left.
    # Straight strands.
    (
        *((66, 132), (57, 98), (45, 113), (32, 88), (18, 114), (3, 84)),
        *((-13, 116), (-28, 88), (-43, 113), (-56, 98), (-66, 132)),
    ),
    # Swept to one side.
    (
        *((67, 136), (58, 98), (52, 116), (36, 84), (15, 113), (-1, 86)),
        *((-19, 115), (-34, 90), (-49, 119), (-58, 102), (-67, 134)),
    ),
    # Parted in the middle.
    (
        *((67, 138), (60, 106), (53, 122), (42, 98), (30, 112), (0, 62)),
        *((-30, 112), (-42, 98), (-53, 122), (-60, 106), (-67, 138)),
    ),
    # One large lock between the eyes.
    (
        *((66, 134), (57, 98), (45, 112), (24, 80), (3, 128), (-15, 82)),
        *((-35, 109), (-46, 94), (-54, 118), (-60, 104), (-67, 134)),
    ),
)
_HIME: tuple[Point, ...] = (
    *((67, 130), (62, 100), (58, 110), (22, 107), (20, 110), (0, 107)),
    *((-2, 110), (-24, 107), (-58, 110), (-62, 100), (-67, 130)),
)


def fringe_path(look: Look) -> str:
    """Return the outline of cap and fringe; its lower edge also throws the shadow on the face."""
    points = _points(look)
    d = f"M-69 112{_DOME.format(end=69, y=112)}"
    before: Point = (69, 112)
    for i, point in enumerate(points):
        d += _edge(before, point) if i % 2 == 0 else _edge(point, before, back=True)
        before = point
    return d + "L-69 112Z"


def _points(look: Look) -> list[Point]:
    if look.traits["hair_style"] == "hime cut":
        return list(_HIME)
    rng = random.Random(look.scenery)
    flip = look.flip if look.fringe in (1, 3) else 1
    points = [
        (
            flip * x + (look.parting if abs(x) < 30 else 0) + rng.uniform(-2, 2),
            y + rng.uniform(-3, 3),
        )
        for x, y in _FRINGES[look.fringe]
    ]
    return points if flip > 0 else points[::-1]


def _edge(valley: Point, tip: Point, *, back: bool = False) -> str:
    """Return the curve from a valley to a tip, or back: steep at the valley, then to the tip."""
    cx = valley[0] + 0.12 * (tip[0] - valley[0])
    cy = valley[1] + 0.62 * (tip[1] - valley[1])
    end = valley if back else tip
    return f"Q{cx:.1f} {cy:.1f} {end[0]:.1f} {end[1]:.1f}"


def draw_front_hair(look: Look, outline: str) -> str:
    """Return the cap of hair with fringe, its shine, and the locks beside the face."""
    tone = look.hair
    points = _points(look)
    shade, strands = ["M69 112C81 56 50 14 0 14C40 24 68 60 59 112Z"], []
    for i in range(1, len(points) - 1, 2):
        (vx, vy), (tx, ty) = points[i], points[i + 1]
        if abs(ty - vy) > 8:
            mx, my = vx + (tx - vx) * 0.75, vy + (ty - vy) * 0.35
            shade.append(
                f"M{vx:.1f} {vy - 10:.1f}{_edge((vx, vy), (tx, ty))}"
                f"Q{mx:.1f} {my:.1f} {vx:.1f} {vy - 10:.1f}Z"
            )
        strands.append(svg.lens((vx, vy + 1), (vx * 0.95, vy - 22), (vx * 0.72, vy - 44), 2.6))
    strands.append(
        svg.lens((look.parting, 15), (look.parting - 10, 24), (look.parting - 14, 44), 2.4)
    )
    body = svg.swelling(outline, tone.base, tone.line, 3.2)
    body += svg.shape("".join(shade), tone.shade)
    body += svg.shape(_shine(look), tone.light) + svg.shape(
        "".join(strands), tone.line, opacity=0.8
    )
    return svg.mirrored(_side_lock(look)) + body


def _shine(look: Look) -> str:
    """Return the ring of light round the head, with a jagged lower edge."""
    rng = random.Random(look.scenery + 1)
    left, right, count = -52.0, 38.0, 7

    def arc(x: float) -> float:
        return 46 + x * x * 0.0075

    top = [(left + (right - left) * i / count, 0.0) for i in range(count + 1)]
    d = f"M{left:.1f} {arc(left) + 4:.1f}"
    for i in range(count):
        x0, x1 = top[i][0], top[i + 1][0]
        depth = rng.uniform(9, 16) if i % 2 == 0 else rng.uniform(4, 7)
        mid = (x0 + x1) / 2
        d += f"L{mid:.1f} {arc(mid) + 4 + depth:.1f}L{x1:.1f} {arc(x1) + 4:.1f}"
    for i in range(count, 0, -1):
        x0, x1 = top[i][0], top[i - 1][0]
        mid = (x0 + x1) / 2
        d += f"Q{mid:.1f} {arc(mid) - rng.uniform(2, 5):.1f} {x1:.1f} {arc(x1) + 4:.1f}"
    return d + "Z"


_LOCK_END: dict[str, int] = {
    "short": 152,
    "spiked": 150,
    "bob": 172,
    "long": 200,
    "wavy": 192,
    "twintails": 166,
    "ponytail": 170,
    "side ponytail": 164,
    "double bun": 168,
    "single braid": 162,
    "twin braids": 160,
    "drill": 156,
}
"""Where the locks beside the face end."""


def _side_lock(look: Look) -> str:
    """Return the viewer's right lock; its length goes with the style."""
    style, tone = look.traits["hair_style"], look.hair
    if style == "hime cut":
        d = "M70 84C75 112 74 142 72 172L52 172C56 150 57 124 56 98Z"
        line = svg.lens((64, 104), (66, 130), (63, 164), 2.4)
        return svg.swelling(d, tone.base, tone.line, 3) + svg.shape(
            line, tone.shade, line=tone.shade, width=1
        )
    end = _LOCK_END[style]
    d = (
        f"M68 84C73 112 73 136 69 {end - 22}Q66 {end - 8} 58 {end}C62 {end - 20} 56 "
        f"{end - 30} 57 118Q58 104 56 94Z"
    )
    shade = svg.lens((67, 104), (70, 124), (61, end - 8), 4)
    return svg.swelling(d, tone.base, tone.line, 3) + svg.shape(shade, tone.shade)


def draw_ahoge(look: Look) -> str:
    """Return the antenna of hair on top of the head, or nothing."""
    if look.traits["ahoge"] == "no":
        return ""
    tone = look.hair
    d = "M-7 20C-10 -2 4 -20 34 -14C20 -10 12 2 8 20Q0 24 -7 20Z"
    body = svg.swelling(d, tone.base, tone.line, 3)
    body += svg.shape(svg.lens((-2, 12), (0, -6), (18, -11), 2.4), tone.light)
    return svg.side(body, look.flip)
