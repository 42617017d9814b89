"""Face, ears, eyes, brows, nose, mouth, blush and glasses."""

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import EYES, Ramp, mix

EYE_DX = 31.0
"""Distance of an eye's centre from the middle of the face."""
EYE_Y = 135.0


def face_outline(look: Look) -> str:
    """Return the path of the face from temple to chin."""
    w = look.face_width * (1.02 if look.is_boy else 1.0)
    chin = 177.0 if look.is_boy else 174.0

    def x(offset: float) -> float:
        return 128 + offset * w

    return (
        f"M{x(-60):.1f} 96 C{x(-64):.1f} 122 {x(-62):.1f} 138 {x(-53):.1f} 152 "
        f"C{x(-44):.1f} 166 {x(-22):.1f} {chin - 1:.1f} 128 {chin:.1f} "
        f"C{x(22):.1f} {chin - 1:.1f} {x(44):.1f} 166 {x(53):.1f} 152 "
        f"C{x(62):.1f} 138 {x(64):.1f} 122 {x(60):.1f} 96 "
        f"C{x(48):.1f} 52 {x(-48):.1f} 52 {x(-60):.1f} 96Z"
    )


def draw_head(look: Look) -> str:
    """Return ears and face with the shadow that the fringe throws."""
    skin = look.skin
    ear = svg.shape(
        "M71 122 C60 114 55 126 60 138 C63 146 70 148 75 144Z", skin.base, line=skin.line
    ) + svg.stroke("M69 129 C64 126 62 132 66 138", skin.shade, 2.6)
    outline = face_outline(look)
    shadow = svg.group(
        svg.shape(
            "M50 60H206V118 C190 128 178 112 160 120 C140 128 120 114 104 121 "
            "C88 128 70 114 50 124Z",
            skin.shade,
        ),
        clip="face",
    )
    return (
        svg.clip_path("face", outline)
        + svg.mirrored(ear)
        + svg.shape(outline, skin.base)
        + shadow
        + svg.shape(outline, "none", line=skin.line, width=2.8)
    )


def draw_features(look: Look) -> str:
    """Return everything on the face that the fringe may overlap."""
    parts = [_blush(look)]
    closed = look.traits["eyes"] == "closed"
    parts.append(_closed_eyes(look) if closed else _open_eyes(look))
    parts.append(svg.stroke("M127.5 153.5 l1.6 1.6", look.skin.line, 2.4))
    parts.append(_mouth(look))
    return "".join(parts)


def _open_eyes(look: Look) -> str:
    right = EYES["blue"] if "odd eyes" in look.extras else look.eye
    left = EYES["red"] if "odd eyes" in look.extras else look.eye
    return _eye(look, left, -1) + _eye(look, right, 1)


def _eye(look: Look, tone: Ramp, side: int) -> str:
    """Return one eye; `side` is -1 for the viewer's left."""
    s = look.eye_scale
    rx, ry = 15.0 * s, (20.0 if look.is_boy else 22.5) * s
    cx, cy = side * EYE_DX + look.gaze, EYE_Y + 1
    name = f"eye{side + 1}"
    white = (
        f"M{-19 * s:.1f} {-ry * 0.45:.1f} C{-12 * s:.1f} {-ry * 1.22:.1f} {12 * s:.1f} "
        f"{-ry * 1.22:.1f} {20 * s:.1f} {-ry * 0.5:.1f} C{21 * s:.1f} {ry * 0.55:.1f} "
        f"{11 * s:.1f} {ry * 1.06:.1f} 0 {ry * 1.06:.1f} C{-12 * s:.1f} {ry * 1.06:.1f} "
        f"{-19 * s:.1f} {ry * 0.5:.1f} {-19 * s:.1f} {-ry * 0.45:.1f}Z"
    )
    # All coordinates are for the viewer's right eye; the left one is mirrored, only highlights
    # stay on the same side, because both eyes see the same lamp.
    iris = (
        svg.ellipse(0, 1, rx, ry, tone.base)
        + svg.shape(
            f"M{-rx} {-ry} H{rx} V{-ry * 0.1:.1f} Q0 {ry * 0.32:.1f} {-rx} {-ry * 0.1:.1f}Z",
            tone.shade,
        )
        + svg.ellipse(0, ry * 0.62, rx * 0.62, ry * 0.26, tone.light)
        + svg.ellipse(0, -1, rx * 0.34, ry * 0.38, tone.line)
        + svg.ellipse(0, 1, rx, ry, "none", line=tone.line, width=2.6)
    )
    body = svg.clip_path(name, white) + svg.shape(white, "#fffdfb")
    body += svg.group(iris, clip=name)
    body += svg.group(
        svg.shape("M-24 -30H26V-15 Q0 -23 -24 -13Z", "#5b3a52", opacity=0.28), clip=name
    )
    body += _lashes(look, ry, s)
    flipped = svg.group(body, f"translate({128 + side * EYE_DX:.2f} {EYE_Y:.2f}) scale({side} 1)")
    lights = svg.ellipse(128 + cx - 5.2 * s, cy - ry * 0.42, 5.0 * s, 6.0 * s, "#ffffff")
    lights += svg.ellipse(128 + cx + 5.0 * s, cy + ry * 0.4, 2.6 * s, 2.9 * s, "#ffffff")
    return flipped + lights


