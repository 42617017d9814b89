"""What is worn: which sleeves, trousers or skirt each garment has, and the order of the layers."""

from collections.abc import Callable
from dataclasses import dataclass

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import Ramp
from enogu.world.parts import body, garments


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """How a garment is put together; empty colours mean the clothes colour."""

    detail: Callable[[Look, Ramp], str]
    """Draws collar, front and trimmings over the torso."""
    sleeve: str = "long"
    top: str = ""
    sleeves: str = ""
    lower: str = "skirt"
    lower_colour: str = "#4a4f6e"
    socks: str = "#f4f4f8"
    sock_top: float = 292.0
    shoes: str = "#6b4330"
    behind: Callable[[Look, Ramp], str] | None = None
    over_arms: Callable[[Look, Ramp], str] | None = None


OUTFITS: dict[str, Outfit] = {
    "shirt": Outfit(detail=garments.shirt, shoes="#4a3a44"),
    "serafuku": Outfit(
        detail=garments.serafuku,
        sleeve="short",
        top="#f8f8fc",
        sleeves="#f8f8fc",
        lower_colour="#35508f",
        socks="#2f3a5e",
        sock_top=276.0,
    ),
    "hoodie": Outfit(detail=garments.hoodie, behind=garments.hood, lower="shorts", shoes="#e8e6ee"),
    "dress": Outfit(
        detail=garments.dress, sleeve="puff", lower="dress", lower_colour="", shoes="#b4485a"
    ),
    "kimono": Outfit(
        detail=garments.kimono, sleeve="wide", lower="robe", lower_colour="", shoes="#8a5a36"
    ),
    "sweater": Outfit(
        detail=garments.sweater, lower_colour="#8c6a4f", socks="#5a4a52", sock_top=272.0
    ),
    "jacket": Outfit(
        detail=garments.jacket,
        top="#f6f4f0",
        lower="pants",
        lower_colour="#47587f",
        shoes="#e8e6ee",
    ),
    "overalls": Outfit(
        detail=garments.overalls,
        sleeve="short",
        top="#f8f6f2",
        sleeves="#f8f6f2",
        lower="pants",
        lower_colour="",
        shoes="#d8584e",
    ),
    "maid": Outfit(
        detail=garments.maid,
        sleeve="puff",
        top="#3b3a4c",
        sleeves="#3b3a4c",
        lower="maid",
        lower_colour="#3b3a4c",
        shoes="#2e2c3a",
        sock_top=270.0,
    ),
    "cape": Outfit(
        detail=garments.tunic,
        top="#6a6272",
        sleeves="#6a6272",
        behind=garments.cape_back,
        over_arms=garments.cape,
        lower="shorts",
        lower_colour="#5a5262",
        shoes="#6b4330",
        socks="#6a6272",
        sock_top=280.0,
    ),
    "apron": Outfit(
        detail=garments.apron,
        sleeve="short",
        top="#b9c4de",
        sleeves="#b9c4de",
        lower="apron",
        lower_colour="#6f7ea8",
    ),
    "vest": Outfit(detail=garments.vest, sleeves="#f6f6fa", lower="pants", lower_colour="#5c5460"),
    "armor": Outfit(
        detail=garments.armor,
        sleeve="plate",
        top="#b9c3d4",
        sleeves="#98a4ba",
        over_arms=garments.pauldrons,
        lower="plates",
        lower_colour="#98a4ba",
        socks="#98a4ba",
        sock_top=278.0,
        shoes="#7f8ba3",
    ),
}


def _tone(look: Look, colour: str) -> Ramp:
    return look.ramp(colour) if colour else look.clothes


def draw_body(look: Look) -> str:
    """Return legs, clothes and the arms that hang or rest: all that lies behind the head."""
    outfit = OUTFITS[look.traits["clothes"]]
    top = _tone(look, outfit.top)
    d = body.torso(look)
    parts = [outfit.behind(look, top) if outfit.behind else ""]
    if look.traits["framing"] == "full body":
        parts.append(_legs(look, outfit))
    parts += [body.draw_neck(look), svg.swelling(d, top.base, top.line, 3)]
    parts.append(
        svg.shape(
            "M41 204Q33 214 30 232Q31 246 36 262H20C24 240 22 214 26 190Q40 194 41 204Z", top.shade
        )
    )
    parts.append(_lower(look, outfit))
    parts.append(outfit.detail(look, top))
    parts += [_arm(look, outfit, arm) for arm in body.arms_of(look) if not arm.raised]
    parts.append(outfit.over_arms(look, look.clothes) if outfit.over_arms else "")
    return "".join(parts)


