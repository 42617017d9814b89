"""Scenes behind the character, by day, at sunset and at night; softer than the character."""

import random
from collections.abc import Callable

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import mix

_WHOLE = "M0 0H256V256H0Z"
_SKIES: dict[str, tuple[str, str]] = {
    "day": ("#8fcdf5", "#dff2fc"),
    "sunset": ("#f08a6c", "#fde3a0"),
    "night": ("#1b2152", "#4d579c"),
}


def draw_scene(look: Look, rng: random.Random) -> str:
    """Return the scene that the traits name."""
    return _SCENES[look.traits["background"]](look, rng)


def _lit(look: Look, colour: str) -> str:
    """Return the colour of a thing under the light of the hour."""
    time = look.traits["time"]
    if time == "night":
        colour = mix(colour, "#1f2a5c", 0.55)
    elif time == "sunset":
        colour = mix(colour, "#f0915a", 0.3)
    return look.paint(colour)


def _sky(look: Look, rng: random.Random, low: float = 256) -> str:
    time = look.traits["time"]
    top, bottom = (look.paint(c) for c in _SKIES[time])
    parts = [
        svg.gradient("sky", (0, top), (1, bottom)),
        svg.shape(f"M0 0H256V{low:.0f}H0Z", "url(#sky)"),
    ]
    x = rng.choice((34, 222)) + rng.uniform(-6, 6)
    if time == "night":
        parts.append(_moon(look, x, 40))
        stars = "".join(
            svg.star(rng.uniform(4, 252), rng.uniform(4, 130), rng.uniform(2.6, 4.4), 1.3)
            for _ in range(12)
        )
        parts.append(svg.shape(stars, look.paint("#fff6cf")))
    elif time == "sunset":
        parts.append(svg.ellipse(x, 92, 40, 40, look.paint("#fde9b0")))
        parts.append(svg.ellipse(x, 92, 27, 27, look.paint("#ffd25e")))
        bands = (
            f"M0 {60 + rng.uniform(-8, 8):.0f}q40 -8 84 0q-40 8 -84 0ZM256 50q-50 -8 -90 2q46 "
            "8 90 -2Z"
        )
        parts.append(svg.shape(bands, look.paint("#fbb98a")))
    else:
        clouds = ""
        for cx, cy in (
            (rng.uniform(10, 60), rng.uniform(24, 80)),
            (rng.uniform(196, 246), rng.uniform(24, 80)),
        ):
            clouds += "".join(
                svg.circle(cx + dx, cy + dy, r)
                for dx, dy, r in ((-19, 2, 11), (0, -5, 17), (19, 1, 12))
            )
            clouds += f"M{cx - 30:.1f} {cy + 4:.1f}h60q6 10 -4 10h-52q-10 0 -4 -10Z"
        parts.append(svg.shape(clouds, look.paint("#ffffff")))
    return "".join(parts)


def _moon(look: Look, x: float, y: float) -> str:
    return svg.shape(
        (
            f"M{x + 6:.1f} {y - 20:.1f}A21 21 0 1 0 {x + 20:.1f} {y + 8:.1f}A17 17 0 0 1 "
            f"{x + 6:.1f} {y - 20:.1f}Z"
        ),
        look.paint("#fdf1b0"),
    )


def _night_sky(look: Look, rng: random.Random) -> str:
    top, middle, low = (look.paint(c) for c in ("#141a48", "#3a3f8c", "#8a6cb4"))
    parts = [svg.gradient("sky", (0, top), (0.6, middle), (1, low)), svg.shape(_WHOLE, "url(#sky)")]
    parts.append(_moon(look, rng.choice((32, 222)), 40))
    stars = "".join(
        svg.star(
            rng.uniform(4, 252),
            rng.uniform(4, 250),
            size := rng.uniform(3, 6.5),
            size * 0.4,
            turn=rng.uniform(0, 72),
        )
        for _ in range(26)
    )
    dust = "".join(
        svg.circle(rng.uniform(0, 256), rng.uniform(0, 256), rng.uniform(0.8, 1.6))
        for _ in range(30)
    )
    return (
        "".join(parts)
        + svg.shape(dust, look.paint("#c9c6f4"))
        + svg.shape(stars, look.paint("#fff6cf"))
    )


