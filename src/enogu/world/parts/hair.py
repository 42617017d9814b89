"""The hair behind the head, the tails, buns, braids and drills; x = 0 is the middle."""

from collections.abc import Callable

from enogu.world import svg
from enogu.world.look import Look

_TIE = "#e8505e"


def _mass(look: Look, d: str, shade: str = "", strands: str = "", shine: str = "") -> str:
    """Return a mass of hair: outline, shadow shapes, strands, shine, all path data."""
    tone = look.hair
    body = svg.swelling(d, tone.base, tone.line, 3.2)
    body += svg.shape(shade, tone.shade) if shade else ""
    body += svg.shape(strands, tone.line, opacity=0.75) if strands else ""
    return body + (svg.shape(shine, tone.light) if shine else "")


def _back(look: Look, d: str, strands: str = "") -> str:
    """Return hair that hangs behind the face, in shadow near the neck."""
    tone = look.hair
    inner = "M-58 100C-62 150 -58 190 -40 246H40C58 190 62 150 58 100Z"
    body = svg.swelling(d, tone.base, tone.line, 3.2)
    body += svg.clip_path("back", d) + svg.group(svg.shape(inner, tone.shade), clip="back")
    return body + (svg.shape(strands, tone.line, opacity=0.7) if strands else "")


def _short(look: Look) -> str:
    return _back(
        look,
        "M-71 96C-84 40 -44 12 0 12C44 12 84 40 71 96C76 118 73 136 68 152L60 146L55 162"
        "L44 154L34 168"
        "L-34 168L-44 154L-55 162L-60 146L-68 152C-73 136 -76 118 -71 96Z",
    )


def _bob(look: Look) -> str:
    return _back(
        look,
        "M-72 96C-84 40 -44 12 0 12C44 12 84 40 72 96C82 124 84 152 76 174Q62 186 44 180"
        "L-44 180Q-62 186 -76 174"
        "C-84 152 -82 124 -72 96Z",
        svg.lens((70, 120), (76, 146), (68, 176), 2)
        + svg.lens((-70, 120), (-76, 146), (-68, 176), 2),
    )


def _long(look: Look) -> str:
    n = 256 * look.hair_length
    strands = "".join(
        svg.lens((s * 62, 130), (s * 76, 190), (s * 60, n - 14), 2.4)
        + svg.lens((s * 48, 180), (s * 54, 215), (s * 42, n - 12), 2.2)
        for s in (-1, 1)
    )
    return _back(
        look,
        f"M-72 92C-86 38 -44 11 0 11C44 11 86 38 72 92C80 140 90 190 82 {n - 22:.0f}Q80 "
        f"{n - 8:.0f} 70 {n:.0f}"
        f"Q68 {n - 12:.0f} 62 {n - 16:.0f}Q56 {n:.0f} 44 {n + 4:.0f}Q44 {n - 10:.0f} 36 "
        f"{n - 12:.0f}L-36 {n - 12:.0f}"
        f"Q-44 {n - 10:.0f} -44 {n + 4:.0f}Q-56 {n:.0f} -62 {n - 16:.0f}Q-68 {n - 12:.0f} "
        f"-70 {n:.0f}"
        f"Q-80 {n - 8:.0f} -82 {n - 22:.0f}C-90 190 -80 140 -72 92Z",
        strands,
    )


def _wavy(look: Look) -> str:
    right = (
        "C88 100 92 122 80 134C98 142 102 164 88 176C106 186 106 208 90 218C98 232 88 "
        "248 70 246Q60 258 46 246"
    )
    left = (
        "L-46 246Q-60 258 -70 246C-88 248 -98 232 -90 218C-106 208 -106 186 -88 176C-102 "
        "164 -98 142 -80 134C-92 122 -88 100 -72 84"
    )
    strands = "".join(
        svg.lens((s * 72, 140), (s * 86, 158), (s * 72, 176), 2.4)
        + svg.lens((s * 70, 182), (s * 88, 198), (s * 72, 218), 2.4)
        + svg.lens((s * 54, 190), (s * 66, 214), (s * 54, 236), 2.4)
        for s in (-1, 1)
    )
    return _back(look, f"M-72 84C-84 38 -44 11 0 11C44 11 84 38 72 84{right}{left}Z", strands)


def _hime(look: Look) -> str:
    n = 250 * look.hair_length
    strands = "".join(
        svg.lens((s * x, 150), (s * x, 200), (s * x, n - 4), 2.2)
        for s in (-1, 1)
        for x in (70, 56, 42)
    )
    return _back(
        look,
        (
            f"M-72 92C-86 38 -44 11 0 11C44 11 86 38 72 92C82 140 84 200 82 {n:.0f}L-82 "
            f"{n:.0f}C-84 200 -82 140 -72 92Z"
        ),
        strands,
    )


