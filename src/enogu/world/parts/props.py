"""Things that are held; all on the viewer's right, in front of body and hair."""

import math
import random
from collections.abc import Callable

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.parts import extras
from enogu.world.parts.body import HOLDING_SIDE, arms_of, draw_fist
from enogu.world.svg import Point


def draw_prop_behind(look: Look) -> str:
    """Return what is behind the head: an open umbrella that rests on the shoulder."""
    if look.traits["prop"] != "umbrella":
        return ""
    tone = look.ramp(_pick(look, "#e2566a", "#4f86d8", "#f0b840", "#7ec46a"))
    white = look.ramp("#fdf6ea")
    cx, cy, count = 36.0, 72.0, 10

    def rim(step: float, radius: float) -> Point:
        angle = math.radians(360 * step / count + 9)
        return cx + radius * math.cos(angle), cy + radius * math.sin(angle)

    panels: list[str] = []
    for i in range(count):
        (ax, ay), (mx, my), (bx, by) = rim(i, 100), rim(i + 0.5, 84), rim(i + 1, 100)
        panels.append(f"M{cx} {cy}L{ax:.1f} {ay:.1f}Q{mx:.1f} {my:.1f} {bx:.1f} {by:.1f}Z")
    body = svg.swelling("".join(panels), tone.base, tone.line, 3)
    return body + svg.shape("".join(panels[::2]), white.base, line=tone.line, width=2.2)


def draw_prop(look: Look) -> str:
    """Return the thing in the hand, with the fingers round it, or nothing."""
    kind = look.held
    if kind == "none":
        return ""
    arm = arms_of(look)[1 if HOLDING_SIDE > 0 else 0]
    return _DRAW[kind](look, arm.hand) + draw_fist(look, arm.hand)


def _pick(look: Look, *colours: str) -> str:
    return colours[look.goods % len(colours)]


def _book(look: Look, hand: Point) -> str:
    cover, pages = look.ramp(_pick(look, "#b4404e", "#3f62b0", "#4a8a5a")), look.ramp("#f8f1de")
    gold = look.ramp("#f3c95a").base
    d = "M-30 196L24 190L28 242L-26 248Z"
    body = svg.swelling("M-27 200L29 194L33 244L-22 251Z", pages.base, pages.line, 2.6)
    body += svg.swelling(d, cover.base, cover.line, 3)
    body += svg.shape("M-30 196L-21 195L-17 247L-26 248Z", cover.shade, line=cover.line, width=2)
    body += svg.shape("M-13 200L19 197L22 237L-10 240Z", "none", line=gold, width=2.4)
    return body + svg.shape(svg.star(4, 217, 9, 4), gold)


def _bouquet(look: Look, hand: Point) -> str:
    paper, ribbon = look.ramp("#fdf4e6"), look.ramp("#e8607a")
    rng = random.Random(look.goods)
    wrap = "M-12 206L66 202L34 250L20 250Z"
    leaves = svg.shape(
        (
            "M-18 204Q-30 190 -18 184Q-6 190 0 204ZM70 202Q84 186 70 180Q58 186 54 202ZM20 "
            "186Q26 168 34 186Z"
        ),
        look.ramp("#5cab58").base,
        line=look.ramp("#5cab58").line,
        width=2.2,
    )
    colours = ["#f26d8f", "#ffd45e", "#fbfbff", "#f2954e", "#b58ae6"]
    rng.shuffle(colours)
    flowers = ""
    for (x, y), colour in zip(
        ((-8, 196), (60, 194), (12, 184), (42, 182), (27, 200)), colours, strict=True
    ):
        tone = look.ramp(colour)
        petals = "".join(
            svg.circle(x + dx, y + dy, 7.5)
            for dx, dy in ((0, -8), (8, -2), (5, 7), (-5, 7), (-8, -2))
        )
        flowers += svg.shape(petals, tone.base, line=tone.line, width=2.2)
        flowers += svg.ellipse(
            x, y, 4.6, 4.6, look.paint("#f5b93a") if colour != "#ffd45e" else look.paint("#c8783a")
        )
    bow = svg.shape(
        (
            "M27 234C34 226 44 228 43 236C42 243 34 242 27 237C20 242 12 243 11 236C10 228 "
            "20 226 27 234Z"
        ),
        ribbon.base,
        line=ribbon.line,
        width=2.2,
    )
    return leaves + svg.swelling(wrap, paper.base, paper.line, 2.8) + flowers + bow