def _grass(look: Look, rng: random.Random) -> str:
    hill = rng.uniform(140, 164)
    far = svg.shape(
        f"M0 {hill:.0f}Q70 {hill - 28:.0f} 256 {hill + 10:.0f}V256H0Z", _lit(look, "#a8dc84")
    )
    near = svg.shape("M0 196Q128 166 256 190V256H0Z", _lit(look, "#7fca66"))
    tufts = [(rng.uniform(2, 254), rng.uniform(204, 252)) for _ in range(16)]
    blades = "".join(f"M{x - 5:.1f} {y:.1f}l3 -13 2.5 9 4 -11 1.5 15Z" for x, y in tufts)
    spots = [(rng.uniform(4, 252), rng.uniform(198, 250)) for _ in range(9)]
    petals = "".join(svg.circle(x, y, 4) for x, y in spots)
    hearts = "".join(svg.circle(x, y, 1.6) for x, y in spots)
    return (
        _sky(look, rng)
        + far
        + near
        + svg.shape(blades, _lit(look, "#5fae55"))
        + svg.shape(petals, _lit(look, "#ffffff"))
        + svg.shape(hearts, _lit(look, "#f4c535"))
    )


def _beach(look: Look, rng: random.Random) -> str:
    level = rng.uniform(128, 140)
    sea = svg.shape(f"M0 {level:.0f}H256V256H0Z", _lit(look, "#4fb4d8"))
    waves = [(rng.uniform(0, 230), rng.uniform(level + 6, 180)) for _ in range(9)]
    glitter = "".join(f"M{x:.0f} {y:.0f}h20v3h-20Z" for x, y in waves)
    shore = svg.shape("M0 206Q60 188 128 198Q200 208 256 186V256H0Z", _lit(look, "#ffffff"))
    sand = svg.shape("M0 214Q60 196 128 206Q200 216 256 194V256H0Z", _lit(look, "#f6dfab"))
    side = rng.choice((-1, 1))
    leaf = "".join(
        svg.lens((0, 0), (x * 0.6, y - 16), (x, y), 8)
        for x, y in ((46, 6), (36, 34), (-40, 10), (-26, 36), (4, -34))
    )
    palm = svg.shape(
        "M-4 0C4 50 8 100 -6 150H10C20 100 14 50 6 0Z", _lit(look, "#b48a5e")
    ) + svg.shape(leaf, _lit(look, "#5fb46a"))
    palm = svg.group(palm, f"translate({28 if side < 0 else 228} 64) scale({-side} 1)")
    shells = svg.shape(
        "".join(
            svg.star(rng.uniform(6, 250), rng.uniform(226, 250), 6, 3, turn=rng.uniform(0, 70))
            for _ in range(3)
        ),
        _lit(look, "#f2a07a"),
    )
    return (
        _sky(look, rng, level + 2)
        + sea
        + svg.shape(glitter, _lit(look, "#a8e2f2"))
        + shore
        + sand
        + palm
        + shells
    )


def _city(look: Look, rng: random.Random) -> str:
    night = look.traits["time"] == "night"
    parts = [_sky(look, rng)]
    for colour, low, wide in (("#b9c4dc", 70, 34), ("#93a2c4", 110, 42)):
        x, walls, windows = rng.uniform(-20, 0), "", ""
        while x < 256:
            w, top = rng.uniform(wide - 8, wide + 10), rng.uniform(low, low + 60)
            walls += f"M{x:.0f} {top:.0f}h{w:.0f}V256h-{w:.0f}Z"
            for wy in range(int(top) + 9, 236, 19):
                windows += "".join(
                    f"M{wx:.0f} {wy}h8v10h-8Z"
                    for wx in (x + w * 0.2, x + w * 0.58)
                    if rng.random() < 0.8
                )
            x += w + rng.uniform(0, 5)
        parts.append(svg.shape(walls, _lit(look, colour)))
        parts.append(
            svg.shape(
                windows,
                look.paint("#ffd976") if night else _lit(look, mix(colour, "#ffffff", 0.55)),
            )
        )
    return "".join(parts) + svg.shape("M0 238H256V256H0Z", _lit(look, "#8a8c9c"))


