"""Drawing a character from tags: the layers in their order, from the background forward."""

import random
from collections.abc import Sequence

from PIL import Image

from enogu.errors import WorldError
from enogu.world import svg
from enogu.world.axes import Traits, complete, read_tags
from enogu.world.look import FEATURES, Look, build_look
from enogu.world.parts import (
    background,
    clothes,
    extras,
    eyes,
    face,
    fringe,
    hair,
    headwear,
    props,
    sketch,
)
from enogu.world.styles import render_styled

DEFAULT_SIZE_PX = 128
MAX_SIZE_PX = 4096


def traits_for(tags: Sequence[str], seed: int) -> Traits:
    """Return the full traits that `tags` and `seed` stand for.

    Raises:
        WorldError: A tag is unknown, or two tags contradict each other.
    """
    return complete(read_tags(tags), random.Random(f"traits {seed}"))


def draw(tags: Sequence[str], seed: int, size: int = DEFAULT_SIZE_PX) -> Image.Image:
    """Draw the character that `tags` describe.

    Args:
        tags: Danbooru tags that the world knows; what they leave open varies with `seed`.
        seed: Any integer; equal tags and seed give an equal picture.
        size: Width and height in pixels, 16 to 4096.

    Returns:
        An RGB picture of `size` by `size` pixels.

    Raises:
        WorldError: Unknown or contradicting tags, or an impossible size.
    """
    return draw_traits(traits_for(tags, seed), seed, size)


def draw_traits(
    traits: Traits,
    seed: int,
    size: int = DEFAULT_SIZE_PX,
    *,
    features: frozenset[str] = frozenset(),
) -> Image.Image:
    """Draw complete `traits`, with `features` that no tag describes.

    Raises:
        WorldError: `size` is not in 16..4096, or a feature is unknown.
    """
    for unknown in sorted(features - FEATURES):
        raise WorldError(
            f"there is no feature {unknown!r}; known are: {', '.join(sorted(FEATURES))}"
        )
    if not 16 <= size <= MAX_SIZE_PX:
        raise WorldError(f"size must be 16 to {MAX_SIZE_PX} pixels, got {size}; 128 is usual")
    look = build_look(traits, random.Random(f"look {seed}"), features)
    return render_styled(build_svg(look), traits["style"], size)


_FRAMES: dict[str, tuple[float, float]] = {
    # Scale of the figure, and the height (in its own units) that lies on the lower edge.
    "portrait": (1.16, 211.0),
    "upper body": (0.95, 257.0),
    "full body": (0.74, 331.0),
}


def build_svg(look: Look) -> str:
    """Return the drawing of `look` as one SVG document of 256 by 256 units."""
    scale, foot = frame_of(look)
    place = f"translate(128 256) scale({scale}) translate(0 {-foot})"
    return svg.document(
        background.draw_background(look)
        + svg.group(draw_person(look), place)
        + sketch.draw_guides(look, place)
    )


def frame_of(look: Look) -> tuple[float, float]:
    """Return the scale of the figure, and the height in its units that is on the lower edge."""
    return _FRAMES[look.traits["framing"]]


def draw_person(look: Look, head_place: str = "", *, with_head: bool = True) -> str:
    """Return the figure of `look` without what is behind it, in its own units.

    Args:
        look: What is drawn.
        head_place: A transform of the head, after its lean; for heads of other proportions.
        with_head: Leave the head, its hair and what it wears out when False.
    """
    head_turn = f"translate({look.head_dx:.2f} {look.head_dy:.2f}) rotate({look.tilt:.2f} 0 170)"
    head_turn += f" {head_place}" if head_place else ""
    behind, front = _head(look) if with_head else ("", "")
    return (
        props.draw_prop_behind(look)
        + svg.group(behind, head_turn)
        + clothes.draw_body(look)
        + extras.draw_body_extras(look)
        + svg.group(front, head_turn)
        + clothes.draw_raised_arms(look)
        + props.draw_prop(look)
    )


def _head(look: Look) -> tuple[str, str]:
    """Return what of the head lies behind the body, and what lies in front of it."""
    outline = fringe.fringe_path(look)
    behind = headwear.draw_headwear_behind(look) + hair.draw_back_hair(look)
    front = (
        hair.draw_hanging_hair(look)
        + face.draw_head(look, outline)
        + face.draw_features(look)
        + fringe.draw_front_hair(look, outline)
        + extras.draw_hair_extras(look, outline)
        + hair.draw_hair_ties(look)
        + fringe.draw_ahoge(look)
        + eyes.draw_lashes(look)
        + eyes.draw_brows(look)
        + face.draw_glasses(look)
        + extras.draw_head_extras(look)
        + headwear.draw_headwear(look)
    )
    return behind, front