def _spiked(look: Look) -> str:
    d = (
        "M-62 150Q-74 149 -88 138Q-79 133 -75 122Q-90 118 -102 104Q-89 99 -81 86Q-97 75 -100 56"
        "Q-85 58 -73 48Q-78 28 -68 6Q-55 17 -40 18Q-35 0 -16 -14Q-12 3 2 10Q18 -9 42 -12Q37 6 47 18"
        "Q62 7 80 10Q71 29 75 46Q92 50 104 64Q87 72 83 84Q97 95 100 112Q85 112 77 122Q84 136 84 148"
        "Q72 147 62 152L40 166H-40Z"
    )
    shade = (
        "M62 152Q72 147 84 148Q84 136 77 122Q85 112 100 112Q97 95 83 84Q87 72 104 64Q92 50 75 46"
        "Q64 80 62 152Z"
    )
    return svg.swelling(d, look.hair.base, look.hair.line, 3.2) + svg.shape(shade, look.hair.shade)


def _tail(look: Look) -> str:
    """Return one tail of twintails, on the viewer's right, its root at the tie."""
    n = look.hair_length
    d = (
        f"M62 78C84 52 112 66 116 104C119 140 108 168 116 {212 * n:.0f}C102 {208 * n:.0f} "
        f"98 {196 * n:.0f} 96 {184 * n:.0f}"
        f"C94 {196 * n:.0f} 90 {204 * n:.0f} 82 {210 * n:.0f}C84 170 66 140 66 106Z"
    )
    shade = (
        f"M104 84C110 110 98 150 102 {194 * n:.0f}C108 {206 * n:.0f} 112 {210 * n:.0f} "
        f"116 {212 * n:.0f}C108 168 119 140 116 104Q113 84 104 84Z"
    )
    strands = svg.lens((76, 86), (94, 110), (91, 182 * n), 2.6) + svg.lens(
        (88, 76), (106, 100), (102, 160), 2.2
    )
    shine = svg.lens((74, 100), (84, 84), (104, 92), 6)
    return _mass(look, d, shade, strands, shine)


def _twintails(look: Look) -> str:
    return svg.mirrored(_tail(look)) + _short(look)


def _ponytail(look: Look) -> str:
    """Return one high tail from the crown, falling to one side."""
    n = look.hair_length
    d = (
        "M4 18C10 -16 56 -22 86 12C114 44 118 100 104 142C98 166 104 184 116 "
        f"{198 * n:.0f}C92 {200 * n:.0f} 78 182 78 160"
        f"C72 170 70 176 72 186C56 170 70 120 70 92C66 52 40 30 4 18Z"
    )
    shade = (
        f"M86 12C114 44 118 100 104 142C98 166 104 184 116 {198 * n:.0f}C94 190 88 170 92 "
        "140C102 90 100 50 86 12Z"
    )
    strands = svg.lens((24, 6), (78, 22), (84, 130), 2.8) + svg.lens(
        (40, 2), (88, 30), (94, 100), 2.2
    )
    tail = _mass(look, d, shade, strands, svg.lens((46, 2), (74, 12), (88, 46), 5))
    return svg.side(tail, look.flip) + _short(look)


def _side_tail(look: Look) -> str:
    n = look.hair_length
    d = (
        f"M58 112C82 100 104 120 104 152C106 180 94 200 100 {232 * n:.0f}C86 "
        f"{228 * n:.0f} 82 {220 * n:.0f} 82 {206 * n:.0f}"
        f"C78 {218 * n:.0f} 74 {226 * n:.0f} 66 {230 * n:.0f}C70 190 54 164 56 134Z"
    )
    shade = (
        f"M94 126C100 150 88 190 90 {222 * n:.0f}Q94 {230 * n:.0f} 100 {232 * n:.0f}C94 "
        "200 106 180 104 152Q102 134 94 126Z"
    )
    strands = svg.lens((68, 122), (84, 150), (80, 204 * n), 2.6)
    return svg.side(
        _mass(look, d, shade, strands, svg.lens((66, 142), (76, 128), (92, 136), 5)), look.flip
    )


def _buns(look: Look) -> str:
    bun = svg.circle(54, 32, 28)
    shade = "M72 10A28 28 0 0 1 38 55A34 34 0 0 0 72 10Z"
    strands = svg.lens((40, 18), (62, 16), (70, 36), 2.4) + svg.lens(
        (46, 48), (38, 32), (52, 22), 2.4
    )
    body = _mass(look, bun, shade, strands, svg.lens((36, 26), (40, 12), (54, 11), 5))
    return svg.mirrored(body) + _short(look)