def draw_raised_arms(look: Look) -> str:
    """Return the arms that are in front of head and hair."""
    outfit = OUTFITS[look.traits["clothes"]]
    return "".join(_arm(look, outfit, arm) for arm in body.arms_of(look) if arm.raised)


def _arm(look: Look, outfit: Outfit, arm: body.Arm) -> str:
    return body.draw_arm(look, arm, outfit.sleeve, _tone(look, outfit.sleeves))


def _legs(look: Look, outfit: Outfit) -> str:
    lower = _lower_kind(look, outfit)
    trousers = _tone(look, outfit.lower_colour) if lower == "pants" else None
    return body.draw_legs(
        look, trousers, look.ramp(outfit.socks), look.ramp(outfit.shoes), outfit.sock_top
    )


def _lower_kind(look: Look, outfit: Outfit) -> str:
    if look.is_boy and outfit.lower == "skirt":
        return "pants"
    return outfit.lower


def _lower(look: Look, outfit: Outfit) -> str:
    """Return skirt, trousers or robe from the hips down."""
    kind, tone = _lower_kind(look, outfit), _tone(look, outfit.lower_colour)
    if look.traits["framing"] == "portrait":
        return ""
    if kind in ("pants", "shorts"):
        hem = 280 if kind == "shorts" else 268
        d = (
            f"M-37 246Q0 252 37 246L38 {hem}Q20 {hem + 4} 4 {hem}L0 266L-4 {hem}Q-20 "
            f"{hem + 4} -38 {hem}Z"
        )
        return svg.swelling(d, tone.base, tone.line, 2.8) + svg.shape(
            f"M28 249L37 247L38 {hem}L28 {hem + 2}Z", tone.shade
        )
    if kind == "robe":
        d = "M-36 240Q0 246 36 240C42 262 42 290 38 308Q0 314 -38 308C-42 290 -42 262 -36 240Z"
        body_ = svg.swelling(d, tone.base, tone.line, 2.8)
        body_ += svg.shape("M22 244L36 240C42 262 42 290 38 308L24 310Q30 274 22 244Z", tone.shade)
        return body_ + svg.shape(svg.lens((4, 246), (-2, 280), (-14, 309), 2.4), tone.line)
    hem = {"dress": 292, "maid": 290, "apron": 286, "plates": 272}.get(kind, 282)
    flare = 58 if kind in ("dress", "maid") else 50
    d = (
        f"M-31 240Q0 247 31 240Q40 262 {flare} {hem - 4}Q0 {hem + 8} -{flare} {hem - 4}"
        "Q-40 262 -31 240Z"
    )
    pleats = "".join(
        svg.lens((x * 0.6, 246), (x * 0.75, 262), (x, hem), 2.4) for x in (-36, -14, 12, 34)
    )
    body_ = svg.swelling(d, tone.base, tone.line, 2.8)
    body_ += svg.shape(
        f"M16 246Q24 244 31 240Q40 262 {flare} {hem - 4}Q44 {hem} 30 {hem + 1}Q26 262 16 246Z",
        tone.shade,
    )
    body_ += svg.shape(pleats, tone.line, opacity=0.8)
    if kind == "dress":
        body_ += svg.shape(svg.lens((-52, hem - 10), (0, hem + 3), (52, hem - 10), 3), tone.light)
    if kind in ("maid", "apron"):
        white = look.ramp("#fbfbff") if kind == "maid" else look.clothes
        front = f"M-24 243Q0 248 24 243Q32 262 34 {hem - 8}Q0 {hem} -34 {hem - 8}Q-32 262 -24 243Z"
        body_ += svg.swelling(front, white.base, white.line, 2.6)
        body_ += svg.shape(
            f"M12 246L24 243Q32 262 34 {hem - 8}L22 {hem - 6}Q22 262 12 246Z", white.shade
        )
    if kind == "plates":
        body_ += svg.stroke("M-44 262Q0 270 44 262", tone.line, 2.2)
    return body_
