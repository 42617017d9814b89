"""Drawing a character from tags: the layers in their order, from the background forward."""

import random
from collections.abc import Sequence

from PIL import Image

from enogu.errors import WorldError
from enogu.world import svg
from enogu.world.axes import Traits, complete, read_tags
from enogu.world.look import Look, build_look
from enogu.world.parts import background, clothes, extras, face, hair, headwear

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
        WorldError: `size` is not in 16..4096.
    """
    if not 16 <= size <= MAX_SIZE_PX:
        raise WorldError(f"size must be 16 to {MAX_SIZE_PX} pixels, got {size}; 128 is usual")
    look = build_look(traits, random.Random(f"look {seed}"), features)
    return svg.render(build_svg(look), size)


def build_svg(look: Look) -> str:
    """Return the drawing of `look` as one SVG document of 256 by 256 units."""
    head_turn = f"translate({look.head_dx:.2f} {look.head_dy:.2f}) rotate({look.tilt:.2f} 128 170)"
    behind = headwear.draw_headwear_behind(look) + hair.draw_back_hair(look)
    front = (
        face.draw_head(look)
        + face.draw_features(look)
        + hair.draw_front_hair(look)
        + hair.draw_hair_ties(look)
        + face.draw_brows(look)
        + face.draw_glasses(look)
        + extras.draw_head_extras(look)
        + headwear.draw_headwear(look)
    )
    body = clothes.draw_body(look) + extras.draw_body_extras(look)
    person = svg.group(behind, head_turn) + body + svg.group(front, head_turn)
    if look.traits["framing"] == "portrait":
        person = svg.group(person, "translate(128 122) scale(1.22) translate(-128 -112)")
    else:
        person = svg.group(person, "translate(128 256) scale(0.98) translate(-128 -252)")
    return svg.document(background.draw_background(look) + person)
