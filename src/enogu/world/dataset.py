"""Folders of drawings for training and judging: pictures, captions, and the truth about each."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from enogu.errors import WorldError
from enogu.files import write_text_atomic
from enogu.world.axes import AXES, Traits, tags_of, visible_axes
from enogu.world.captions import join_tags, random_traits
from enogu.world.concepts import (
    EVERYDAY,
    concept_traits,
    everyday_traits,
    find_concept,
    write_dataset,
    write_everyday_pictures,
    write_pairs,
)
from enogu.world.drawing import DEFAULT_SIZE_PX, draw_traits
from enogu.world.questions import vocabulary_digest

TRUTH_NAME = "truth.json"
_TRUTH_VERSION = 1


def write_world_dataset(
    out_dir: Path,
    count: int,
    *,
    concept: str | None = None,
    seed: int = 0,
    size: int = DEFAULT_SIZE_PX,
) -> list[Path]:
    """Write `count` pictures with captions and ``truth.json`` into a folder.

    Args:
        out_dir: Made when it does not exist.
        count: Number of pictures, at least 1.
        concept: The trigger of a held-out concept; ``everyday`` for characters whose captions keep
            silent about looks (regularisation pictures); None for characters whose captions say
            all that can be seen.
        seed: Other seeds give other pictures.
        size: Width and height in pixels.

    Returns:
        The paths of the pictures.

    Raises:
        WorldError: Unknown concept, a count below 1, or an impossible size.
        StorageError: The folder cannot be written.
    """
    features: Sequence[str] = ()
    if concept is None:
        truths = [_random_character(seed, index) for index in range(count)]

        def make(index: int) -> tuple[Image.Image, str]:
            picture = draw_traits(truths[index], seed * 1_000_003 + index, size)
            return picture, join_tags(tags_of(truths[index]))

        paths = write_pairs(out_dir, "world", count, make)
    elif concept == EVERYDAY:
        paths = write_everyday_pictures(out_dir, count, seed, size=size)
        truths = [everyday_traits(index, seed) for index in range(count)]
    else:
        found = find_concept(concept)
        paths = write_dataset(out_dir, concept, count, seed, size=size)
        truths = [concept_traits(found, index, seed) for index in range(count)]
        features = sorted(found.extras)
    document: dict[str, Any] = {
        "version": _TRUTH_VERSION,
        "vocabulary": vocabulary_digest(AXES),
        "concept": concept,
        "seed": seed,
        "pictures": {
            path.name: _truth_of(traits, features)
            for path, traits in zip(paths, truths, strict=True)
        },
    }
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    write_text_atomic(out_dir / TRUTH_NAME, text)
    return paths


def _random_character(seed: int, index: int) -> Traits:
    return random_traits(random.Random(f"dataset {seed} {index}"))


def _truth_of(traits: Traits, features: Sequence[str]) -> dict[str, Any]:
    visible = visible_axes(traits)
    return {
        "traits": {axis: traits[axis] for axis in AXES},
        "visible": list(visible),
        "features": list(features),
    }


def read_truth(folder: Path) -> dict[str, dict[str, str]]:
    """Return what ``truth.json`` says can be seen in each picture of `folder`, by file name.

    Returns:
        Axis and answer by file name; empty where the folder has no such file.

    Raises:
        WorldError: The file is damaged, newer, or of another vocabulary.
    """
    path = folder / TRUTH_NAME
    if not path.is_file():
        return {}
    hint = f"Remove {path} to compare with the captions, or write the dataset anew"
    try:
        document = json.loads(path.read_text("utf-8"))
        version, vocabulary = document["version"], document["vocabulary"]
        pictures = {
            str(name): {str(axis): str(entry["traits"][axis]) for axis in entry["visible"]}
            for name, entry in document["pictures"].items()
        }
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise WorldError(f"{path}: is not a truth file of the drawn world ({reason})", hint) from (
            error
        )
    if version != _TRUTH_VERSION:
        raise WorldError(f"{path}: has version {version!r}, known is {_TRUTH_VERSION}", hint)
    if vocabulary != vocabulary_digest(AXES):
        raise WorldError(
            f"{path}: was written with vocabulary {vocabulary}, "
            f"the drawn world now has {vocabulary_digest(AXES)}",
            hint,
        )
    return pictures
