"""Collars, fronts and trimmings of the garments; each is drawn over the torso."""

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import Ramp, mix

_WAIST = "M-30 228Q0 234 30 228L32 242Q0 248 -32 242Z"


def shirt(look: Look, tone: Ramp) -> str:
    """Return an open collar, a row of buttons and a pocket."""
    collar = svg.shape("M-15 180L1 198L-11 211L-27 189Z", tone.light, line=tone.line, width=2.6)
    front = svg.shape(svg.lens((0, 200), (1, 226), (0, 258), 2.2), tone.line)
    buttons = "".join(svg.circle(5, y, 2.4) for y in (214, 230, 246))
    pocket = svg.shape("M12 214H25V226L18.500 230L12 226Z", tone.base, line=tone.line, width=2)
    return front + svg.shape(buttons, tone.line) + pocket + svg.mirrored(collar)


def serafuku(look: Look, tone: Ramp) -> str:
    """Return the navy sailor collar with its stripe, and a red bow."""
    navy, red = look.ramp("#35508f"), look.ramp("#de3f4c")
    collar = svg.shape(
        "M-15 180L0 216L-14 226Q-28 216 -43 217Q-42 194 -15 180Z",
        navy.base,
        line=navy.line,
        width=2.6,
    )
    collar += svg.stroke("M-36 211Q-24 209 -14 217L-7 211", look.paint("#ffffff"), 2.4)
    bow = svg.shape(
        "M0 218C10 206 24 208 23 219C22 230 10 230 0 222Z", red.base, line=red.line, width=2.4
    )
    bow += svg.shape("M2 222L14 246L7 245L-1 228Z", red.shade, line=red.line, width=2.2)
    knot = svg.ellipse(0, 220, 5.5, 6, red.base, line=red.line, width=2.4)
    return svg.mirrored(collar) + svg.mirrored(bow) + knot


def hood(look: Look, tone: Ramp) -> str:
    """Return the hood that lies behind the neck."""
    tone = look.clothes
    d = "M-48 206C-62 176 -42 162 -22 164L0 178L22 164C42 162 62 176 48 206Z"
    return svg.swelling(d, tone.shade, tone.line, 3)


def hoodie(look: Look, tone: Ramp) -> str:
    """Return the rim of the hood, cords and the pocket."""
    rim = (
        "M-24 178C-42 184 -46 200 -36 208Q-14 204 0 216Q14 204 36 208C46 200 42 184 24 "
        "178Q14 198 0 202Q-14 198 -24 178Z"
    )
    body = svg.swelling(rim, tone.light, tone.line, 2.8)
    body += svg.shape(
        "M24 178C42 184 46 200 36 208Q28 205 22 206C32 198 30 186 24 178Z", tone.shade
    )
    for x in (-10, 10):
        body += svg.stroke(f"M{x} 208V230", tone.line, 5.6) + svg.stroke(
            f"M{x} 208V230", look.paint("#fbfaf6"), 3
        )
    pocket = "M-20 236H20L27 252Q0 257 -27 252Z"
    return body + svg.shape(pocket, tone.base, line=tone.line, width=2.4)


def dress(look: Look, tone: Ramp) -> str:
    """Return bare shoulders above a frilled neckline, and a ribbon at the waist."""
    skin, white = look.skin, look.ramp("#fdfbff")
    chest = svg.shape(
        "M-15 184Q-29 187 -33 195L-24 207Q0 214 24 207L33 195Q29 187 15 184Q0 194 -15 184Z",
        skin.base,
    )
    frill = (
        "M-31 204Q-24 198 -20 204Q-14 202 -10 208Q-4 206 0 210Q4 206 10 208Q14 202 20 204"
        "Q24 198 31 204Q30 212 22 214Q14 218 8 216Q0 222 -8 216Q-14 218 -22 214Q-30 212 "
        "-31 204Z"
    )
    belt = svg.shape(_WAIST, tone.shade, line=tone.line, width=2.4)
    bow = svg.shape(
        "M0 236C8 226 18 226 18 235C18 244 8 244 0 237Z", white.base, line=white.line, width=2.2
    )
    return chest + svg.swelling(frill, white.base, white.line, 2.4) + belt + svg.mirrored(bow)


def kimono(look: Look, tone: Ramp) -> str:
    """Return the crossed collars and the broad sash."""
    white, sash = (
        look.ramp("#fbf8f2"),
        look.ramp("#f2c14e" if look.traits["clothes_colour"] != "yellow" else "#c8485a"),
    )
    right = svg.shape("M15 180L-16 224L-6 228L27 188Z", white.base, line=tone.line, width=2.4)
    left = svg.shape("M-15 180L16 224L6 230L-27 188Z", white.base, line=tone.line, width=2.4)
    edge = svg.shape("M-19 184L10 228L2 232L-31 189Z", tone.shade, line=tone.line, width=2.4)
    obi = svg.swelling("M-32 222Q0 229 32 222L34 247Q0 254 -34 247Z", sash.base, sash.line, 2.8)
    obi += svg.shape("M18 226L32 222L34 247L20 250Z", sash.shade)
    cord = svg.stroke("M-32 235Q0 242 33 235", look.paint("#d8485a"), 4) + svg.ellipse(
        0, 239, 5, 5, look.paint("#fff4d8"), line=sash.line, width=2
    )
    return right + left + edge + obi + cord


