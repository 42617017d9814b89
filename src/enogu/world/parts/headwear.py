"""Ears, ornaments and headphones; x = 0 is the middle of the head."""

from collections.abc import Callable

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.parts import hats


def draw_headwear_behind(look: Look) -> str:
    """Return the part that hair and head cover."""
    kind = look.traits["headwear"]
    if kind == "cat ears":
        tone, pink = look.hair, look.ramp("#f7a4b4")
        ear = svg.swelling(
            "M-70 74C-82 38 -78 4 -68 -6C-48 2 -24 20 -16 42Z", tone.base, tone.line, 3.2
        )
        ear += svg.shape("M-64 58C-70 36 -70 18 -64 10C-50 16 -36 28 -30 40Z", pink.base)
        ear += svg.shape("M-52 60L-56 34L-46 44L-42 28L-32 46Z", tone.light)
        return svg.mirrored(ear)
    if kind == "rabbit ears":
        white, pink = look.ramp("#f8f5fa"), look.ramp("#f7a4b4")
        ear = svg.swelling(
            "M-14 40C-40 24 -64 -8 -56 -24C-46 -36 -14 -12 -4 34Z", white.base, white.line, 3.2
        )
        ear += svg.shape("M-18 26C-36 12 -52 -8 -48 -16C-40 -20 -20 2 -12 26Z", pink.base)
        return svg.side(ear, 1) + svg.side(ear, -1)
    if kind in hats.BEHIND:
        return hats.BEHIND[kind](look)
    return ""


def draw_headwear(look: Look) -> str:
    """Return the part in front of the hair."""
    kind = look.traits["headwear"]
    draw = _FRONT.get(kind)
    return draw(look) if draw else ""


def _crown(look: Look) -> str:
    gold = look.ramp("#f6c636")
    red, blue = look.ramp("#e0384a"), look.ramp("#3f86e0")
    d = "M-54 44L-64 -2L-34 22L0 -20L34 22L64 -2L54 44Q0 30 -54 44Z"
    tips = svg.ellipse(0, -19, 7, 7, gold.light, line=gold.line, width=2.4)
    tips += svg.mirrored(svg.ellipse(63, -3, 6.5, 6.5, gold.light, line=gold.line, width=2.4))
    gems = svg.ellipse(0, 20, 7.5, 9, red.base, line=red.line, width=2.2)
    gems += svg.mirrored(svg.ellipse(32, 27, 5.5, 6.5, blue.base, line=blue.line, width=2.2))
    return (
        svg.swelling(d, gold.base, gold.line, 3.2)
        + svg.shape("M34 22L64 -2L54 44Q40 39 24 36Z", gold.shade)
        + svg.shape("M-54 44Q0 30 54 44L52 52Q0 38 -52 52Z", gold.shade, line=gold.line, width=2.4)
        + svg.shape(svg.lens((-54, 12), (-46, 24), (-44, 38), 5), gold.light)
        + tips
        + gems
    )


def _bow(look: Look) -> str:
    pink = look.ramp("#f0527a")
    loop = svg.swelling(
        "M0 20C16 -16 60 -26 68 -4C74 20 54 44 38 40C20 36 8 30 0 20Z", pink.base, pink.line, 3.2
    )
    loop += svg.shape("M4 21C20 12 38 12 48 24C46 34 42 38 36 38C20 34 10 28 4 21Z", pink.shade)
    loop += svg.shape(svg.lens((28, -10), (46, -22), (60, -6), 5), pink.light)
    tail = svg.shape("M2 26L26 62L34 48L44 52L16 24Z", pink.shade, line=pink.line, width=2.6)
    knot = svg.swelling(
        "M-12 10Q0 4 12 10Q17 20 12 31Q0 37 -12 31Q-17 20 -12 10Z", pink.base, pink.line, 3
    )
    return svg.mirrored(tail) + svg.mirrored(loop) + knot


def _flower(look: Look) -> str:
    petal, gold = look.ramp("#fbeef6"), look.ramp("#f5b93a")
    leaf = look.ramp("#5cab58")
    petals = ""
    for dx, dy in ((0, -16), (15, -5), (9, 13), (-9, 13), (-15, -5)):
        petals += svg.circle(48 + dx, 54 + dy, 13)
    tints = "".join(
        svg.circle(48 + dx * 0.55, 54 + dy * 0.55, 5.5)
        for dx, dy in ((0, -16), (15, -5), (9, 13), (-9, 13), (-15, -5))
    )
    body = svg.shape(
        "M26 74Q14 84 8 76Q14 64 28 66ZM70 72Q84 80 86 70Q80 60 68 66Z",
        leaf.base,
        line=leaf.line,
        width=2.4,
    )
    body += svg.shape(petals, petal.base, line=look.ramp("#d8589a").line, width=3.2)
    body += svg.shape(petals, petal.base) + svg.shape(tints, look.ramp("#f49ac6").base)
    body += svg.ellipse(48, 54, 7, 7, gold.base, line=gold.line, width=2)
    return svg.side(body, look.flip)


def _hairband(look: Look) -> str:
    red = look.ramp("#e03a4e")
    d = "M-71 92C-76 44 -44 22 0 22C44 22 76 44 71 92L60 90C64 56 38 38 0 38C-38 38 -64 56 -60 90Z"
    body = svg.swelling(d, red.base, red.line, 2.8)
    return body + svg.shape(svg.lens((-50, 50), (-30, 26), (4, 29), 4), red.light)


def _headphones(look: Look) -> str:
    dark, pad = look.ramp("#4a4860"), look.ramp("#37c8d8")
    band = svg.shape(
        (
            "M-76 104C-84 36 -48 2 0 2C48 2 84 36 76 104L66 102C72 46 42 16 0 16C-42 16 -72 "
            "46 -66 102Z"
        ),
        dark.base,
        line=dark.line,
        width=2.8,
    )
    band += svg.shape(svg.lens((-58, 40), (-38, 10), (0, 8), 3.4), dark.light)
    cup = svg.swelling(
        "M60 98C64 88 84 90 88 104C92 124 90 140 82 148C74 152 62 148 60 138Z",
        dark.base,
        dark.line,
        3,
    )
    cup += svg.ellipse(78, 120, 10.5, 19, pad.base, line=pad.line, width=2.6) + svg.shape(
        svg.lens((73, 124), (72, 110), (79, 106), 3.6), pad.light
    )
    return band + svg.mirrored(cup)


_FRONT: dict[str, Callable[[Look], str]] = {
    "crown": _crown,
    "bow": _bow,
    "hair flower": _flower,
    "hairband": _hairband,
    "headphones": _headphones,
    **hats.FRONT,
}
