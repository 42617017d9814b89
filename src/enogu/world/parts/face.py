"""Face, ears, nose, mouth, blush and glasses; x = 0 is the middle of the face."""

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.parts.eyes import EYE_DX, EYE_Y, draw_eyes, draw_tears


def face_outline(look: Look) -> str:
    """Return the path of the face from temple to chin."""
    w = look.face_width * (1.01 if look.is_boy else 1.0)
    chin = 178.0 if look.is_boy else 177.0
    a, b, c, d, e = 57 * w, 60.5 * w, 55 * w, 45 * w, 20 * w
    return (
        f"M{-a:.1f} 96C{-b:.1f} 118 {-b:.1f} 134 {-c:.1f} 146C{-d:.1f} 163 {-e:.1f} {chin - 2} 0 "
        f"{chin}C{e:.1f} {chin - 2} {d:.1f} 163 {c:.1f} 146C{b:.1f} 134 {b:.1f} 118 {a:.1f} 96"
        f"C{46 * w:.1f} 46 {-46 * w:.1f} 46 {-a:.1f} 96Z"
    )


def draw_head(look: Look, shadow: str) -> str:
    """Return ears and face; `shadow` is the path of the fringe, which throws a shadow on it."""
    skin = look.skin
    ear = svg.shape(
        "M56 120C66 112 71 123 67 135C64 144 58 147 53 142Z", skin.base, line=skin.line, width=2.6
    ) + svg.shape(svg.lens((60, 127), (66, 126), (61, 138), 3), skin.shade)
    outline = face_outline(look)
    cast = svg.group(svg.group(svg.shape(shadow, skin.shade), "translate(1 9)"), clip="face")
    return (
        svg.clip_path("face", outline)
        + svg.mirrored(ear)
        + svg.swelling(outline, skin.base, skin.line, 2.8)
        + cast
    )


def draw_features(look: Look) -> str:
    """Return everything on the face that the fringe may overlap."""
    nose = svg.shape(
        "M-1.5 149L2.8 152.5L-1 153.5Z", look.skin.shade, line=look.skin.shade, width=1
    )
    return _blush(look) + draw_eyes(look) + nose + _mouth(look) + draw_tears(look)


def _mouth(look: Look) -> str:
    kind = look.traits["mouth"]
    ink = look.ink if look.traits["style"] == "flat color" else look.skin.line
    if kind == "open":
        d = "M-15 155Q0 159 15 155C16 167 9 174 0 174C-9 174 -16 167 -15 155Z"
        red = look.ramp("#b8404e").base
        return (
            svg.clip_path("mouth", d)
            + svg.shape(d, red)
            + svg.group(svg.ellipse(0, 174, 11, 8, look.paint("#f59a98")), clip="mouth")
            + svg.shape(d, "none", line=ink, width=3)
        )
    if kind == "grin":
        d = "M-18 154Q0 160 18 154C17 167 10 171 0 171C-10 171 -17 167 -18 154Z"
        lines = svg.stroke("M-15 163Q0 167 15 163M-6 158V170M6 158V170", ink, 1.4)
        return svg.shape(d, look.paint("#ffffff"), line=ink, width=3.2) + lines
    if kind == "smile":
        d = svg.lens((-16, 157), (0, 175), (16, 157), 2.6)
        return svg.shape(d, ink, line=ink, width=1.4)
    if kind == "frown":
        d = svg.lens((-14, 168), (0, 150), (14, 168), 2.6)
        return svg.shape(d, ink, line=ink, width=1.4)
    if kind == "wavy":
        return svg.stroke("M-17 162q4.2 -8 8.5 0t8.5 0t8.5 0t8.5 0", ink, 3.2)
    return svg.shape(svg.lens((-10, 161), (0, 165), (10, 161), 2.2), ink, line=ink, width=1.2)


def _blush(look: Look) -> str:
    if look.traits["blush"] == "no":
        return ""
    pink, line = look.paint("#ff6b7a"), look.paint("#c93a4c")
    cheek = svg.shape("M21 159a17.5 9.5 0 1 0 35 0a17.5 9.5 0 1 0 -35 0Z", pink, opacity=0.8)
    cheek += svg.stroke("M30 164l5 -10M38 165l5 -10M46 164l5 -10", line, 2.6)
    return svg.group(svg.mirrored(cheek), clip="face")


def draw_glasses(look: Look) -> str:
    """Return round-rimmed glasses, sunglasses, or nothing."""
    kind = look.traits["glasses"]
    if kind == "no":
        return ""
    rim = look.ramp("#3c3548").base
    arm = svg.stroke(f"M{EYE_DX + 24} {EYE_Y - 6}L64 {EYE_Y - 9}", rim, 3.6)
    bridge = svg.stroke(f"M-7 {EYE_Y - 3}Q0 {EYE_Y - 9} 7 {EYE_Y - 3}", rim, 3.8)
    if kind == "sunglasses":
        lens = svg.shape(
            "M4 114H56Q60 118 57 132C54 150 44 158 31 158C17 158 8 149 5 132Z",
            look.ramp("#2c2a38").base,
            line=rim,
            width=4,
        )
        glint = svg.shape(
            "M16 121H28L17 146Q11 138 10 128ZM34 121H39L26 150L21.5 148Z", look.ramp("#5d6790").base
        )
        return (
            svg.mirrored(lens + arm)
            + svg.shape("M-8 116H8V124Q0 119 -8 124Z", rim)
            + glint
            + svg.group(glint, "translate(-62 0)")
        )
    lens = svg.ellipse(EYE_DX, EYE_Y + 2, 25.5, 26, "#ffffff22", line=rim, width=4)
    glint = svg.shape(svg.lens((44, 150), (50, 145), (52, 137), 2.4), "#ffffff")
    return svg.mirrored(lens + arm) + bridge + glint
