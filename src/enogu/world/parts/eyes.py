"""Eyes: open, closed or winking, with lashes, brows and tears."""

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import EYES, Ramp, mix, styled

EYE_DX = 30.5
"""Distance of an eye's centre from the middle of the face."""
EYE_Y = 133.0


def draw_eyes(look: Look) -> str:
    """Return both eyes."""
    kind = look.traits["eyes"]
    closed = {"open": (), "wink": (look.flip,), "closed": (-1, 1)}[kind]
    right, left = look.eye, look.eye
    if "odd eyes" in look.extras:
        left = styled(EYES["red"], look.traits["style"])
    return "".join(
        _closed_eye(look, side) if side in closed else _eye(look, tone, side)
        for side, tone in ((-1, left), (1, right))
    )


def _eye(look: Look, tone: Ramp, side: int) -> str:
    """Return one open eye; `side` is -1 for the viewer's left."""
    s = look.eye_scale
    tall = 0.84 if look.is_boy else 1.0
    name = f"eye{side + 1}"
    white = "M-18 -8C-12 -28 12 -29 19 -9C20 10 13 24 0 25C-12 25 -18 10 -18 -8Z"
    gaze = look.gaze * side - 0.5
    iris = (
        svg.ellipse(gaze, 1, 16.5, 24.5, f"url(#i{name})", line=tone.line, width=3)
        + svg.ellipse(gaze, -2, 6.4, 10, tone.line)
        + svg.shape(
            (
                f"M{gaze - 11:.1f} 12Q{gaze:.1f} 27 {gaze + 11:.1f} 12Q{gaze:.1f} 18 "
                f"{gaze - 11:.1f} 12Z"
            ),
            tone.light,
        )
        + svg.shape("M-22 -30H24V-11Q0 -21 -22 -9Z", mix(tone.line, look.ink, 0.5), opacity=0.35)
    )
    body = (
        svg.gradient(
            f"i{name}",
            (0.05, tone.shade),
            (0.4, tone.base),
            (0.62, tone.base),
            (1, mix(tone.base, tone.light, 0.6)),
        )
        + svg.clip_path(name, white)
        + svg.shape(white, look.paint("#fffdfc"))
        + svg.group(iris, clip=name)
    )
    place = f"translate({side * EYE_DX:.1f} {EYE_Y:.1f}) scale({side * s:.3f} {s * tall:.3f})"
    # The lights stay on the same side of both eyes, because both see the same lamp.
    x, y = side * EYE_DX + look.gaze, EYE_Y
    lights = svg.ellipse(x - 5.5 * s, y - 8.5 * s * tall, 5.4 * s, 6.8 * s, "#ffffff")
    lights += svg.ellipse(x + 5.5 * s, y + 8.5 * s * tall, 2.8 * s, 3.2 * s, "#ffffff")
    return svg.group(body, place) + lights


def _lashes(look: Look) -> str:
    """Return one path: the upper line that swells outwards, the flicks, and the lower line."""
    upper = (
        "M-21 -4C-17 -22 -8 -30 3 -30C13 -30 20 -22 23 -7L20 -6C15 -18 9 -23 2 -23.5"
        "C-7 -24 -14 -18 -21 -4Z"
    )
    if look.is_boy:
        return upper + svg.lens((-9, 26), (2, 29), (12, 24), 1.6)
    flicks = "M18 -21L30 -21L22 -11ZM20 -13L29 -10L22 -4Z"
    return upper + flicks + svg.lens((-8, 26.5), (3, 29), (13, 23), 1.8)


def _closed_eye(look: Look, side: int) -> str:
    """Return a closed eye: an arc upwards when happy, downwards when sad or asleep."""
    if look.traits["mouth"] in ("smile", "open", "grin"):
        arc = "M-20 9C-14 -12 14 -12 21 9L18 10C12 -4 -11 -4 -17 10Z"
        lash = "M16 -3L25 -4L20 4Z"
    else:
        arc = "M-20 0C-14 16 14 16 21 0L23 3C15 23 -14 22 -22 3Z"
        lash = "M14 13L20 21L19 9ZM5 16L8 24L11 15Z"
    return svg.group(
        svg.shape(arc if look.is_boy else arc + lash, look.ink),
        f"translate({side * EYE_DX:.1f} {EYE_Y + 5:.1f}) scale({side} 1)",
    )


def draw_lashes(look: Look) -> str:
    """Return the lashes of the open eyes; they show through the fringe, as the style has it."""
    closed = {"open": (), "wink": (look.flip,), "closed": (-1, 1)}[look.traits["eyes"]]
    s, d = look.eye_scale, _lashes(look)
    tall = s * (0.84 if look.is_boy else 1.0)
    return "".join(
        svg.group(
            svg.shape(d, look.ink),
            f"translate({side * EYE_DX:.1f} {EYE_Y:.1f}) scale({side * s:.3f} {tall:.3f})",
        )
        for side in (-1, 1)
        if side not in closed
    )


def draw_brows(look: Look) -> str:
    """Return the brows; they are drawn over the fringe, as the style has it."""
    tone = look.hair.line
    width = 5.6 if look.is_boy else 3.2
    mouth = look.traits["mouth"]
    lean = {"frown": -14, "wavy": -12, "grin": 9}.get(mouth, 3)
    if mouth == "frown" and look.traits["tears"] == "no":
        lean = 15
    d = svg.lens((-14, 1), (0, -7), (14, 1), width)
    return "".join(
        svg.group(
            svg.shape(d, tone),
            f"translate({side * EYE_DX:.1f} 97) scale({side} 1) rotate({lean})",
        )
        for side in (-1, 1)
    )


def draw_tears(look: Look) -> str:
    """Return a large drop under each eye, or nothing."""
    if look.traits["tears"] == "no":
        return ""
    tone = look.ramp("#86cdf6")
    drop = "M42 143C48 152 52 158 52 164A9.5 9.5 0 0 1 33 164C33 158 37 152 42 143Z"
    body = svg.shape(drop, tone.base, line="#2f7fb8", width=2.4)
    body += svg.ellipse(39, 164, 2.6, 4, "#ffffff")
    return svg.mirrored(body)
