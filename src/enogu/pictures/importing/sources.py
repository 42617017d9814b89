"""What a person may give to an import, told apart by looking at it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from enogu.errors import CaptionError, PictureError
from enogu.pictures.foreign import ARCHIVE_SUFFIXES, is_archive
from enogu.pictures.importing.archive import unpack
from enogu.pictures.importing.dataset_toml import read_dataset_toml
from enogu.pictures.importing.folder import read_folder
from enogu.pictures.importing.model import Candidate, Reading, RefusedSource
from enogu.pictures.importing.sidecars import PICKLE_SUFFIXES, read_metadata
from enogu.pictures.sniff import PICTURE_SUFFIXES


def read_sources(sources: Sequence[Path], *, scratch: Path, follow_links: bool = False) -> Reading:
    """Read everything a person gave; no picture is opened yet.

    Args:
        sources: Folders, ZIP and TAR archives, ``dataset.toml`` files, metadata JSON files and
            single pictures.
        scratch: A folder for what archives hold; the caller deletes it.
        follow_links: Follow links that lead out of a folder.

    Raises:
        PictureError: A source is missing, of no known kind, or a bomb.
        CaptionError: A list of captions is damaged.
        StorageError: There is no room for what an archive holds.
    """
    reading = Reading()
    for number, source in enumerate(sources, start=1):
        place = source.expanduser().absolute()
        reading.add(_read(place, scratch / f"archive-{number}", follow_links))
    return reading


def _read(source: Path, scratch: Path, follow_links: bool) -> Reading:
    suffix = source.suffix.lower()
    if source.is_dir():
        return read_folder(source, follow_links=follow_links)
    if not source.exists():
        nearest = next(parent for parent in source.parents if parent.exists())
        raise PictureError(
            f"{source}: there is no such file or folder",
            hint=f"The path is right up to {nearest}. Check the spelling.",
        )
    if is_archive(source):
        return _read_archive(source, scratch)
    if suffix == ".toml":
        return read_dataset_toml(source)
    if suffix == ".json":
        return _read_metadata_json(source)
    if suffix in PICTURE_SUFFIXES:
        return read_folder(source.parent, recursive=False, follow_links=True, only={source})
    if suffix in PICKLE_SUFFIXES:
        raise PictureError(
            f"{source}: files of this kind can run code when they are opened, so they never are",
            hint="Give the folder of the pictures instead.",
        )
    raise PictureError(
        f"{source}: is nothing that can be imported",
        hint="Give a folder, an archive "
        f"({', '.join(ARCHIVE_SUFFIXES)}), a dataset.toml, a metadata JSON, or a picture.",
    )


def _read_archive(source: Path, scratch: Path) -> Reading:
    unpacked = unpack(source, scratch)
    reading = read_folder(unpacked.folder, label=str(source))
    reading.refused += unpacked.refused
    if unpacked.left:
        reading.notes.append(
            f"{source}: {unpacked.left} members are neither pictures nor captions and were left"
        )
    return reading


def _read_metadata_json(source: Path) -> Reading:
    """Take the pictures that a metadata file of kohya's scripts names.

    Keys that are paths are taken as they are; stems are looked for in the folder of the file.
    """
    table = read_metadata(source)
    if table is None:
        raise CaptionError(
            f"{source}: is not a metadata file of kohya's scripts",
            hint='Its form is {"name": {"caption": "…", "tags": "…"}, …}.',
        )
    beside = read_folder(source.parent)
    reading = Reading(notes=beside.notes, refused=beside.refused)
    found: set[str] = set()
    for one in beside.candidates:
        for key in (str(one.path), one.path.name, one.path.stem):
            if key in table:
                found.add(key)
                reading.candidates.append(_captioned(one, table[key].text, source.name))
                break
    for key, caption in table.items():
        path = Path(key)
        if key in found:
            continue
        if path.is_absolute() and path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES:
            one = Candidate(path=path, origin=key, place=PurePosixPath(path.name))
            reading.candidates.append(_captioned(one, caption.text, source.name))
            continue
        reading.refused.append(
            RefusedSource(
                origin=f"{source}: {key}",
                reason="no picture of this name is there",
                proposal="put the file into the folder of the pictures and give it again",
            )
        )
    return reading


def _captioned(one: Candidate, caption: str, source: str) -> Candidate:
    return replace(one, caption=caption, caption_note=source)
