"""Plain colours, a night sky and a meadow."""

import random

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import BACKGROUNDS


def draw_background(look: Look) -> str:
    """Return the whole background of a picture."""
    scene = look.traits["background"]
    rng = random.Random(look.scenery)
    if scene == "night sky":
        return _night_sky(rng)
    if scene == "grass":
        return _meadow(rng)
    return svg.shape("M0 0H256V256H0Z", BACKGROUNDS.get(scene, "#cfe8dc"))


def _night_sky(rng: random.Random) -> str:
    gradient = (
        '<linearGradient id="night" x1="0" y1="0" x2="0" y2="1">'
        '<stop offset="0" stop-color="#171c4a"/><stop offset="1" stop-color="#4a4c9c"/>'
        "</linearGradient>"
    )
    parts = [gradient, svg.shape("M0 0H256V256H0Z", "url(#night)")]
    left = rng.random() < 0.5
    moon_x, moon_y = (34, 42) if left else (222, 42)
    bite = moon_x + (9 if left else -9)
    parts.append(svg.ellipse(moon_x, moon_y, 19, 19, "#fdf1b0"))
    parts.append(svg.ellipse(bite, moon_y - 6, 16, 16, "#1f2455"))
    for _ in range(16):
        x, y = rng.uniform(4, 252), rng.uniform(4, 210)
        if abs(x - moon_x) < 26 and abs(y - moon_y) < 26:
            continue
        size = rng.uniform(2.4, 5.4)
        parts.append(
            svg.shape(svg.star(x, y, size, size * 0.42, turn=rng.uniform(0, 72)), "#fff6cf")
        )
    return "".join(parts)


def _meadow(rng: random.Random) -> str:
    parts = [svg.shape("M0 0H256V256H0Z", "#8fd0f5")]
    for x, y in ((rng.uniform(10, 60), rng.uniform(26, 70)), (rng.uniform(196, 246), 40)):
        for dx, radius in ((-17, 12), (0, 18), (18, 13)):
            parts.append(svg.ellipse(x + dx, y - radius * 0.3, radius, radius * 0.8, "#ffffff"))
    hill = rng.uniform(150, 168)
    parts.append(
        svg.shape(f"M0 {hill:.1f}Q70 {hill - 26:.1f} 256 {hill + 8:.1f}V256H0Z", "#9bd774")
    )
    parts.append(svg.shape("M0 196Q128 166 256 190V256H0Z", "#6cbf57"))
    for _ in range(14):
        x, y = rng.uniform(2, 254), rng.uniform(206, 250)
        parts.append(svg.shape(f"M{x - 4:.1f} {y:.1f}l2.5 -11 2 8 3.5 -9 1 12Z", "#4d9f46"))
    for _ in range(5):
        x, y = rng.uniform(4, 252), rng.uniform(200, 246)
        parts.append(
            svg.ellipse(x, y, 3.4, 3.4, "#ffffff") + svg.ellipse(x, y, 1.3, 1.3, "#f4c535")
        )
    return "".join(parts)
