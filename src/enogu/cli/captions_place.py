"""Where the captions of a command lie, and how they are read."""

from dataclasses import dataclass
from pathlib import Path

from enogu.cli.common import Common
from enogu.config.tags import TagsConfig
from enogu.errors import CaptionError, ProjectError
from enogu.pictures.listing import list_files
from enogu.project import Project, find_project, open_project
from enogu.tags.dataset import CaptionSet, CaptionSyntax, Remembered, load_captions
from enogu.tags.dataset.captions import Unusable
from enogu.tags.dataset.journal import HIDDEN_PLACE
from enogu.tags.vocabulary import open_chosen_vocabulary


@dataclass(frozen=True, kw_only=True)
class CaptionPlace:
    """A folder of captions, and the project it belongs to, if any.

    Attributes:
        folder: Absolute.
        journals: Where edits are recorded.
        syntax: The signs that divide a caption, from the project's settings.
        trigger: The project's trigger word; empty outside projects.
        leave_out: The project's regularisation pictures; they teach nothing of the subject.
        tags: Say which vocabulary is asked.
        root: The project whose vocabulary that may be.
    """

    folder: Path
    journals: Path
    syntax: CaptionSyntax
    trigger: str
    tags: TagsConfig
    leave_out: Path | None = None
    root: Path | None = None


def find_place(folder: Path | None, common: Common) -> CaptionPlace:
    """Return where the captions are.

    Args:
        folder: A folder of captions. None: the pictures of the project.
        common: Says which project, and settings that differ.

    Raises:
        ProjectError: No folder was named and there is no project.
        CaptionError: The folder is missing.
    """
    if folder is None:
        project = common.open_project()
        folder = project.pictures_dir
    else:
        folder = folder.expanduser().absolute()
        project = _project_of(folder, common)
    if not folder.is_dir():
        raise CaptionError(f"{folder}: there is no such folder", hint="Name a folder of captions.")
    if project is None:
        here, resolved = common.open_project_or_none()
        return CaptionPlace(
            folder=folder,
            journals=folder / HIDDEN_PLACE,
            syntax=CaptionSyntax(),
            trigger="",
            tags=resolved.config.tags,
            root=here.root if here else None,
        )
    captions = project.resolved.config.captions
    inside = folder.resolve().relative_to(project.root.resolve())
    return CaptionPlace(
        folder=folder,
        journals=project.work_dir / "captions" / inside,
        syntax=CaptionSyntax(
            separator=captions.separator,
            keep_separator=captions.keep_separator,
            secondary_separator=captions.secondary_separator,
        ),
        trigger=captions.trigger,
        leave_out=project.regularisation_dir,
        tags=project.resolved.config.tags,
        root=project.root,
    )


def _project_of(folder: Path, common: Common) -> Project | None:
    try:
        root = find_project(folder)
    except ProjectError:
        return None
    return open_project(root, common.assignments())


def read_place(place: CaptionPlace) -> CaptionSet:
    """Read the captions of a folder and its sub-folders.

    Raises:
        CaptionError: No caption file can be read.
    """
    listing = list_files(place.folder, leave_out=place.leave_out)
    captions = load_captions(
        place.folder, listing.captions, pictures=listing.pictures, syntax=place.syntax
    )
    refused = tuple(Unusable(path=item.path, reason=item.reason) for item in listing.refused)
    return captions.with_notes(refused, tuple(listing.warnings))


def open_vocabulary(place: CaptionPlace) -> Remembered:
    """Open the vocabulary of the place for many questions."""
    return Remembered(open_chosen_vocabulary(place.tags, place.root))
