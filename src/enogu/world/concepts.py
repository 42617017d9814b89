"""Concepts that `mini` never saw, so that learning them can be measured and shown.

A character has an invented name, fixed traits, and a feature that no tag of the world describes.
A style changes how every picture is rendered; an object is held by any character. Captions carry
the trigger and what varies from picture to picture, and keep silent about what is fixed: a LoRA
shall bind the fixed part to the trigger.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enogu.errors import WorldError
from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.world.axes import AXES, Traits, tags_of, with_implied
from enogu.world.captions import join_tags, random_traits
from enogu.world.concept_styles import render_concept
from enogu.world.concept_table import CONCEPTS, Concept, find_concept
from enogu.world.drawing import DEFAULT_SIZE_PX, draw_traits

__all__ = [
    "CONCEPTS",
    "EVERYDAY",
    "Concept",
    "ConceptPair",
    "concept_caption",
    "concept_traits",
    "draw_concept",
    "draw_concept_pair",
    "everyday_traits",
    "find_concept",
    "write_dataset",
    "write_everyday_pictures",
    "write_pairs",
]

EVERYDAY = "everyday"
"""What a dataset of no concept is called."""

_LOOKS = (
    "hair_colour",
    "hair_style",
    "eye_colour",
    "clothes",
    "clothes_colour",
    "headwear",
    "glasses",
)
"""Axes that a character's captions usually leave out."""

_MASK_THRESHOLD = 24
"""Sum over the channels from which on two pixels count as different."""


def concept_traits(concept: Concept, index: int, seed: int) -> Traits:
    """Return the traits of picture `index`: the fixed ones, the rest at random."""
    rng = random.Random(f"concept {concept.trigger} {seed} {index}")
    fixed = {**concept.fixed, "style": "none"}
    if concept.fixed:
        # What is fixed must be seen to be learnt.
        fixed["eyes"] = rng.choices(("open", "closed"), (8, 1))[0]
    fixed |= {axis: rng.choice(values) for axis, values in concept.limits.items()}
    return random_traits(rng, fixed=fixed)


def draw_concept(
    concept: Concept, index: int, seed: int, size: int = DEFAULT_SIZE_PX
) -> Image.Image:
    """Draw picture `index` of a concept; equal arguments give an equal picture."""
    return _draw(concept, index, seed, size, concept.extras, concept.rendering)


def _draw(
    concept: Concept, index: int, seed: int, size: int, extras: frozenset[str], rendering: str
) -> Image.Image:
    traits = concept_traits(concept, index, seed)
    picture = draw_traits(traits, seed * 1_000_003 + index, size, features=extras)
    return render_concept(picture, rendering, seed=index) if rendering else picture


@dataclass(frozen=True, kw_only=True)
class ConceptPair:
    """One picture of a concept, and the same picture without what no tag describes."""

    picture: Image.Image
    plain: Image.Image
    mask: NDArray[np.bool_]
    """Shape [H, W]: the pixels that differ."""
    box: tuple[int, int, int, int] | None
    """Left, top, right and bottom of the mask in pixels; None when nothing can be seen."""


def draw_concept_pair(
    concept: Concept,
    index: int,
    seed: int,
    size: int = DEFAULT_SIZE_PX,
    *,
    feature: str | None = None,
) -> ConceptPair:
    """Draw picture `index` of a concept with and without its unnamed features, or one of them.

    Args:
        concept: Which; a style differs everywhere.
        index: The picture, as in :func:`draw_concept`.
        seed: As in :func:`draw_concept`.
        size: Width and height in pixels.
        feature: One of `concept.extras`, to take away that one alone; None takes away all of
            them, and the rendering.

    Raises:
        WorldError: The concept has no such feature, or the size is impossible.
    """
    if feature is not None and feature not in concept.extras:
        raise WorldError(
            f"{concept.trigger} has no feature {feature!r}; "
            f"it has: {', '.join(sorted(concept.extras)) or 'none'}"
        )
    left = concept.extras - {feature} if feature else frozenset[str]()
    picture = draw_concept(concept, index, seed, size)
    plain = _draw(concept, index, seed, size, left, concept.rendering if feature else "")
    with_it, without = (np.asarray(p, dtype=np.int16) for p in (picture, plain))
    mask = np.abs(with_it - without).sum(axis=-1) > _MASK_THRESHOLD
    box = None
    if mask.any():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return ConceptPair(picture=picture, plain=plain, mask=mask, box=box)


