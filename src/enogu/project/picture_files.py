"""The picture files of a project as they are now, against what the records say."""

from dataclasses import dataclass
from pathlib import Path

from enogu.pictures.chain import Loader, look_at_files
from enogu.pictures.listing import Listing, walk_pictures
from enogu.pictures.records import ListedFiles, Records
from enogu.project.layout import Project


@dataclass(frozen=True, kw_only=True)
class PictureFiles:
    """The picture files of a project."""

    entries: ListedFiles
    """The pictures to learn from, by name."""
    unreadable: tuple[tuple[str, str], ...]
    """Names with the reason; regularisation pictures too."""
    warnings: tuple[str, ...]
    """What is odd about the folder of the pictures to learn from."""


def look_at_project(project: Project, records: Records) -> PictureFiles:
    """Bring the records up to date with the files of a project; call it under its lock.

    Args:
        project: The project.
        records: Its records.

    Raises:
        StorageError: The disk is full.
    """
    folder, regularisation = project.pictures_dir, project.regularisation_dir
    notes = Listing()
    paths = walk_pictures(folder, regularisation, notes)
    look = look_at_files(project.root, paths, records)
    inside = regularisation is not None and regularisation.is_relative_to(folder)
    return PictureFiles(
        entries=ListedFiles(
            records,
            _relative(project, folder),
            _relative(project, regularisation) if inside and regularisation else None,
        ),
        unreadable=tuple(sorted(look.unreadable)),
        warnings=tuple(notes.warnings),
    )


def _relative(project: Project, folder: Path) -> str:
    inside = folder.relative_to(project.root).as_posix()
    return "" if inside == "." else inside


def project_loader(project: Project) -> Loader:
    """Return how the pictures of a project are decoded."""
    pictures = project.resolved.config.pictures
    return Loader(background=pictures.background, max_megapixels=pictures.max_megapixels)