def _balloon(look: Look, hand: Point) -> str:
    tone = look.ramp(_pick(look, "#ea4f5e", "#4a8fe6", "#f6c542", "#8d6ad0"))
    x, y = hand
    string = svg.stroke(f"M{x:.0f} {y:.0f}Q{x - 8:.0f} 160 96 112", look.ramp("#7a7684").base, 2.4)
    body = svg.swelling(
        "M96 30C122 30 136 50 132 72C128 92 110 106 97 108C84 106 64 92 62 72C60 50 72 30 96 30Z",
        tone.base,
        tone.line,
        3,
    )
    body += svg.shape(
        "M114 36C132 48 138 62 132 76C126 94 110 106 97 108C112 96 128 66 114 36Z", tone.shade
    )
    body += svg.shape(svg.lens((72, 70), (72, 46), (88, 40), 8), tone.light)
    return string + body + svg.shape("M97 106L90 117H104Z", tone.base, line=tone.line, width=2.4)


def _umbrella(look: Look, hand: Point) -> str:
    wood = look.ramp("#8a5a3a")
    x, y = hand
    shaft = f"M{x - 10:.0f} {y - 34:.0f}L{x + 5:.0f} {y + 18:.0f}q3 12 11 9q7 -4 4 -12"
    return svg.stroke(shaft, wood.line, 7.5) + svg.stroke(shaft, wood.base, 4)


def _sword(look: Look, hand: Point) -> str:
    steel, gold, grip = look.ramp("#cfdaea"), look.ramp("#f0bd42"), look.ramp("#7a3a4a")
    blade = "M-8 -14L-9 -98L0 -118L9 -98L8 -14Z"
    body = svg.swelling(blade, steel.base, steel.line, 3) + svg.shape(
        "M0 -14V-116L9 -98L8 -14Z", steel.shade
    )
    body += svg.stroke("M-4 -20L-4.500 -92", look.paint("#ffffff"), 2.4)
    body += svg.shape("M-5 -12H5V24H-5Z", grip.base, line=grip.line, width=2.4)
    body += svg.swelling(
        "M-24 -17Q0 -10 24 -17Q28 -10 23 -7Q0 0 -23 -7Q-28 -10 -24 -17Z", gold.base, gold.line, 2.6
    )
    body += svg.ellipse(0, 27, 6.5, 6.5, gold.base, line=gold.line, width=2.4)
    return svg.group(body, f"translate({hand[0]:.0f} {hand[1]:.0f}) rotate(12)")


def _cup(look: Look, hand: Point) -> str:
    tone = look.ramp(_pick(look, "#f7f3ee", "#8fd0e8", "#f6b24e"))
    x, y = hand[0] - 14, hand[1]
    body = svg.stroke(
        f"M{x - 17} {y - 6}C{x - 36} {y - 10} {x - 36} {y + 16} {x - 15} {y + 12}", tone.line, 8
    )
    body += svg.stroke(
        f"M{x - 17} {y - 6}C{x - 36} {y - 10} {x - 36} {y + 16} {x - 15} {y + 12}", tone.base, 3.6
    )
    body += svg.swelling(
        f"M{x - 20} {y - 17}H{x + 20}L{x + 17} {y + 18}Q{x} {y + 25} {x - 17} {y + 18}Z",
        tone.base,
        tone.line,
        3,
    )
    body += svg.shape(
        f"M{x + 9} {y - 13}H{x + 20}L{x + 17} {y + 18}Q{x + 12} {y + 21} {x + 7} {y + 21}Z",
        tone.shade,
    )
    coffee = look.ramp("#7a4a30")
    body += svg.ellipse(x, y - 17, 20, 6, coffee.base, line=tone.line, width=2.6)
    heart = f"M{x - 4} {y + 12}c-9 -7 -6 -13 -3 -13q2 0 3 3q1 -3 3 -3c3 0 6 6 -3 13Z"
    body += svg.shape(heart, look.ramp("#e8506a").base)
    steam = svg.lens((x - 7, y - 26), (x - 18, y - 34), (x - 6, y - 46), 4) + svg.lens(
        (x + 7, y - 26), (x - 2, y - 36), (x + 8, y - 48), 4
    )
    return body + svg.shape(steam, look.paint("#ffffff"), opacity=0.9)