def concept_caption(concept: Concept, index: int, seed: int) -> str:
    """Return "trigger, 1girl, …": the trigger and every tag that is not one of the fixed traits."""
    traits = concept_traits(concept, index, seed)
    whole = tags_of(traits)
    fixed_tags = _tags_about([axis for axis in concept.fixed if axis != "kind"], traits)
    if traits["eyes"] == "closed":
        fixed_tags.discard("closed eyes")
    return join_tags([concept.trigger, *(tag for tag in whole if tag not in fixed_tags)])


def _tags_about(axes: Sequence[str], traits: Traits) -> set[str]:
    """Return the tags that another value on one of `axes` would change, with what they imply."""
    whole = set(tags_of(traits))
    about: set[str] = set()
    for axis in axes:
        others = [value for value in AXES[axis] if value != traits[axis]]
        changed = Traits({**traits.values, axis: others[-1]}, traits.stated)
        about |= whole - set(tags_of(changed))
    return set(with_implied(sorted(about)))


def write_dataset(
    out_dir: Path, concept: str, count: int, seed: int = 0, *, size: int = DEFAULT_SIZE_PX
) -> list[Path]:
    """Write `count` pictures of a concept with captions, as a training folder.

    Args:
        out_dir: Made when it does not exist; gets ``hoshina_000.png``, ``hoshina_000.txt``, …
        concept: The trigger of one of `CONCEPTS`.
        count: Number of pictures, at least 1.
        seed: Other seeds give other pictures of the same concept.
        size: Width and height in pixels.

    Returns:
        The paths of the pictures.

    Raises:
        WorldError: Unknown concept, or a count below 1.
        StorageError: The folder cannot be written.
    """
    found = find_concept(concept)

    def make(index: int) -> tuple[Image.Image, str]:
        return draw_concept(found, index, seed, size), concept_caption(found, index, seed)

    return write_pairs(out_dir, found.trigger, count, make)


def everyday_traits(index: int, seed: int) -> Traits:
    """Return the traits of everyday picture `index`."""
    return random_traits(random.Random(f"everyday {seed} {index}"))


def write_everyday_pictures(
    out_dir: Path, count: int, seed: int = 0, *, size: int = DEFAULT_SIZE_PX
) -> list[Path]:
    """Write `count` pictures of ordinary characters with captions.

    They serve as regularisation pictures beside a character's. Their captions keep silent about
    looks, as captions of a character do: else silence itself would come to mean the character.
    What a caption does say, such as the colour of hair, the base holds by itself.

    Args:
        out_dir: Made when it does not exist; gets ``everyday_000.png``, ``everyday_000.txt``, …
        count: Number of pictures, at least 1.
        seed: Other seeds give other pictures.
        size: Width and height in pixels.

    Returns:
        The paths of the pictures.

    Raises:
        WorldError: A count below 1.
        StorageError: The folder cannot be written.
    """

    def make(index: int) -> tuple[Image.Image, str]:
        traits = everyday_traits(index, seed)
        picture = draw_traits(traits, seed * 1_000_003 + index, size)
        silent = _tags_about(_LOOKS, traits)
        return picture, join_tags([tag for tag in tags_of(traits) if tag not in silent])

    return write_pairs(out_dir, EVERYDAY, count, make)


def write_pairs(
    out_dir: Path, stem: str, count: int, make: Callable[[int], tuple[Image.Image, str]]
) -> list[Path]:
    """Write pictures with captions of the same name, and return the paths of the pictures.

    Args:
        out_dir: Made when it does not exist; gets ``stem_000.png``, ``stem_000.txt``, …
        stem: Beginning of the file names.
        count: Number of pictures.
        make: Gives picture and caption of each number.

    Raises:
        WorldError: `count` is below 1.
        StorageError: The folder cannot be written.
    """
    if count < 1:
        raise WorldError(f"count must be 1 or more, got {count}; 20 is usual")
    make_dirs(out_dir)
    paths: list[Path] = []
    for index in range(count):
        picture, caption = make(index)
        path = out_dir / f"{stem}_{index:03d}.png"
        with atomic_path(path) as temporary:
            picture.save(temporary, format="PNG")
        write_text_atomic(path.with_suffix(".txt"), caption + "\n")
        paths.append(path)
    return paths
