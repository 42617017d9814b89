"""Hats: each sits on the cap of hair and leaves the fringe free."""

from collections.abc import Callable

from enogu.world import svg
from enogu.world.look import Look


def _witch_behind(look: Look) -> str:
    tone = look.ramp("#4b3a78")
    return svg.ellipse(0, 56, 114, 26, tone.shade, line=tone.line, width=3)


def _witch_hat(look: Look) -> str:
    tone, gold = look.ramp("#54408a"), look.ramp("#f3bf3c")
    brim = (
        "M-114 58C-100 38 -68 40 -52 40L52 40C68 40 100 38 114 58C92 80 44 74 0 74C-44 "
        "74 -92 80 -114 58Z"
    )
    cone = (
        "M-58 52C-46 26 -32 4 -8 -14C12 -28 44 -24 50 -8C38 -12 30 -8 30 2C42 18 50 36 "
        "58 52C36 64 -36 64 -58 52Z"
    )
    return (
        svg.swelling(brim, tone.base, tone.line, 3.2)
        + svg.shape(
            (
                "M-108 60C-80 72 -44 68 0 68C44 68 80 72 108 60C86 78 44 73 0 73C-44 73 -86 "
                "78 -108 60Z"
            ),
            tone.shade,
        )
        + svg.swelling(cone, tone.base, tone.line, 3.2)
        + svg.shape(
            (
                "M18 -20C12 0 26 36 30 59C44 58 54 55 58 52C50 36 42 18 30 2C30 -8 38 -12 50 "
                "-8C44 -20 30 -22 18 -20Z"
            ),
            tone.shade,
        )
        + svg.shape(svg.lens((-40, 30), (-28, 6), (-8, -8), 6), tone.light, opacity=0.8)
        + svg.shape(
            "M-58 52L-51 37C-24 48 24 48 51 37L58 52C36 64 -36 64 -58 52Z",
            gold.base,
            line=gold.line,
            width=2.6,
        )
        + svg.shape("M-10 42H10V60H-10Z", "none", line=look.paint("#fff6d0"), width=4)
        + svg.shape("M-10 42H10V60H-10Z", "none", line=gold.line, width=1.4)
    )


def _beret(look: Look) -> str:
    tone = look.ramp("#d43e48")
    dome = "M-68 66C-92 44 -74 4 -24 -6C32 -18 88 2 94 34C96 52 84 62 70 66C26 46 -24 46 -68 66Z"
    body = svg.swelling(dome, tone.base, tone.line, 3.2)
    body += svg.shape("M70 66C84 62 96 52 94 34C90 16 74 4 54 -4C76 18 74 40 52 58Z", tone.shade)
    body += svg.shape(
        "M-67 66C-24 44 24 44 68 66L66 76C24 54 -24 54 -64 76Z",
        tone.shade,
        line=tone.line,
        width=2.8,
    )
    stem = svg.stroke("M10 -8Q12 -17 20 -18", tone.line, 7)
    return stem + body + svg.shape(svg.lens((-60, 36), (-46, 6), (-12, 2), 7), tone.light)


def _straw_behind(look: Look) -> str:
    tone = look.ramp("#e8c36a")
    return svg.ellipse(0, 58, 108, 24, tone.shade, line=tone.line, width=3)


def _straw_hat(look: Look) -> str:
    tone, ribbon = look.ramp("#f2d27c"), look.ramp("#d8404e")
    brim = (
        "M-110 60C-104 42 -70 40 -56 40L56 40C70 40 104 42 110 60C90 82 44 70 0 70C-44 "
        "70 -90 82 -110 60Z"
    )
    dome = "M-58 52C-60 6 -34 -16 0 -16C34 -16 60 6 58 52C36 62 -36 62 -58 52Z"
    weave = "".join(
        svg.lens((-46 + 2 * i, 22 - 13 * i), (0, 32 - 13 * i), (46 - 2 * i, 22 - 13 * i), 1.6)
        for i in range(3)
    )
    weave += (
        svg.lens((-98, 60), (0, 76), (98, 60), 1.6)
        + svg.lens((-18, -12), (-30, 10), (-28, 36), 1.6)
        + svg.lens((18, -12), (30, 10), (28, 36), 1.6)
    )
    return (
        svg.swelling(brim, tone.base, tone.line, 3.2)
        + svg.swelling(dome, tone.base, tone.line, 3.2)
        + svg.shape("M20 -14C50 -4 60 20 58 52Q46 58 34 59C40 30 36 4 20 -14Z", tone.shade)
        + svg.shape(weave, tone.line, opacity=0.6)
        + svg.shape(
            "M-58 52L-57 34C-30 46 30 46 57 34L58 52C36 62 -36 62 -58 52Z",
            ribbon.base,
            line=ribbon.line,
            width=2.8,
        )
    )


def _beanie(look: Look) -> str:
    tone, cuff = look.ramp("#3f9f94"), look.ramp("#f4ead2")
    dome = "M-70 64C-76 14 -42 -8 0 -8C42 -8 76 14 70 64Z"
    ribs = "".join(
        svg.lens((x * 0.35, -4), (x * 0.95, 16), (x, 50), 2.2) for x in (-44, -16, 16, 44)
    )
    pompom = svg.swelling(svg.circle(0, -14, 14), cuff.base, cuff.line, 2.8) + svg.stroke(
        "M-7 -17l5 4M2 -21l1 6M6 -11l-5 2", cuff.shade, 2.2
    )
    body = svg.swelling(dome, tone.base, tone.line, 3.2)
    body += svg.shape("M28 -4C58 6 76 30 70 64H52C56 34 48 10 28 -4Z", tone.shade)
    body += svg.shape(ribs, tone.line, opacity=0.7) + svg.shape(
        svg.lens((-54, 30), (-46, 6), (-22, 1), 6), tone.light
    )
    band = svg.swelling(
        "M-74 52Q0 28 74 52Q80 62 74 74Q0 50 -74 74Q-80 62 -74 52Z", cuff.base, cuff.line, 3
    )
    band += svg.stroke(
        "M-58 50L-57 65M-36 44V58M-12 40V56M12 40V56M36 44V58M58 50L57 65", cuff.shade, 2.8
    )
    return body + band + pompom


FRONT: dict[str, Callable[[Look], str]] = {
    "witch hat": _witch_hat,
    "beret": _beret,
    "straw hat": _straw_hat,
    "beanie": _beanie,
}
BEHIND: dict[str, Callable[[Look], str]] = {"witch hat": _witch_behind, "straw hat": _straw_behind}