def sweater(look: Look, tone: Ramp) -> str:
    """Return the rolled collar, knitted plaits and the ribbed hem."""
    collar = "M-19 172Q0 182 19 172L22 188Q0 202 -22 188Z"
    body = ""
    for x in (-16, 0, 16):
        plait = "".join(f"M{x - 5} {y}L{x} {y + 5}L{x + 5} {y}" for y in range(208, 246, 8))
        body += svg.stroke(
            plait, tone.shade if look.traits["style"] != "flat color" else tone.line, 2.6
        )
    hem = svg.shape("M-34 246Q0 252 34 246L36 260H-36Z", tone.shade, line=tone.line, width=2.4)
    ribs = svg.stroke("M-10 180V192M0 182V194M10 180V192", tone.line, 1.6)
    return body + hem + svg.swelling(collar, tone.base, tone.line, 2.8) + ribs


def jacket(look: Look, tone: Ramp) -> str:
    """Return the open jacket over a pale top, with lapels and a zip."""
    tone = look.clothes
    side = "M14 181C30 184 44 190 44 204Q34 216 32 236L37 262H13Q8 226 10 200Z"
    lapel = "M13 178L9 204L17 218L21 206L34 202L27 186Z"
    body = svg.swelling(side, tone.base, tone.line, 2.8) + svg.shape(
        lapel, tone.light, line=tone.line, width=2.4
    )
    body += svg.shape("M32 192Q44 194 44 204Q34 216 32 236L37 262H28Q24 226 32 192Z", tone.shade)
    body += svg.stroke("M20 244L30 240", tone.line, 2.4)
    print_ = svg.shape(svg.star(0, 224, 7, 3), look.ramp("#e8606a").base)
    return print_ + svg.mirrored(body)


def overalls(look: Look, tone: Ramp) -> str:
    """Return a bib with straps and brass buttons over a striped top."""
    cloth, brass = look.clothes, look.ramp("#f3bf3c")
    stripes = svg.stroke(
        "M-34 200Q0 208 34 200M-32 212Q0 220 32 212M-30 224Q0 232 30 224",
        look.ramp("#3d5488").base,
        4,
    )
    neck = svg.stroke("M-15 184Q0 197 15 184", look.ramp("#3d5488").base, 3)
    strap = svg.shape("M22 186L31 190L22 214L13 214Z", cloth.base, line=cloth.line, width=2.4)
    bib = "M-23 211H23L25 234L36 240L37 262H-37L-36 240L-25 234Z"
    body = stripes + neck + svg.mirrored(strap) + svg.swelling(bib, cloth.base, cloth.line, 2.8)
    body += svg.shape("M14 212H23L25 234L36 240L37 262H24Z", cloth.shade)
    body += svg.shape("M-11 220H11V232Q0 238 -11 232Z", cloth.light, line=cloth.line, width=2.2)
    return body + svg.mirrored(
        svg.ellipse(18, 215, 4.2, 4.2, brass.base, line=brass.line, width=1.8)
    )


def maid(look: Look, tone: Ramp) -> str:
    """Return white collar, frilled straps, bib and a red ribbon."""
    white, red = look.ramp("#fbfbff"), look.ramp("#d8405a")
    frill = (
        "M16 188Q24 184 30 188Q38 188 38 196Q42 204 35 208Q36 218 29 220Q30 230 24 234"
        "L17 232Q22 210 16 188Z"
    )
    bib = svg.shape("M-18 208Q0 213 18 208L23 242H-23Z", white.base, line=white.line, width=2.6)
    bib += svg.shape("M10 211L18 208L23 242H12Z", white.shade)
    collar = svg.shape(
        "M0 192L-8 203Q-18 200 -22 189L-15 181Q-8 190 0 192Z",
        white.base,
        line=white.line,
        width=2.4,
    )
    bow = svg.shape(
        "M0 200C8 191 18 194 17 202C16 210 8 210 0 203Z", red.base, line=red.line, width=2.2
    )
    band = svg.shape(_WAIST, white.base, line=white.line, width=2.4)
    return (
        bib
        + svg.mirrored(svg.swelling(frill, white.base, white.line, 2.6))
        + band
        + svg.mirrored(collar)
        + svg.mirrored(bow)
    )


def tunic(look: Look, tone: Ramp) -> str:
    """Return the plain tunic with a belt that is worn under a cape."""
    belt, brass = look.ramp("#6b4330"), look.ramp("#f3bf3c")
    body = svg.shape(_WAIST, belt.base, line=belt.line, width=2.4)
    return body + svg.shape("M-7 230H7V244H-7Z", "none", line=brass.base, width=3)


def cape_back(look: Look, tone: Ramp) -> str:
    """Return the part of a cape that hangs behind the back."""
    tone = look.clothes
    d = "M-30 190C-58 210 -66 250 -68 300Q-30 290 0 294Q30 290 68 300C66 250 58 210 30 190Z"
    return svg.swelling(d, tone.shade, tone.line, 3)