def _fir(x: float, y: float, s: float) -> str:
    return "".join(
        (
            f"M{x:.1f} {y + i * 15 * s - 10 * s:.1f}l{(15 + 6 * i) * s:.1f} "
            f"{26 * s:.1f}h{-(30 + 12 * i) * s:.1f}Z"
        )
        for i in range(3)
    )


def _snow(look: Look, rng: random.Random) -> str:
    trees = [
        (x + rng.uniform(-8, 8), rng.uniform(96, 120), rng.uniform(1.1, 1.6))
        for x in (18, 62, 196, 240)
    ]
    firs = svg.shape("".join(_fir(*t) for t in trees), _lit(look, "#7fae9e"))
    caps = svg.shape(
        "".join(
            (
                f"M{x:.1f} {y - 10 * s:.1f}l{9 * s:.1f} {16 * s:.1f}l{-5 * s:.1f} "
                f"{-3 * s:.1f}l{-4 * s:.1f} {5 * s:.1f}l{-4 * s:.1f} "
                f"{-5 * s:.1f}l{-5 * s:.1f} {3 * s:.1f}Z"
            )
            for x, y, s in trees
        ),
        _lit(look, "#ffffff"),
    )
    ground = svg.shape("M0 176Q60 158 128 172Q200 184 256 162V256H0Z", _lit(look, "#eef4fb"))
    near = svg.shape("M0 214Q90 190 256 214V256H0Z", _lit(look, "#ffffff"))
    flakes = svg.shape(
        "".join(
            svg.circle(rng.uniform(0, 256), rng.uniform(0, 240), rng.uniform(2.4, 4.6))
            for _ in range(30)
        ),
        look.paint("#ffffff"),
    )
    return _sky(look, rng) + firs + caps + ground + near + flakes


def _forest(look: Look, rng: random.Random) -> str:
    parts = [_sky(look, rng)]
    for colour, low in (("#9fcf9a", 60), ("#6fae7a", 96)):
        crowns = "".join(
            svg.circle(x + rng.uniform(-8, 8), low + rng.uniform(-16, 16), rng.uniform(26, 36))
            for x in range(-4, 270, 34)
        )
        parts.append(svg.shape(crowns + f"M0 {low}H256V256H0Z", _lit(look, colour)))
    trunks = "".join(
        (
            f"M{x - 9:.0f} 70C{x - 4:.0f} 130 {x - 6:.0f} 190 {x - 16:.0f} 232H{x + 16:.0f}"
            f"C{x + 6:.0f} 190 {x + 4:.0f} 130 {x + 9:.0f} 70Z"
        )
        for x in (
            20 + rng.uniform(-8, 8),
            76 + rng.uniform(-8, 8),
            184 + rng.uniform(-8, 8),
            236 + rng.uniform(-8, 8),
        )
    )
    parts.append(svg.shape(trunks, _lit(look, "#93704f")))
    crowns = "".join(
        svg.circle(x + rng.uniform(-6, 6), rng.uniform(6, 46), rng.uniform(28, 38))
        for x in (0, 34, 70, 190, 224, 256)
    )
    parts.append(svg.shape(crowns, _lit(look, "#569c64")))
    ground = svg.shape("M0 224Q128 206 256 224V256H0Z", _lit(look, "#7cb868"))
    caps = [(rng.uniform(8, 60), 238.0), (rng.uniform(196, 248), 240.0)]
    stems = svg.shape(
        "".join(f"M{x - 3:.0f} {y:.0f}h6v10h-6Z" for x, y in caps), _lit(look, "#fbf3e0")
    )
    hats = svg.shape(
        "".join(f"M{x - 10:.0f} {y:.0f}a10 9 0 0 1 20 0Z" for x, y in caps), _lit(look, "#e06058")
    )
    return "".join(parts) + ground + stems + hats


