"""Conflicts of the pictures that are held out."""

from pathlib import PurePath
from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _one_source(config: "ProjectConfig", known: Known) -> str | None:
    validation = config.validation
    if not (validation.share and validation.folder):
        return None
    return (
        f"validation.share is {validation.share:g} and validation.folder {validation.folder!r}; "
        "one of them says what is held out: set the share to 0, or empty the folder"
    )


def _patience_needs_pictures(config: "ProjectConfig", known: Known) -> str | None:
    validation = config.validation
    if not validation.patience or validation.used:
        return None
    return (
        f"validation.patience is {validation.patience}, but no picture is held out, so nothing "
        "would say when to stop; set validation.share to 0.1, or validation.folder"
    )


def _is_apart(config: "ProjectConfig", known: Known) -> str | None:
    folder = config.validation.folder
    if not folder:
        return None
    for name in ("folder", "regularisation"):
        other = getattr(config.pictures, name)
        if other is not None and PurePath(folder).is_relative_to(PurePath(other)):
            return (
                f"validation.folder {folder!r} lies in pictures.{name} {other!r}, which is "
                "trained; move it beside that folder"
            )
    return None


VALIDATION_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "two-held-outs",
        ("validation.share", "validation.folder"),
        "One says how many are held out, the other which.",
        _one_source,
    ),
    Conflict(
        "patience-without-held-out",
        ("validation.patience", "validation.share", "validation.folder"),
        "Only held-out pictures can tell learning from copying.",
        _patience_needs_pictures,
    ),
    Conflict(
        "held-out-is-trained",
        ("validation.folder", "pictures.folder", "pictures.regularisation"),
        "A picture that is trained says nothing about others.",
        _is_apart,
    ),
)