def cape(look: Look, tone: Ramp) -> str:
    """Return the shoulders of a cape with its collar and golden clasp."""
    gold = look.ramp("#f3bf3c")
    half = "M0 190Q10 188 16 180C40 184 58 200 66 236Q46 244 30 236Q16 224 0 194Z"
    body = svg.swelling(half, tone.base, tone.line, 3)
    body += svg.shape("M36 190Q58 204 66 236Q54 241 44 240Q52 214 36 190Z", tone.shade)
    body += svg.shape(svg.lens((14, 208), (28, 226), (60, 234), 3), tone.light)
    collar = svg.shape(
        "M0 196L-24 194Q-32 182 -24 172Q-12 186 0 188Z", tone.light, line=tone.line, width=2.6
    )
    clasp = svg.ellipse(0, 197, 8, 8, gold.base, line=gold.line, width=2.4) + svg.ellipse(
        -2, 195, 2.4, 2.4, gold.light
    )
    return svg.mirrored(body) + svg.mirrored(collar) + clasp


def apron(look: Look, tone: Ramp) -> str:
    """Return the bib of an apron with neck straps, a frill and a heart on it."""
    cloth = look.clothes
    under = look.ramp("#b9c4de")
    collar = svg.shape("M0 194L-10 206L-24 190L-15 181Z", under.light, line=under.line, width=2.4)
    strap = svg.shape("M14 184L22 187L24 210L15 210Z", cloth.base, line=cloth.line, width=2.4)
    bib = (
        "M-26 206Q-20 201 -16 206Q-10 201 -6 206Q0 201 6 206Q10 201 16 206Q20 201 26 206"
        "L28 242H-28Z"
    )
    body = svg.mirrored(collar + strap) + svg.swelling(bib, cloth.base, cloth.line, 2.8)
    body += svg.shape("M16 208L26 207L28 242H18Z", cloth.shade)
    heart = "M0 232C-14 222 -10 213 -5 213Q-1 213 0 217Q1 213 5 213C10 213 14 222 0 232Z"
    mark = look.ramp("#f4f0f4" if look.traits["clothes_colour"] in ("red", "pink") else "#e8506a")
    body += svg.shape(heart, mark.base, line=cloth.line, width=2)
    return body + svg.shape(
        "M-30 236Q0 243 30 236L31 245Q0 251 -31 245Z", cloth.shade, line=cloth.line, width=2.2
    )


def vest(look: Look, tone: Ramp) -> str:
    """Return white shirt front, collar and tie in the neck of a buttoned vest."""
    white, tie = (
        look.ramp("#fbfbff"),
        look.ramp("#c83a4c" if look.traits["clothes_colour"] != "red" else "#35508f"),
    )
    front = svg.shape("M-20 183L0 232L20 183Q0 196 -20 183Z", white.base, line=tone.line, width=2.6)
    knot = svg.shape("M-6 194H6L4 203H-4Z", tie.base, line=tie.line, width=2)
    blade = svg.shape("M-4 203H4L7 220L0 228L-7 220Z", tie.base, line=tie.line, width=2)
    collar = svg.shape("M-15 179L0 195L-10 207L-26 189Z", white.base, line=white.line, width=2.6)
    buttons = svg.shape(
        "".join(svg.circle(0, y, 2.6) for y in (238, 249)), mix(tone.line, tone.light, 0.2)
    )
    hem = svg.stroke("M-35 254L-14 250L0 260L14 250L35 254", tone.line, 2.4)
    return front + blade + knot + svg.mirrored(collar) + buttons + hem


def armor(look: Look, tone: Ramp) -> str:
    """Return the breastplate with its ridge and golden rim."""
    gold, blue = look.ramp("#e8b73e"), look.ramp("#3f6fc4")
    gorget = svg.swelling("M-20 178Q0 190 20 178L26 192Q0 208 -26 192Z", tone.base, tone.line, 2.8)
    ridge = svg.shape(svg.lens((0, 204), (3, 222), (0, 240), 2.4), tone.line)
    shine = svg.shape(svg.lens((-24, 206), (-12, 214), (-20, 232), 6), look.paint("#ffffff"))
    rim = svg.stroke("M-28 203Q0 216 28 203M-31 239Q0 246 31 239", gold.base, 4)
    gem = svg.ellipse(0, 210, 6, 7, blue.base, line=blue.line, width=2.4) + svg.ellipse(
        -2, 208, 2, 2.4, blue.light
    )
    return ridge + shine + rim + gorget + gem


def pauldrons(look: Look, tone: Ramp) -> str:
    """Return the plates on the shoulders."""
    steel, gold = look.ramp("#c6cfde"), look.ramp("#e8b73e")
    d = "M24 192C32 178 56 182 60 200Q60 210 54 214Q44 202 28 206Z"
    body = svg.swelling(d, steel.base, steel.line, 2.8) + svg.stroke(
        "M30 203Q44 199 55 210", gold.base, 3.4
    )
    body += svg.shape(svg.lens((34, 190), (44, 184), (53, 194), 4), look.paint("#ffffff"))
    return svg.mirrored(body)
