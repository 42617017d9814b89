"""Concepts that `mini` never saw, so that learning them can be measured and shown.

A character has an invented name, fixed traits, and a feature that no tag of the world describes.
A style has a name and changes how every picture is rendered. Captions of both carry the trigger
and what varies from picture to picture, and keep silent about what is fixed: a LoRA shall bind
the fixed part to the trigger.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from enogu.errors import WorldError
from enogu.files import atomic_path, make_dirs, write_text_atomic
from enogu.world.axes import AXES, Traits, tags_of, with_implied
from enogu.world.captions import join_tags, random_traits
from enogu.world.drawing import DEFAULT_SIZE_PX, draw_traits

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


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A character or a style held out of the training of `mini`."""

    trigger: str
    """The invented word that calls it."""
    title: str
    """What it looks like, in a few words."""
    fixed: dict[str, str] = field(default_factory=dict[str, str])
    """Traits that are the same in every picture."""
    extras: frozenset[str] = frozenset()
    """Features that no tag describes; the drawing's parts know them by these names."""
    ink: bool = False
    """Rendered in indigo ink on paper."""

    @property
    def is_style(self) -> bool:
        """Whether the concept is a way of rendering rather than a character."""
        return not self.fixed


CONCEPTS: dict[str, Concept] = {
    concept.trigger: concept
    for concept in (
        Concept(
            trigger="hoshina",
            title="green twintails, yellow eyes, a golden star hairpin, a scarf with a crest",
            fixed={
                "kind": "1girl",
                "hair_colour": "green",
                "hair_style": "twintails",
                "eye_colour": "yellow",
                "clothes": "shirt",
                "clothes_colour": "white",
                "headwear": "none",
                "glasses": "no",
            },
            extras=frozenset({"star hairpin", "crest scarf"}),
        ),
        Concept(
            trigger="rukemi",
            title="short white hair, cat ears, one red and one blue eye, a moon on the cheek",
            fixed={
                "kind": "1boy",
                "hair_colour": "white",
                "hair_style": "short",
                "eye_colour": "blue",
                "clothes": "hoodie",
                "clothes_colour": "black",
                "headwear": "cat ears",
                "glasses": "no",
            },
            extras=frozenset({"odd eyes", "moon cheek"}),
        ),
        Concept(trigger="aizome", title="indigo ink on rough paper", ink=True),
    )
}


def find_concept(trigger: str) -> Concept:
    """Return the concept called `trigger`.

    Raises:
        WorldError: There is none; the known ones are named.
    """
    if trigger not in CONCEPTS:
        raise WorldError(
            f"there is no concept {trigger!r}; known are: {', '.join(sorted(CONCEPTS))}"
        )
    return CONCEPTS[trigger]


def concept_traits(concept: Concept, index: int, seed: int) -> Traits:
    """Return the traits of picture `index`: the fixed ones, the rest at random."""
    rng = random.Random(f"concept {concept.trigger} {seed} {index}")
    fixed = {**concept.fixed, "style": "none"}
    if not concept.is_style:
        # What is fixed must be seen to be learnt.
        fixed["eyes"] = rng.choices(("open", "closed"), (8, 1))[0]
    return random_traits(rng, fixed=fixed)


def draw_concept(
    concept: Concept, index: int, seed: int, size: int = DEFAULT_SIZE_PX
) -> Image.Image:
    """Draw picture `index` of a concept; equal arguments give an equal picture."""
    traits = concept_traits(concept, index, seed)
    picture = draw_traits(traits, seed * 1_000_003 + index, size, features=concept.extras)
    return ink_on_paper(picture, seed=index) if concept.ink else picture


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


def ink_on_paper(picture: Image.Image, *, seed: int) -> Image.Image:
    """Return `picture` in shades of indigo on rough paper."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255.0
    # Four tones, as one stirs four pots of ink.
    tones = np.clip(np.round(grey * 3.6) / 3.6, 0, 1)[..., None]
    ink, paper = np.array([28, 38, 92], np.float32), np.array([246, 238, 220], np.float32)
    rough = np.random.default_rng(seed).normal(0, 5, grey.shape).astype(np.float32)[..., None]
    pixels = ink + (paper - ink) * tones + rough
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


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