def _braid(look: Look, x: float, top: float, count: int) -> str:
    """Return a braid that hangs down in front of the shoulder at `x`."""
    tone, parts = look.hair, list[str]()
    for i in range(count):
        y, w = top + 14.5 * i, 13.5 - 0.5 * i
        for sign in (-1, 1):
            lobe = (
                f"M{x:.1f} {y + 17:.1f}C{x + sign * w * 0.4:.1f} {y + 17:.1f} "
                f"{x + sign * w * 1.35:.1f} {y + 8:.1f} {x + sign * w:.1f} {y - 3:.1f}"
                f"Q{x + sign * w * 0.5:.1f} {y - 7:.1f} {x:.1f} {y + 1:.1f}Z"
            )
            parts.append(
                svg.shape(lobe, tone.base if sign < 0 else tone.shade, line=tone.line, width=2.6)
            )
        parts.append(
            svg.shape(
                svg.lens((x - w * 0.8, y + 3), (x - w * 0.7, y), (x - w * 0.2, y + 4), 2.4),
                tone.light,
            )
        )
    y = top + 14.5 * count + 4
    tuft = (
        f"M{x - 6} {y}C{x - 14} {y + 10} {x - 10} {y + 20} {x} {y + 26}C{x + 10} {y + 20} "
        f"{x + 14} {y + 10} {x + 6} {y}Z"
    )
    tie = look.ramp(_TIE)
    parts.append(svg.shape(tuft, tone.base, line=tone.line, width=2.6))
    parts.append(svg.ellipse(x, y, 9, 5.5, tie.base, line=tie.line, width=2.2))
    return "".join(parts)


def _drill(look: Look) -> str:
    """Return one ringlet on the viewer's right: bands that grow narrower downwards."""
    tone, parts = look.hair, list[str]()
    widths = (19, 22, 21, 18, 14, 9)
    for i in range(len(widths) - 1, -1, -1):
        w, y, x = widths[i], 106 + 19 * i, 84 + 1.5 * i
        band = (
            f"M{x - w} {y}C{x - w - 4} {y + 16} {x - w * 0.4:.1f} {y + 30} {x + w * 0.7:.1f} "
            f"{y + 25}C{x + w + 5} {y + 22} {x + w + 5} {y + 6} {x + w} {y - 2}Q{x} {y - 14} "
            f"{x - w} {y}Z"
        )
        shade = (
            f"M{x + w * 0.3:.1f} {y + 24}C{x + w + 4} {y + 22} {x + w + 4} {y + 6} {x + w} "
            f"{y - 2}Q{x + w * 0.6:.1f} {y + 16} {x + w * 0.3:.1f} {y + 24}Z"
        )
        parts.append(svg.shape(band, tone.base, line=tone.line, width=2.8))
        parts.append(svg.shape(shade, tone.shade))
        parts.append(
            svg.shape(
                svg.lens((x - w * 0.8, y + 4), (x - w * 0.6, y + 14), (x - w * 0.1, y + 18), 4),
                tone.light,
            )
        )
    return "".join(parts)


_BACKS: dict[str, Callable[[Look], str]] = {
    "short": _short,
    "bob": _bob,
    "long": _long,
    "wavy": _wavy,
    "hime cut": _hime,
    "spiked": _spiked,
    "twintails": _twintails,
    "ponytail": _ponytail,
    "side ponytail": _short,
    "double bun": _buns,
    "single braid": _short,
    "twin braids": _short,
    "drill": _short,
}


def draw_back_hair(look: Look) -> str:
    """Return what lies behind head and body."""
    return _BACKS[look.traits["hair_style"]](look)


def draw_hanging_hair(look: Look) -> str:
    """Return what hangs in front of the shoulders but behind the face: braids and drills."""
    style = look.traits["hair_style"]
    if style == "single braid":
        return svg.side(_braid(look, 56, 150, 5), look.flip)
    if style == "twin braids":
        return svg.mirrored(_braid(look, 62, 140, 5))
    if style == "drill":
        return svg.mirrored(_drill(look))
    if style == "side ponytail":
        return _side_tail(look)
    return ""


def draw_hair_ties(look: Look) -> str:
    """Return the ties of the tails."""
    style, tie = look.traits["hair_style"], look.ramp(_TIE)
    if style == "twintails":
        return svg.mirrored(svg.ellipse(66, 82, 7, 11, tie.base, line=tie.line, width=2.4))
    if style == "side ponytail":
        return svg.side(svg.ellipse(64, 118, 10, 8, tie.base, line=tie.line, width=2.4), look.flip)
    if style == "drill":
        return svg.mirrored(svg.ellipse(74, 100, 12, 8, tie.base, line=tie.line, width=2.4))
    if style == "ponytail" and look.traits["headwear"] in ("none", "headphones", "hair flower"):
        return svg.side(svg.ellipse(8, 15, 12, 7, tie.base, line=tie.line, width=2.4), look.flip)
    return ""
