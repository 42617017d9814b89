"""Reading one folder: plain, or with kohya's ``10_class words`` folders, with any sidecars."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

from enogu.errors import CaptionError, PictureError
from enogu.pictures.folders import folder_meaning
from enogu.pictures.foreign import foreign_reason
from enogu.pictures.importing.model import Candidate, Reading, RefusedSource
from enogu.pictures.importing.sidecars import PICKLE_SUFFIXES, FoundCaption, Sidecars
from enogu.pictures.listing import MASK_ENDING, list_files
from enogu.tags.sidecar import StemKey, stem_key


def read_folder(
    folder: Path,
    *,
    label: str | None = None,
    recursive: bool = True,
    follow_links: bool = False,
    only: Collection[Path] | None = None,
) -> Reading:
    """Find the pictures of a folder with their captions and masks; no picture is opened.

    Args:
        folder: Absolute.
        label: What the report calls the folder, when that is not its path.
        recursive: Read sub-folders too.
        follow_links: Follow links that lead out of the folder, and links to folders.
        only: Take these files alone, by absolute path.

    Raises:
        PictureError: There is no such folder.
        CaptionError: A list of captions in it is damaged.
    """
    if not folder.is_dir():
        raise PictureError(
            f"{folder}: there is no such folder", hint="Check the spelling of the path."
        )
    listing = list_files(folder, recursive=recursive, follow_links=follow_links)
    if only is not None:
        listing.pictures = [path for path in listing.pictures if path in only]
        listing.masks = [path for path in listing.masks if path in only]
        listing.foreign = [path for path in listing.foreign if path in only]
    sidecars = Sidecars(listing.pictures, listing.captions, listing.others)
    names = _Names(folder, label)
    reading = Reading(notes=[names.text(note) for note in (*listing.warnings, *sidecars.notes)])
    for item in listing.refused:
        reading.refused.append(RefusedSource(origin=names.of(item.path), reason=item.reason))
    for path in listing.foreign:
        reason, proposal = foreign_reason(path)
        reading.refused.append(
            RefusedSource(origin=names.of(path), reason=reason, proposal=proposal)
        )
    masks = {stem_key(path, path.stem[: -len(MASK_ENDING)]): path for path in listing.masks}
    first_of: dict[StemKey, Path] = {}
    for path in listing.pictures:
        key = stem_key(path)
        first = first_of.setdefault(key, path)
        try:
            found = sidecars.caption_of(path)
        except CaptionError as error:
            reason = error.message.removeprefix(f"{path}: ")
            reading.refused.append(
                RefusedSource(origin=names.of(path), reason=f"its caption is unusable: {reason}")
            )
            continue
        reading.candidates.append(
            Candidate(
                path=path,
                origin=names.of(path),
                place=PurePosixPath(path.relative_to(folder).as_posix()),
                caption=_text(found),
                caption_note=None if found is None else found.note,
                mask=masks.get(key),
                shares_with=None if first is path else names.of(first),
            )
        )
    if only is None:
        _add_notes(reading, names, sidecars, listing.others)
        _keep_meaning_of_the_folder_itself(folder, reading)
    return reading


def _text(found: FoundCaption | None) -> str | None:
    return None if found is None else found.text


def _add_notes(
    reading: Reading, names: "_Names", sidecars: Sidecars, others: Collection[Path]
) -> None:
    orphans = sidecars.orphans()
    if orphans:
        reading.notes.append(
            f"{names.of(orphans[0])}: no picture of this name; {len(orphans)} such caption files"
        )
    pickles = [path for path in others if path.suffix.lower() in PICKLE_SUFFIXES]
    if pickles:
        reading.notes.append(
            f"{names.of(pickles[0])}: {len(pickles)} side files of this kind are never opened, "
            "because such files can run code"
        )
    for path in others:
        if path.name.lower() == "dataset.toml":
            reading.notes.append(
                f"{names.of(path)}: give this file itself to take over its settings too"
            )


def _keep_meaning_of_the_folder_itself(folder: Path, reading: Reading) -> None:
    """Keep ``10_mychar`` in the place when that very folder was given."""
    if folder_meaning(PurePosixPath(folder.name)).named is None:
        return
    reading.candidates = [_inside(candidate, folder.name) for candidate in reading.candidates]


def _inside(candidate: Candidate, folder: str) -> Candidate:
    return replace(candidate, place=PurePosixPath(folder) / candidate.place)


class _Names:
    """How files of a folder are named in a report."""

    def __init__(self, folder: Path, label: str | None) -> None:
        self._folder = folder
        self._label = label

    def of(self, path: Path) -> str:
        if self._label is None or not path.is_relative_to(self._folder):
            return str(path)
        return f"{self._label}: {path.relative_to(self._folder).as_posix()}"

    def text(self, text: str) -> str:
        return text if self._label is None else text.replace(f"{self._folder}/", f"{self._label}: ")
