"""The picture files of a project as they are now, against what the records say."""

from dataclasses import dataclass

from enogu.pictures.chain import Loader, Look, look_at_files
from enogu.pictures.listing import Listing, list_files
from enogu.pictures.records import FileEntry, Records
from enogu.project.layout import Project


@dataclass(frozen=True, kw_only=True)
class PictureFiles:
    """The picture files of a project."""

    look: Look
    """All of them, regularisation pictures too."""
    entries: tuple[FileEntry, ...]
    """The pictures to learn from, by name."""
    listing: Listing
    """The folder of the pictures to learn from: captions, masks, what was refused."""

    @property
    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Names with the reason."""
        return self.look.unreadable


def look_at_project(project: Project, records: Records) -> PictureFiles:
    """Bring the records up to date with the files of a project; call it under its lock.

    Args:
        project: The project.
        records: Its records.

    Raises:
        StorageError: The disk is full.
    """
    listing = list_files(project.pictures_dir, leave_out=project.regularisation_dir)
    paths = list(listing.pictures)
    regularisation = project.regularisation_dir
    if regularisation is not None and regularisation.is_dir():
        paths += list_files(regularisation).pictures
    look = look_at_files(project.root, sorted(set(paths)), records)
    mine = {path.relative_to(project.root).as_posix() for path in listing.pictures}
    return PictureFiles(
        look=look,
        entries=tuple(entry for entry in look.entries if entry.relative in mine),
        listing=listing,
    )


def project_loader(project: Project) -> Loader:
    """Return how the pictures of a project are decoded."""
    pictures = project.resolved.config.pictures
    return Loader(background=pictures.background, max_megapixels=pictures.max_megapixels)
