"""Features that no tag describes; only the held-out concepts wear or hold them."""

import math

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.svg import Point


def draw_hair_extras(look: Look, outline: str) -> str:
    """Return what is part of the fringe, whose outline is `outline`."""
    if "fringe streak" not in look.extras:
        return ""
    streak = svg.shape("M2 10C26 34 34 70 30 140H62C64 90 52 38 24 10Z", "#5fe6cf")
    streak += svg.shape("M14 12C44 40 52 80 50 140H62C64 90 52 38 24 10Z", "#2fb3a6")
    lines = svg.lens((30, 112), (36, 66), (8, 18), 2.6) + svg.lens(
        (58, 112), (56, 60), (26, 16), 2.6
    )
    streak += svg.shape(lines, look.hair.line)
    return svg.clip_path("streak", outline) + svg.group(streak, clip="streak")


def draw_head_extras(look: Look) -> str:
    """Return what is worn on hair and face."""
    parts: list[str] = []
    if "star hairpin" in look.extras:
        star = svg.star(46, 66, 21, 9.5, turn=12)
        parts.append(svg.shape(star, "#ffd23d", line="#8a5a10", width=2.8))
        parts.append(svg.ellipse(42, 62, 3, 3, "#fff6c8"))
    if "moon cheek" in look.extras:
        moon = "M-38 145a14 14 0 1 0 15 18a12 12 0 0 1 -15 -18Z"
        parts.append(svg.shape(moon, "#7a5cd6", line="#3c2880", width=2))
    if "star freckles" in look.extras:
        places = ((-47, 152), (-35, 165), (35, 165), (47, 152), (0, 148))
        stars = "".join(svg.star(x, y, 9.5, 4.2, turn=8) for x, y in places)
        parts.append(svg.shape(stars, "#ffb02a", line="#8a4a10", width=1.6))
    if "cracked horn" in look.extras:
        parts.append(svg.group(_horn(), "translate(-2 14)"))
    if "seedling" in look.extras:
        # In front of the cap, where no framing cuts it off.
        parts.append(svg.group(_seedling(), "translate(0 22)"))
    return "".join(parts)


def _horn() -> str:
    horn = "M14 44C16 20 30 -4 56 -22C60 -6 56 22 46 40Q30 52 14 44Z"
    body = svg.swelling(horn, "#f4ead6", "#5b4636", 3.2)
    body += svg.shape("M56 -22C60 -6 56 22 46 40Q40 45 34 46C46 24 52 0 56 -22Z", "#d2bfa0")
    rings = svg.stroke("M18 32Q32 40 49 32M24 16Q36 24 54 16", "#a48d70", 2.4)
    crack = svg.stroke("M48 -10L40 0L48 8L38 18L44 26L34 40", "#8a5a10", 6.4)
    return body + rings + crack + svg.stroke("M48 -10L40 0L48 8L38 18L44 26L34 40", "#ffcf3e", 3.6)


def _seedling() -> str:
    stem = svg.stroke("M0 18Q-3 2 1 -10", "#2f6b2c", 8) + svg.stroke(
        "M0 18Q-3 2 1 -10", "#6cc25a", 4
    )
    leaf = svg.swelling("M1 -8C10 -30 36 -32 46 -18C38 -2 16 4 1 -8Z", "#7fd667", "#2f6b2c", 3)
    leaf += svg.shape("M1 -8C18 -8 34 -10 46 -18C38 -2 16 4 1 -8Z", "#4fa848")
    return stem + svg.mirrored(leaf)


def draw_body_extras(look: Look) -> str:
    """Return what is worn over the clothes."""
    if "crest scarf" not in look.extras:
        return ""
    line = "#5e1512"
    tail = svg.shape("M12 200L44 196L48 246L20 250Z", "#d9402f", line=line, width=2.8)
    wrap = svg.shape(
        "M-36 178Q0 204 36 178Q48 194 38 208Q0 228 -38 208Q-48 194 -36 178Z",
        "#ea5340",
        line=line,
        width=2.8,
    )
    fold = svg.stroke("M-30 200Q0 214 30 200", "#b93124", 3)
    crest = svg.ellipse(33, 226, 10, 10, "#fff4d8", line=line, width=2)
    crest += svg.shape("M33 217L40 226L33 235L26 226Z", "#2d62b8")
    return tail + wrap + fold + crest


def draw_pinwheel(look: Look, hand: Point) -> str:
    """Return a pinwheel on a stick that the hand at `hand` holds."""
    x, y = hand
    d = f"M{x - 3:.0f} {y + 26:.0f}L{x + 14:.0f} {y - 50:.0f}"
    stick = svg.stroke(d, "#5a3a22", 7.5) + svg.stroke(d, "#c08a50", 4)
    cx, cy, radius = x + 14, y - 56, 37.0
    blades = ""
    for i in range(8):
        a, b = math.radians(45 * i + 12), math.radians(45 * i + 57)
        tip = (cx + radius * math.cos(a), cy + radius * math.sin(a))
        back = (cx + radius * 0.62 * math.cos(b), cy + radius * 0.62 * math.sin(b))
        blade = f"M{cx:.1f} {cy:.1f}L{tip[0]:.1f} {tip[1]:.1f}L{back[0]:.1f} {back[1]:.1f}Z"
        colour, line = (("#ff7a6b", "#7a2a24"), ("#3fd0c8", "#12555a"))[i % 2]
        blades += svg.shape(blade, colour, line=line, width=2.6)
    return stick + blades + svg.ellipse(cx, cy, 6, 6, "#ffe27a", line="#7a5412", width=2.4)


def draw_lantern(look: Look, hand: Point) -> str:
    """Return a glowing paper lantern that hangs from a rod in the hand at `hand`."""
    x, y = hand
    d = f"M{x - 4:.0f} {y + 20:.0f}L{x + 16:.0f} {y - 70:.0f}q10 -12 20 -2"
    rod = svg.stroke(d, "#3f2a1c", 7) + svg.stroke(d, "#9a6a40", 3.8)
    cx, cy = x + 34, y - 32
    body = svg.ellipse(cx, cy, 40, 42, "#ffe9a0").replace("/>", ' opacity="0.45"/>')
    body += svg.stroke(f"M{cx + 2:.0f} {cy - 42:.0f}V{cy - 30:.0f}", "#3f2a1c", 2.6)
    body += svg.ellipse(cx, cy, 27, 30, "#ff9a4a", line="#7a2f14", width=3.2)
    body += svg.ellipse(cx, cy + 2, 17, 22, "#ffd878") + svg.ellipse(cx, cy + 4, 9, 13, "#fff6cf")
    ribs = "".join(
        svg.lens((cx - w, cy + dy), (cx, cy + dy + 7), (cx + w, cy + dy), 1.8)
        for dy, w in ((-16, 22), (0, 26), (15, 22))
    )
    caps = f"M{cx - 13:.0f} {cy - 34:.0f}h26v8h-26ZM{cx - 13:.0f} {cy + 26:.0f}h26v8h-26Z"
    return rod + body + svg.shape(ribs, "#7a2f14") + svg.shape(caps, "#3f2a1c")