def _teddy(look: Look, hand: Point) -> str:
    fur, pale = look.ramp("#b9824e"), look.ramp("#ecc998")
    ink, red = look.ramp("#3a2820").base, look.ramp("#e2485c")
    line = fur.line
    ears = "".join(
        svg.ellipse(6 + s * 19, 186, 9, 9, fur.base, line=line, width=2.6)
        + svg.ellipse(6 + s * 19, 186, 4.5, 4.5, pale.base)
        for s in (-1, 1)
    )
    limbs = "".join(
        svg.ellipse(6 + s * 22, 234, 9, 8, fur.base, line=line, width=2.6)
        + svg.ellipse(6 + s * 16, 256, 10, 9, fur.base, line=line, width=2.6)
        for s in (-1, 1)
    )
    trunk = svg.ellipse(6, 240, 20, 19, fur.base, line=line, width=2.8) + svg.ellipse(
        6, 243, 12, 12, pale.base
    )
    head = svg.ellipse(6, 204, 26, 22, fur.base, line=line, width=3) + svg.shape(
        "M24 188A26 22 0 0 1 8 226A30 26 0 0 0 24 188Z", fur.shade
    )
    muzzle = svg.ellipse(6, 211, 11.5, 9, pale.base) + svg.ellipse(6, 207, 4, 3, ink)
    eyes = svg.shape(svg.circle(-5, 202, 3) + svg.circle(17, 202, 3), ink) + svg.stroke(
        "M6 210V214Q2 217 0 214M6 214Q10 217 12 214", ink, 1.8
    )
    bow = svg.shape(
        "M6 226C-2 219 -10 221 -9 227C-8 233 0 232 6 228C12 232 20 233 21 227C22 221 14 219 6 226Z",
        red.base,
        line=red.line,
        width=2.2,
    )
    return limbs + trunk + ears + head + muzzle + eyes + bow


def _microphone(look: Look, hand: Point) -> str:
    dark, mesh = look.ramp("#4a4858"), look.ramp("#c3c8d6")
    body = svg.swelling("M-6.500 -8H6.500L5 34Q0 37 -5 34Z", dark.base, dark.line, 2.8)
    body += svg.ellipse(0, -20, 15, 16, mesh.base, line=dark.line, width=3)
    body += svg.shape("M8 -33A15 16 0 0 1 4 -5A22 22 0 0 0 8 -33Z", mesh.shade)
    body += svg.stroke("M-13 -26H13M-14.500 -18H14.500M-6 -34V-6M5 -34V-6", dark.line, 1.6)
    body += svg.shape("M-11 -9H11V-3H-11Z", look.ramp("#e8b73e").base, line=dark.line, width=2.2)
    return svg.group(body, f"translate({hand[0]:.0f} {hand[1]:.0f}) rotate(-24)")


def _lollipop(look: Look, hand: Point) -> str:
    tone, white = look.ramp(_pick(look, "#f0567c", "#f08a3c", "#7fcf5e")), look.ramp("#fdfaf4")
    x, y = hand
    stick = svg.stroke(
        f"M{x:.0f} {y + 20:.0f}L{x + 10:.0f} {y - 30:.0f}", white.line, 7
    ) + svg.stroke(f"M{x:.0f} {y + 20:.0f}L{x + 10:.0f} {y - 30:.0f}", white.base, 3.6)
    cx, cy = x + 14, y - 52
    body = svg.ellipse(cx, cy, 26, 26, tone.base, line=tone.line, width=3.2)
    swirl = f"M{cx:.0f} {cy:.0f}c5 -5 11 0 8 7c-5 10 -20 7 -21 -6c-1 -16 19 -22 29 -9"
    body += svg.stroke(swirl, white.base, 5)
    return (
        stick
        + body
        + svg.shape(
            svg.lens((cx - 20, cy - 4), (cx - 18, cy - 16), (cx - 6, cy - 20), 4), tone.light
        )
    )


def _wand(look: Look, hand: Point) -> str:
    gold, rod = look.ramp("#ffcf3e"), look.ramp(_pick(look, "#f6a0c0", "#9fc4f4", "#fbfbff"))
    x, y = hand
    d = f"M{x - 3:.0f} {y + 22:.0f}L{x + 12:.0f} {y - 44:.0f}"
    stick = svg.stroke(d, rod.line, 9) + svg.stroke(d, rod.base, 5)
    cx, cy = x + 15, y - 62
    body = svg.swelling(svg.star(cx, cy, 30, 14, turn=12), gold.base, gold.line, 3.2)
    body += svg.shape(svg.star(cx - 2, cy - 2, 15, 7, turn=12), gold.light)
    sparks = "".join(
        svg.star(cx + dx, cy + dy, 6, 2.4) for dx, dy in ((-32, -18), (24, -32), (-28, 22))
    )
    return stick + body + svg.shape(sparks, look.paint("#fff2b0"), line=gold.line, width=1.4)


_DRAW: dict[str, Callable[[Look, Point], str]] = {
    "book": _book,
    "bouquet": _bouquet,
    "balloon": _balloon,
    "umbrella": _umbrella,
    "sword": _sword,
    "cup": _cup,
    "teddy bear": _teddy,
    "microphone": _microphone,
    "lollipop": _lollipop,
    "wand": _wand,
    "pinwheel": extras.draw_pinwheel,
    "lantern": extras.draw_lantern,
}
