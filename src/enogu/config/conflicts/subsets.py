"""Conflicts of folders that have settings of their own."""

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _lies_among_pictures(config: "ProjectConfig", known: Known) -> str | None:
    pictures = config.pictures
    roots = [one for one in (pictures.folder, pictures.regularisation) if one is not None]
    for subset in pictures.subsets:
        folder = PurePosixPath(subset.folder)
        if not any(folder.is_relative_to(PurePosixPath(root)) for root in roots):
            return (
                f"pictures.subsets names the folder {subset.folder!r}, which lies in none of the "
                f"folders that are trained ({', '.join(roots)}); write it as "
                f"{roots[0]}/{folder.name}, and put its pictures there"
            )
    return None


def _once_each(config: "ProjectConfig", known: Known) -> str | None:
    counts = Counter(subset.folder for subset in config.pictures.subsets)
    twice = [folder for folder, count in counts.items() if count > 1]
    if not twice:
        return None
    return (
        f"pictures.subsets names the folder {twice[0]!r} {counts[twice[0]]} times, and one of the "
        "tables would be ignored; put all of its settings into one"
    )


def _general_has_no_trigger(config: "ProjectConfig", known: Known) -> str | None:
    for subset in config.pictures.subsets:
        if subset.regularisation and subset.trigger:
            return (
                f"pictures.subsets gives the folder {subset.folder!r} the trigger "
                f"{subset.trigger!r}, but its pictures are regularisation pictures, which never "
                "get one; take the trigger out, or set regularisation = false"
            )
    return None


SUBSET_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "subset-outside",
        ("pictures.subsets", "pictures.folder", "pictures.regularisation"),
        "Settings of a folder that is not trained would do nothing.",
        _lies_among_pictures,
    ),
    Conflict(
        "subset-twice",
        ("pictures.subsets",),
        "Of two tables for one folder one would be ignored; sd-scripts drops the second.",
        _once_each,
    ),
    Conflict(
        "trigger-of-the-general-class",
        ("pictures.subsets",),
        "Regularisation pictures show the class without the subject that the trigger names.",
        _general_has_no_trigger,
    ),
)
