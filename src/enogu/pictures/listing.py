"""Which files of a folder tree are pictures, captions, masks, or something else.

Decides by names alone, except for files without an ending. Hidden files and folders (a name that
begins with a dot) are skipped, links to folders are not followed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from enogu.pictures.foreign import is_foreign
from enogu.pictures.sniff import PICTURE_SUFFIXES, SNIFF_BYTES, sniff_format
from enogu.tags.sidecar import CAPTION_SUFFIXES

MASK_ENDING: Final = "-masklabel"
"""A picture ``name-masklabel.png`` is the loss mask of ``name``, as OneTrainer writes it."""

_CONDITION_ENDING: Final = "-condlabel"

FileKind: TypeAlias = Literal["picture", "caption", "mask", "foreign", "other"]
"""What a file is by its name; `foreign` is a drawing in a format that cannot be read here, or an
archive."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A file that is not trained."""

    path: Path
    reason: str


@dataclass(kw_only=True, slots=True)
class Listing:
    """The files of one folder tree by kind, each list in the order of the walk (sorted names)."""

    pictures: list[Path] = field(default_factory=list[Path])
    captions: list[Path] = field(default_factory=list[Path])
    masks: list[Path] = field(default_factory=list[Path])
    foreign: list[Path] = field(default_factory=list[Path])
    """Drawings in formats that cannot be read here."""
    others: list[Path] = field(default_factory=list[Path])
    """Files that are neither pictures nor captions."""
    subfolders: int = 0
    refused: list[Refused] = field(default_factory=list[Refused])
    warnings: list[str] = field(default_factory=list[str])


def list_files(
    folder: Path,
    *,
    recursive: bool = True,
    leave_out: Path | None = None,
    follow_links: bool = False,
) -> Listing:
    """Walk a folder and sort its files by kind.

    Args:
        folder: Absolute.
        recursive: Read sub-folders too.
        leave_out: An absolute folder inside `folder` that is not walked.
        follow_links: Walk into linked folders, each real folder once, and take linked files
            wherever they lie.

    Returns:
        The files. A sub-folder that cannot be read is among the refused.
    """
    listing = Listing()
    lists = {
        "picture": listing.pictures,
        "caption": listing.captions,
        "mask": listing.masks,
        "foreign": listing.foreign,
        "other": listing.others,
    }
    for kind, path in walk_files(
        folder,
        recursive=recursive,
        leave_out=leave_out,
        follow_links=follow_links,
        notes=listing,
    ):
        lists[kind].append(path)
    return listing


def walk_files(
    folder: Path,
    *,
    recursive: bool = True,
    leave_out: Path | None = None,
    follow_links: bool = False,
    notes: Listing,
) -> Iterator[tuple[FileKind, Path]]:
    """Walk a folder and yield its files with their kind, in the order of the walk.

    Memory grows with the number of files in one folder only.

    Args:
        folder: As for :func:`list_files`.
        recursive: As for :func:`list_files`.
        leave_out: As for :func:`list_files`.
        follow_links: As for :func:`list_files`.
        notes: Takes up what is refused, the warnings and the number of sub-folders.
    """

    def note_unreadable(error: OSError) -> None:
        where = Path(error.filename or folder)
        reason = f"the folder cannot be read ({error.strerror})"
        notes.refused.append(Refused(path=where, reason=reason))

    root = folder.resolve()
    walked: set[Path] = set()
    for current, folders, names in os.walk(
        folder, onerror=note_unreadable, followlinks=follow_links
    ):
        here = Path(current)
        if follow_links:
            # A link to a folder above would be walked for ever.
            if here.resolve() in walked:
                folders.clear()
                continue
            walked.add(here.resolve())
        visible = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in visible if not follow_links and (here / name).is_symlink()]
        notes.warnings += [f"link to a folder, not followed: {here / name}" for name in links]
        notes.warnings += [
            f"folder with the name of a caption file: {here / name}"
            for name in visible
            if Path(name).suffix.lower() in CAPTION_SUFFIXES
        ]
        notes.subfolders += len(visible) - len(links)
        folders[:] = [
            name for name in visible if recursive and name not in links and here / name != leave_out
        ]
        names.sort()
        for name in names:
            if not name.startswith("."):
                kind = _kind_of(here / name, None if follow_links else root, notes)
                if kind is not None:
                    yield kind, here / name


def walk_pictures(folder: Path, regularisation: Path | None, notes: Listing) -> Iterator[Path]:
    """Yield the pictures to learn from, then those of the general class, if there are any.

    Args:
        folder: Absolute.
        regularisation: Absolute; it may lie inside of `folder`.
        notes: As for :func:`walk_files`, of `folder` only.
    """
    for kind, path in walk_files(folder, leave_out=regularisation, notes=notes):
        if kind == "picture":
            yield path
    if regularisation is not None and regularisation.is_dir():
        yield from walk_pictures(regularisation, None, Listing())


def _kind_of(path: Path, root: Path | None, notes: Listing) -> FileKind | None:
    """Return the kind of a file, if it counts; `root` is the folder that links must not leave."""
    suffix, stem = path.suffix.lower(), path.stem.lower()
    if root is not None and path.is_symlink() and not path.resolve().is_relative_to(root):
        if suffix in PICTURE_SUFFIXES or suffix in CAPTION_SUFFIXES:
            reason = f"is a link that leads out of the folder, to {path.resolve()}; copy the file"
            notes.refused.append(Refused(path=path, reason=reason))
        return None
    if suffix in CAPTION_SUFFIXES:
        return "caption"
    if suffix in PICTURE_SUFFIXES or (not suffix and _holds_picture(path)):
        if stem.endswith(MASK_ENDING):
            return "mask"
        return None if stem.endswith(_CONDITION_ENDING) else "picture"
    return "foreign" if is_foreign(path) else "other"


def _holds_picture(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as handle:
            return sniff_format(handle.read(SNIFF_BYTES)) is not None
    except OSError:
        # Neither its name nor its content says that it is a picture, so none is lost.
        return False
