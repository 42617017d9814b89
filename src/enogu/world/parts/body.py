"""Arms, hands, legs and the outline of the torso; x = 0 is the middle, y grows downwards."""

import math
from dataclasses import dataclass

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import Ramp
from enogu.world.svg import Point

HOLDING_SIDE = 1
"""A prop is held on the viewer's right."""

_POSES: dict[str, tuple[Point, Point, float]] = {
    # Elbow, hand, and how far the hand is turned (degrees; 0 points up), on the viewer's right.
    "at sides": ((47, 222), (47, 246), 180),
    "waving": ((62, 216), (82, 176), 14),
    "hand on hip": ((70, 220), (40, 240), 250),
    "arms up": ((66, 190), (88, 148), 22),
    "outstretched": ((66, 203), (98, 196), 80),
}
_HOLDS: dict[str, tuple[Point, Point]] = {
    "book": ((52, 226), (22, 232)),
    "bouquet": ((54, 224), (26, 232)),
    "balloon": ((60, 222), (76, 196)),
    "umbrella": ((60, 222), (70, 200)),
    "sword": ((60, 222), (76, 206)),
    "cup": ((54, 226), (30, 218)),
    "teddy bear": ((54, 226), (34, 236)),
    "microphone": ((58, 222), (34, 202)),
    "lollipop": ((60, 222), (72, 202)),
    "wand": ((60, 222), (74, 202)),
    "pinwheel": ((60, 222), (72, 206)),
    "lantern": ((60, 222), (70, 200)),
}
"""Elbow and hand of the arm that holds a prop."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm on the viewer's right; a left one is mirrored when drawn."""

    shoulder: Point
    elbow: Point
    hand: Point
    turn: float
    side: int
    open_hand: bool

    @property
    def raised(self) -> bool:
        """Whether it is drawn in front of head and hair."""
        return self.open_hand or self.hand[0] < 38 or self.hand[1] < 220


def arms_of(look: Look) -> tuple[Arm, Arm]:
    """Return the viewer's left and right arm."""
    pose, prop = look.traits["arms"], look.held
    both = pose in ("arms up", "outstretched")
    active = -HOLDING_SIDE if prop != "none" else look.flip
    arms: list[Arm] = []
    for side in (-1, 1):
        kind = pose if both or side == active else "at sides"
        elbow, hand, turn = _POSES[kind]
        if prop != "none" and side == HOLDING_SIDE:
            (elbow, hand), turn, kind = _HOLDS[prop], 0, "hold"
        shoulder = (37.0 if look.is_boy else 33.0, 199.0)
        arms.append(
            Arm(
                shoulder=shoulder,
                elbow=elbow,
                hand=hand,
                turn=turn,
                side=side,
                open_hand=kind in ("waving", "arms up", "outstretched"),
            )
        )
    return arms[0], arms[1]


def draw_arm(look: Look, arm: Arm, sleeve: str, tone: Ramp) -> str:
    """Return an arm with its hand; `sleeve` is long, short, puff, wide, bell or plate."""
    skin = look.skin
    (sx, sy), (ex, ey), (hx, hy) = arm.shoulder, arm.elbow, arm.hand
    wx, wy = ex + (hx - ex) * 0.72, ey + (hy - ey) * 0.72
    bare = svg.limb(((sx, sy, 18), (ex, ey, 15), (wx, wy, 12.5)))
    hand = _hand(look, arm)
    if sleeve == "long" or sleeve == "plate":
        d = svg.limb(((sx - 9, sy - 8, 8), (sx - 1, sy - 1, 20), (ex, ey, 20), (wx, wy, 19)))
        body = hand + svg.swelling(d, tone.base, tone.line, 2.8) + _shaded(arm, tone, 7)
        cuff = svg.limb(((ex + (hx - ex) * 0.5, ey + (hy - ey) * 0.5, 19.5), (wx, wy, 20)))
        body += svg.shape(
            cuff, tone.light if sleeve == "plate" else tone.shade, line=tone.line, width=2.2
        )
    elif sleeve == "wide":
        drop = 36 if arm.raised else 18
        out = 6 if arm.raised else 10
        d = (
            f"M{sx - 6:.1f} {sy - 10:.1f}Q{ex + 5:.1f} {ey - 13:.1f} {wx + 3:.1f} {wy - 9:.1f}"
            f"L{wx + out:.1f} {wy + drop:.1f}Q{(wx + sx) / 2:.1f} {wy + drop + 6:.1f} "
            f"{(wx + sx) / 2 - 6:.1f} {max(wy, ey) + drop * 0.5:.1f}"
            f"Q{sx - 6:.1f} {sy + 26:.1f} {sx - 8:.1f} {sy + 12:.1f}Z"
        )
        body = hand + svg.swelling(d, tone.base, tone.line, 2.8)
        body += svg.shape(
            svg.lens((sx, sy + 10), (ex - 2, ey + 8), (wx, wy + drop - 4), 5), tone.shade
        )
    elif sleeve == "puff":
        body = svg.shape(bare, skin.base, line=skin.line, width=2.6) + hand
        puff = (
            f"M{sx - 12:.1f} {sy - 8:.1f}C{sx - 2:.1f} {sy - 24:.1f} {sx + 22:.1f} "
            f"{sy - 14:.1f} {sx + 19:.1f} {sy + 6:.1f}C{sx + 16:.1f} {sy + 18:.1f} "
            f"{sx - 8:.1f} {sy + 18:.1f} {sx - 10:.1f} {sy + 6:.1f}Z"
        )
        body += svg.swelling(puff, tone.base, tone.line, 2.8)
        body += svg.shape(
            svg.lens((sx + 16, sy - 4), (sx + 14, sy + 12), (sx - 6, sy + 11), 4), tone.shade
        )
    else:
        mx, my = sx + (ex - sx) * 0.85, sy + (ey - sy) * 0.85
        body = svg.shape(bare, skin.base, line=skin.line, width=2.6) + hand
        short = svg.limb(((sx - 9, sy - 8, 8), (sx - 1, sy - 1, 20), (mx, my, 22)))
        body += svg.swelling(short, tone.base, tone.line, 2.8)
        body += svg.shape(svg.lens((sx + 4, sy + 9), (mx, my + 4), (mx + 2, my + 8), 4), tone.shade)
    return svg.side(body, arm.side)