def _lashes(look: Look, ry: float, s: float) -> str:
    """Return the thick tapered upper line, the outer flick and the thin lower line."""
    top = -ry * 1.06
    upper = (
        f"M{-21 * s:.1f} {-ry * 0.30:.1f} C{-15 * s:.1f} {top - 2:.1f} {10 * s:.1f} {top - 5:.1f} "
        f"{23 * s:.1f} {-ry * 0.42:.1f} L{20 * s:.1f} {-ry * 0.40:.1f} C{9 * s:.1f} "
        f"{top + 4.5:.1f} {-12 * s:.1f} {top + 6:.1f} {-21 * s:.1f} {-ry * 0.30:.1f}Z"
    )
    body = svg.shape(upper, look.ink, line=look.ink, width=1.8)
    if not look.is_boy:
        body += svg.shape(
            f"M{18 * s:.1f} {-ry * 0.62:.1f} L{28 * s:.1f} {-ry * 0.66:.1f} "
            f"L{21 * s:.1f} {-ry * 0.28:.1f}Z",
            look.ink,
        )
        body += svg.stroke(
            f"M{20.5 * s:.1f} {-ry * 0.4:.1f} Q{22 * s:.1f} 0 {19 * s:.1f} {ry * 0.3:.1f}",
            look.ink,
            2.2,
        )
    body += svg.stroke(
        f"M{-9 * s:.1f} {ry * 1.07:.1f} Q{2 * s:.1f} {ry * 1.18:.1f} {13 * s:.1f} {ry * 0.94:.1f}",
        look.ink,
        1.8,
    )
    return body


def _closed_eyes(look: Look) -> str:
    happy = look.traits["mouth"] != "frown"
    arc = "M-20 6 Q0 -16 20 6" if happy else "M-20 -3 Q0 15 20 -3"
    lash = "M19 5 l6 3 M14 -1 l7 -1" if happy else "M19 -2 l6 3 M15 3 l6 4"
    body = svg.stroke(arc, look.ink, 4.6) + svg.stroke(lash, look.ink, 2.6)
    return "".join(
        svg.group(body, f"translate({128 + side * EYE_DX} {EYE_Y + 3}) scale({side} 1)")
        for side in (-1, 1)
    )


def draw_brows(look: Look) -> str:
    """Return the brows; they are drawn over the fringe, as the style has it."""
    tone = mix(look.hair.shade, look.hair.line, 0.5)
    width = 4.4 if look.is_boy else 3.0
    d = {"frown": "M-14 1 Q2 -6 15 3"}.get(look.traits["mouth"], "M-14 2 Q0 -6 14 0")
    lean = 13 if look.traits["mouth"] == "frown" else -3
    return "".join(
        svg.group(
            svg.stroke(d, tone, width),
            f"translate({128 + side * (EYE_DX - 1)} 101) scale({side} 1) rotate({lean})",
        )
        for side in (-1, 1)
    )


def _mouth(look: Look) -> str:
    kind, ink = look.traits["mouth"], look.skin.line
    if kind == "open":
        return (
            svg.clip_path("mouth", "M114 158 Q128 161 142 158 Q140 172 128 172 Q116 172 114 158Z")
            + svg.shape(
                "M114 158 Q128 161 142 158 Q140 172 128 172 Q116 172 114 158Z",
                "#a8323f",
                line=ink,
                width=2.6,
            )
            + svg.group(svg.ellipse(128, 172, 9, 6, "#f08c8c"), clip="mouth")
        )
    if kind == "smile":
        return svg.stroke("M114 158 Q128 171 142 158", ink, 3.2) + svg.stroke(
            "M112 157 l4 -1 M144 157 l-4 -1", ink, 2.4
        )
    if kind == "frown":
        return svg.stroke("M116 167 Q128 156 140 167", ink, 3.2)
    return svg.stroke("M122 162 Q128 163.5 134 162", ink, 2.8)


def _blush(look: Look) -> str:
    if look.traits["blush"] == "no":
        return ""
    cheek = '<g opacity="0.75">' + svg.ellipse(88, 160, 14, 8, "#f58088") + "</g>"
    cheek += svg.stroke("M81 164 l4 -8 M87 165 l4 -8 M93 165 l4 -8", "#d8545f", 1.9)
    return svg.group(svg.mirrored(cheek), clip="face")


def draw_glasses(look: Look) -> str:
    """Return round-rimmed glasses, or nothing."""
    if look.traits["glasses"] == "no":
        return ""
    rim = "#33303f"
    lens = svg.ellipse(128 + EYE_DX, EYE_Y + 2, 26, 25, "#ffffff18", line=rim, width=4.2)
    arm = svg.stroke(f"M{128 + EYE_DX + 25} {EYE_Y - 4} L190 {EYE_Y - 8}", rim, 3.6)
    glint = svg.stroke(f"M{128 + EYE_DX + 9} {EYE_Y + 19} l9 -11", "#ffffff", 3.2, opacity=0.85)
    bridge = svg.stroke(f"M{128 - 6} {EYE_Y} Q128 {EYE_Y - 6} {128 + 6} {EYE_Y}", rim, 3.8)
    return svg.mirrored(lens + arm) + bridge + glint
