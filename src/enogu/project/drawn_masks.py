"""Masks that a person drew, as decisions of the background step.

The mask itself is kept outside ``work/``. What is made with it, the picture on another background,
lies in ``work/`` and is made anew where it is gone or the settings have changed.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from enogu.config import PrepConfig
from enogu.errors import ProjectError
from enogu.pictures.background import Background, cut_out, on_colour, subject_box
from enogu.pictures.background.edge import take_out_background
from enogu.pictures.chain import Loader
from enogu.pictures.pixels import Pixels, parse_colour
from enogu.pictures.read import read_picture
from enogu.pictures.records import (
    FILES,
    PARTS,
    Decision,
    Decisions,
    DerivedFiles,
    FileEntry,
    JsonValue,
    Records,
)
from enogu.pictures.regions.found import SUBJECT
from enogu.pictures.steps import BACKGROUND
from enogu.pictures.steps.background import MASK_FILE, PICTURE_FILE

DRAWN: Final = "drawn"
"""The verdict on a background whose mask a person drew."""

_MADE_FOR: Final = "made_for"


def decide_mask(
    picture_id: str, pixels: Pixels, mask: Pixels, prep: PrepConfig, derived: DerivedFiles
) -> Decision:
    """Keep a mask and what is made with it.

    Args:
        picture_id: The picture.
        pixels: uint8 [H, W, 3], the whole original, upright.
        mask: uint8 [H, W], 255 = subject; as large.
        prep: What becomes of backgrounds.
        derived: Where derived files lie.

    Returns:
        The decision; it is not taken yet.

    Raises:
        StorageError: The disk is full.
    """
    files: dict[str, JsonValue] = {MASK_FILE: derived.drawn.write(mask)}
    subject = subject_box(mask)
    shown = _shown(pixels, mask, prep)
    if shown is not None:
        files[PICTURE_FILE] = derived.write(shown)
    parts: list[JsonValue] = [] if subject is None else [[SUBJECT, *subject]]
    return Decision(
        picture_id=picture_id,
        step=BACKGROUND,
        verdict=DRAWN,
        values={
            "method": DRAWN,
            "reason": "a person drew the mask",
            FILES: files,
            PARTS: parts,
            _MADE_FOR: _wanted(prep),
        },
    )


def renew_drawn_masks(
    root: Path,
    entries: Iterable[FileEntry],
    records: Records,
    decisions: Decisions,
    *,
    loader: Loader,
    prep: PrepConfig,
) -> int:
    """Make again what drawn masks lead to, where it is gone or was made for other settings.

    Args:
        root: The project.
        entries: Its pictures.
        records: Its records.
        decisions: Changed where something was made.
        loader: How pictures are decoded.
        prep: What becomes of backgrounds.

    Returns:
        How many pictures were made.

    Raises:
        PictureError: A picture cannot be read any more.
        ProjectError: A drawn mask is gone or damaged.
        StorageError: The disk is full.
    """
    drawn = {
        picture_id: decision
        for picture_id, decision in decisions.of_step(BACKGROUND).items()
        if decision.verdict == DRAWN
    }
    made: list[Decision] = []
    for entry in entries if drawn else ():
        decision = drawn.pop(entry.picture_id, None)
        if decision is None or not _is_stale(decision, prep, records.derived):
            continue
        picture = read_picture(
            root / entry.relative,
            background=loader.background,
            max_megapixels=loader.max_megapixels,
        )
        key = drawn_files(decision).get(MASK_FILE, "")
        if not records.derived.path(key).is_file():
            raise ProjectError(
                f"{entry.relative}: the mask that you drew is gone from "
                f"{records.derived.drawn.folder}",
                hint="Bring that folder back, or let the step decide again:\n"
                f"  enogu pictures background {Path(entry.relative).stem} --reset",
            )
        mask = records.derived.read(key)
        made.append(decide_mask(entry.picture_id, picture.pixels, mask, prep, records.derived))
    decisions.add(made)
    return len(made)


def _is_stale(decision: Decision, prep: PrepConfig, derived: DerivedFiles) -> bool:
    if decision.values.get(_MADE_FOR) != _wanted(prep):
        return True
    return not all(derived.path(key).is_file() for key in drawn_files(decision).values())


def drawn_files(decision: Decision) -> dict[str, str]:
    """Return the keys of the files that a decision names, by role."""
    files = decision.values.get(FILES)
    return {role: str(key) for role, key in files.items()} if isinstance(files, dict) else {}


def _wanted(prep: PrepConfig) -> str:
    """Return a name for the settings on which the picture depends; empty where none is made."""
    if prep.background == "colour":
        return f"colour {prep.background_colour.lower()}"
    return prep.background if prep.background == "transparent" else ""


def _shown(pixels: Pixels, mask: Pixels, prep: PrepConfig) -> Pixels | None:
    if not _wanted(prep):
        return None
    found = Background(
        method="model",
        sure=True,
        reason="",
        mask=mask,
        foreground=take_out_background(pixels, mask),
        colour=None,
        subject=None,
        coverage=0.0,
    )
    if prep.background == "transparent":
        return cut_out(found)
    return on_colour(found, parse_colour(prep.background_colour))