def _cherry(look: Look, rng: random.Random) -> str:
    hill = svg.shape("M0 206Q128 178 256 202V256H0Z", _lit(look, "#b4dc92"))
    side = rng.choice((-1, 1))
    x = 26 if side < 0 else 230
    trunk = svg.shape(
        (
            f"M{x - 11} 216C{x - 4} 150 {x - 8} 110 {x - 20} 70H{x - 4}L{x} 90L{x + 8} 62"
            f"H{x + 20}C{x + 6} 110 {x + 6} 150 {x + 12} 216Z"
        ),
        _lit(look, "#8e6a5c"),
    )
    deep = "".join(
        svg.circle(cx + rng.uniform(-8, 8), rng.uniform(0, 50), rng.uniform(24, 36))
        for cx in (-2, 30, 64, 100, 150, 190, 226, 258)
    )
    pale = "".join(
        svg.circle(cx + rng.uniform(-8, 8), rng.uniform(-6, 34), rng.uniform(18, 28))
        for cx in (6, 40, 80, 128, 176, 214, 250)
    )
    crown = svg.shape(deep, _lit(look, "#f3a8c4")) + svg.shape(pale, _lit(look, "#fbcfde"))
    petals = "".join(
        svg.lens(
            (px := rng.uniform(0, 250), py := rng.uniform(60, 250)),
            (px + 2, py + 2),
            (px + 7, py + rng.uniform(-4, 5)),
            4,
        )
        for _ in range(20)
    )
    return _sky(look, rng) + hill + trunk + crown + svg.shape(petals, _lit(look, "#f48fb4"))


def _classroom(look: Look, rng: random.Random) -> str:
    side = rng.choice((-1, 1))
    wall = svg.shape(_WHOLE, _lit(look, "#f3e8d2")) + svg.shape(
        "M0 196H256V256H0Z", _lit(look, "#d9b98e")
    )
    left = 10 if side < 0 else 166
    top, bottom = (look.paint(c) for c in _SKIES[look.traits["time"]])
    window = svg.gradient("sky", (0, top), (1, bottom)) + svg.shape(
        f"M{left} 26h80v116h-80Z", "url(#sky)", line=_lit(look, "#b08a62"), width=7
    )
    if look.traits["time"] == "night":
        window += _moon(look, left + 26, 62)
    elif look.traits["time"] == "sunset":
        window += svg.ellipse(left + 26, 92, 17, 17, look.paint("#ffd25e"))
    else:
        window += svg.shape(
            svg.circle(left + 22, 66, 11)
            + svg.circle(left + 36, 60, 14)
            + svg.circle(left + 50, 67, 10),
            look.paint("#ffffff"),
        )
    window += svg.stroke(f"M{left + 40} 26v116M{left} 84h80", _lit(look, "#b08a62"), 5)
    board_x = 112 if side < 0 else -10
    board = svg.shape(
        f"M{board_x} 30h154v104h-154Z", _lit(look, "#5d9a80"), line=_lit(look, "#b08a62"), width=7
    )
    chalk = svg.stroke(
        f"M{board_x + 20} 56h40m-40 18h26M{board_x + 96} 58h34m-34 18h24m-24 18h30",
        look.paint("#e6f4ea"),
        3,
    )
    return wall + board + chalk + window


_SCENES: dict[str, Callable[[Look, random.Random], str]] = {
    "night sky": _night_sky,
    "grass": _grass,
    "beach": _beach,
    "city": _city,
    "snow": _snow,
    "forest": _forest,
    "cherry blossoms": _cherry,
    "classroom": _classroom,
}