def _shaded(arm: Arm, tone: Ramp, width: float) -> str:
    (sx, sy), (ex, ey), (hx, hy) = arm.shoulder, arm.elbow, arm.hand
    end = (ex + (hx - ex) * 0.5, ey + (hy - ey) * 0.5 + 5)
    return svg.shape(svg.lens((sx - 4, sy + 8), (ex - 1, ey + 7), end, width * 0.6), tone.shade)


def _hand(look: Look, arm: Arm) -> str:
    skin, (hx, hy) = look.skin, arm.hand
    if arm.open_hand:
        d = (
            "M-8 5C-11 -1 -11 -6 -9 -9Q-11 -17 -7 -17.5Q-4.500 -17 -4 -12Q-4 -21 -0.500 "
            "-21Q3 -21 2.500 -13"
            "Q4 -19.500 7 -18Q9 -16 7 -9Q12 -13 14 -9Q11 -2 8 5Q0 10 -8 5Z"
        )
        lines = svg.stroke("M-4 -11V-6M2 -12V-6", skin.shade, 1.8)
        body = svg.shape(d, skin.base, line=skin.line, width=2.4) + lines
        return svg.group(body, f"translate({hx:.1f} {hy:.1f}) rotate({arm.turn:.0f})")
    d = "M-8 -5C-6 -10 6 -10 8 -5C11 2 9 9 2 10C-6 11 -10 4 -8 -5Z"
    lines = svg.stroke("M-3 9V4M2 10V4.500", skin.line, 1.6)
    body = svg.shape(d, skin.base, line=skin.line, width=2.4) + lines
    return svg.group(body, f"translate({hx:.1f} {hy:.1f})")


def draw_fist(look: Look, hand: Point) -> str:
    """Return a closed hand that holds something, fingers in front."""
    skin = look.skin
    d = "M-9 -6Q-8 -10 -3 -9.500L5 -9Q10 -8 9 -3L8.500 6Q7 10 2 9.500L-5 9Q-10 8 -9 3Z"
    lines = svg.stroke("M-8 -3H3M-8.500 2H3M-7 6.500H2", skin.line, 1.5)
    body = svg.shape(d, skin.base, line=skin.line, width=2.4) + lines
    return svg.group(body, f"translate({hand[0]:.1f} {hand[1]:.1f})")


def torso(look: Look) -> str:
    """Return the outline of shoulders, chest and hips."""
    if look.is_boy:
        return (
            "M-16 183C-32 185 -44 191 -45 204Q-38 216 -36 236L-37 262H37L36 236Q38 216 45 204"
            "C44 191 32 185 16 183Q0 194 -16 183Z"
        )
    return (
        "M-15 184C-29 186 -40 192 -41 204Q-33 214 -30 232Q-31 246 -36 262H36Q31 "
        "246 30 232Q33 214 41 204C40 192 29 186 15 184Q0 194 -15 184Z"
    )


def draw_neck(look: Look) -> str:
    """Return the neck with the shadow of the chin."""
    skin = look.skin
    neck = svg.shape("M-13 164V184Q0 198 13 184V164Z", skin.base, line=skin.line, width=2.6)
    return neck + svg.shape("M-12 168H12V180Q0 190 -12 180Z", skin.shade)


def draw_legs(look: Look, tone: Ramp | None, socks: Ramp, shoes: Ramp, sock_top: float) -> str:
    """Return both legs with socks and shoes; `tone` colours trousers, else the skin shows."""
    skin = tone or look.skin
    leg = svg.swelling(
        svg.limb(((17, 252, 24), (17, 284, 20), (16, 314, 17))), skin.base, skin.line, 2.8
    )
    leg += svg.shape(svg.limb(((22, 262, 8), (22, 286, 7), (21, 312, 5))), skin.shade)
    if tone is None:
        sock = svg.limb(((16.5, sock_top, 20.5), (16, 314, 18)))
        leg += svg.shape(sock, socks.base, line=socks.line, width=2.4)
        leg += svg.shape(svg.limb(((22, sock_top + 3, 6), (21, 312, 5))), socks.shade)
    shoe = "M5 312Q16 308 27 312Q34 318 33 325Q18 329 4 325Q2 318 5 312Z"
    leg += svg.swelling(shoe, shoes.base, shoes.line, 2.8)
    leg += svg.shape("M9 315Q15 312 22 314L20 317Q14 316 9 318Z", shoes.light)
    return svg.mirrored(leg)


def turned(point: Point, degrees: float) -> Point:
    """Return `point` rotated about the origin."""
    a = math.radians(degrees)
    return (
        point[0] * math.cos(a) - point[1] * math.sin(a),
        point[0] * math.sin(a) + point[1] * math.cos(a),
    )
