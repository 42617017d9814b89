"""Plain colours, patterns and scenes; drawn on the whole view of 256 by 256 units."""

import random
from collections.abc import Callable

from enogu.world import svg
from enogu.world.look import Look
from enogu.world.palette import BACKGROUNDS, mix
from enogu.world.parts import scenes

_WHOLE = "M0 0H256V256H0Z"
_PASTELS = ("#fbd3e0", "#cfe6fb", "#fdeeb8", "#d3f0d4", "#e2d6f6", "#fcdcc2")


def draw_background(look: Look) -> str:
    """Return the whole background of a picture."""
    kind = look.traits["background"]
    rng = random.Random(look.scenery)
    if kind in BACKGROUNDS:
        return svg.shape(_WHOLE, look.paint(BACKGROUNDS[kind]))
    if kind in _PATTERNS:
        colour = rng.choice(_PASTELS)
        return svg.shape(_WHOLE, look.paint(colour)) + _PATTERNS[kind](look, rng, colour)
    return scenes.draw_scene(look, rng)


def _dots(look: Look, rng: random.Random, colour: str) -> str:
    step, dx, dy = 34, rng.uniform(0, 34), rng.uniform(0, 34)
    d = "".join(
        svg.circle(
            x * step + dx + (step / 2 if y % 2 else 0) - step, y * step * 0.8 + dy - step, 8.5
        )
        for x in range(10)
        for y in range(12)
    )
    return svg.shape(d, look.paint(mix(colour, "#ffffff", 0.75)))


def _stripes(look: Look, rng: random.Random, colour: str) -> str:
    lean = rng.choice((-110, 110))
    d = "".join(f"M{x} 0h17l{lean} 256h-17Z" for x in range(-136, 400, 34))
    return svg.shape(d, look.paint(mix(colour, "#ffffff", 0.75)))


_PATTERNS: dict[str, Callable[[Look, random.Random, str], str]] = {
    "polka dot": _dots,
    "striped": _stripes,
}
