"""From a folder to the pictures that can be trained, and those that cannot, and why.

Sub-folders are read too; hidden files and folders are not, nor are links that lead out of the
folder. One bad file never stops the rest.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from enogu.errors import CaptionError, PictureError
from enogu.files import sha256_file
from enogu.pictures.box import Box
from enogu.pictures.folders import folder_meaning
from enogu.pictures.foreign import foreign_reason
from enogu.pictures.listing import MASK_ENDING, Listing, Refused, list_files
from enogu.pictures.read import DEFAULT_MAX_MEGAPIXELS, PictureHeader, read_header
from enogu.pictures.sniff import PICTURE_SUFFIXES
from enogu.tags.sidecar import CaptionText, StemKey, captions_by_stem, read_caption, stem_key

_SMALLEST_SIDE_PX: Final = 16
_SMALL_SIDE_PX: Final = 64
_LONG_RATIO: Final = 4.0
_NAMES_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureRecord:
    """A picture that can be trained, and what is known of it."""

    id: str
    """SHA-256 of the file's bytes."""
    path: Path
    """Absolute."""
    relative: str
    """Path inside the scanned folder, with forward slashes."""
    width: int
    """Pixels, after turning upright."""
    height: int
    """Pixels, after turning upright."""
    format: str
    has_alpha: bool
    """Whether it can have transparent parts; certain only with `verify`."""
    caption: str | None
    """Raw text of its caption file; None where there is none, empty where that is empty."""
    caption_path: Path | None
    caption_encoding: str | None
    prompt: str | None
    """The prompt a program left in the file; not used unless a person makes it the caption."""
    mask_path: Path | None
    """Its loss mask ``name-masklabel.png``, if any."""
    repeats: int
    class_words: str | None
    """From a folder named ``10_class words``; meant for pictures without a caption file."""
    is_reg: bool
    """Whether it is a regularisation picture."""
    notes: tuple[str, ...]
    """What was repaired or is odd, in plain words."""
    derived_path: Path | None = None
    """A changed picture, as large as the original, that is read in its place."""
    crop: Box | None = None
    """The part that counts; `width` and `height` are then those of the part."""
    keep: tuple[Box, ...] = ()
    """Parts that a further crop must keep, most important first, in pixels of the part."""
    region_kinds: tuple[str, ...] = ()
    """What was found or drawn in it, such as ``face``."""
    part: str = ""
    """What an extra sample shows, such as ``face``; empty for the picture itself."""

    @property
    def pixels_path(self) -> Path:
        """The file whose pixels count."""
        return self.derived_path or self.path

    @property
    def changes(self) -> dict[str, object]:
        """What preparing changed of the pixels, for keys; empty for a picture as it came."""
        found: dict[str, object] = {}
        if self.derived_path is not None:
            # Derived files are named by their content.
            found["derived"] = self.derived_path.stem
        if self.crop is not None:
            found["part"] = [*self.crop]
        return found

    @property
    def name(self) -> str:
        """How reports and sheets call it: the relative path, with the part where it is one."""
        return f"{self.relative} ({self.part})" if self.part else self.relative


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """What a folder holds."""

    folder: Path
    records: tuple[PictureRecord, ...]
    """Sorted by relative path."""
    refused: tuple[Refused, ...]
    """Sorted by path."""
    orphan_captions: tuple[Path, ...]
    """Caption files without a picture of the same name."""
    warnings: tuple[str, ...]
    """In plain words, for the person who runs the scan."""


def scan_pictures(
    folder: Path,
    *,
    is_reg: bool = False,
    recursive: bool = True,
    leave_out: Path | None = None,
    verify: bool = False,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    workers: int | None = None,
) -> Scan:
    """Find the pictures of a folder with their captions.

    Args:
        folder: Plain, or with sub-folders named ``10_class words``.
        is_reg: Mark the records as regularisation pictures.
        recursive: Read sub-folders too.
        leave_out: A folder inside `folder` that is not read, such as that of the regularisation
            pictures.
        verify: Decode every picture, to find damage anywhere in it; slow. Otherwise only a
            missing end is found.
        max_megapixels: Larger pictures are refused.
        workers: Threads that read and hash; one per CPU, at most 8, by default.

    Returns:
        Records, and what was refused with the reasons.

    Raises:
        PictureError: The folder is missing, or holds no picture that can be read.
    """
    folder = _checked_folder(folder)
    leave_out = None if leave_out is None else leave_out.absolute()
    listing = list_files(folder, recursive=recursive, leave_out=leave_out)
    found = _read_all(listing.pictures, max_megapixels, verify=verify, workers=workers)
    captions, warnings = captions_by_stem(listing.captions)
    masks = {stem_key(path, path.stem[: -len(MASK_ENDING)]): path for path in listing.masks}
    refused = list(listing.refused)
    refused += [
        Refused(path=path, reason="; ".join(foreign_reason(path))) for path in listing.foreign
    ]
    records: list[PictureRecord] = []
    for path, picture in _usable(listing.pictures, found, refused):
        key = stem_key(path)
        try:
            record = _record(folder, path, picture, captions.get(key), masks.get(key), is_reg)
        except CaptionError as error:
            reason = " ".join(filter(None, (f"{error.message}.", error.hint)))
            refused.append(Refused(path=path, reason=f"its caption is unusable: {reason}"))
        else:
            records.append(record)
    if not records:
        raise _nothing_found(folder, listing, refused, recursive=recursive)
    with_picture = {stem_key(path) for path in listing.pictures}
    orphans = [path for path in listing.captions if stem_key(path) not in with_picture]
    lost_masks = [path for key, path in masks.items() if key not in with_picture]
    return Scan(
        folder=folder,
        records=tuple(sorted(records, key=lambda record: record.relative)),
        refused=tuple(sorted(refused, key=lambda item: str(item.path))),
        orphan_captions=tuple(orphans),
        warnings=(
            *listing.warnings,
            *warnings,
            *_folder_warnings(folder, records),
            *_orphan_warnings(orphans, lost_masks),
            *_note_warnings(records),
        ),
    )


def _checked_folder(folder: Path) -> Path:
    if folder.is_dir():
        return folder.absolute()
    if folder.exists():
        raise PictureError(
            f"{folder}: is a file, and a folder with pictures is needed",
            hint=f"Give the folder it lies in: {folder.absolute().parent}",
        )
    nearest = next(parent for parent in folder.absolute().parents if parent.exists())
    raise PictureError(
        f"{folder}: there is no such folder",
        hint=f"The path is right up to {nearest}. Check the spelling, or create the folder and "
        "put pictures into it.",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    id: str
    header: PictureHeader


def _read_all(
    paths: Sequence[Path], max_megapixels: float, *, verify: bool, workers: int | None
) -> list[_Found | str]:
    with ThreadPoolExecutor(max_workers=workers or min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda path: _read(path, max_megapixels, verify=verify), paths))


def _read(path: Path, max_megapixels: float, *, verify: bool) -> _Found | str:
    """Return header and hash of a picture, or the reason why it cannot be used."""
    try:
        header = read_header(path, max_megapixels=max_megapixels, verify=verify)
        digest = sha256_file(path)
    except PictureError as error:
        return error.message.removeprefix(f"{path}: ")
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return too_small(header.width, header.height) or _Found(id=digest, header=header)


def too_small(width: int, height: int) -> str | None:
    """Return why a picture of this size, in pixels, cannot be used; None when it can."""
    if min(width, height) >= _SMALLEST_SIDE_PX:
        return None
    return (
        f"is only {width}x{height} pixels; there is nothing to learn from below {_SMALLEST_SIDE_PX}"
    )


def shape_notes(width: int, height: int) -> list[str]:
    """Return what is odd about a size in pixels, in plain words."""
    notes: list[str] = []
    short, long = sorted((width, height))
    if short < _SMALL_SIDE_PX:
        notes.append(f"is small: its short side has less than {_SMALL_SIDE_PX} pixels")
    if long > _LONG_RATIO * short:
        notes.append(f"is very long: one side is more than {_LONG_RATIO:g} times the other")
    return notes


def _usable(
    paths: Sequence[Path], found: Sequence[_Found | str], refused: list[Refused]
) -> Iterable[tuple[Path, _Found]]:
    """Yield what can be used; append the rest to `refused` with its reason."""
    first_of_stem: dict[StemKey, Path] = {}
    for path, picture in zip(paths, found, strict=True):
        if isinstance(picture, str):
            refused.append(Refused(path=path, reason=picture))
            continue
        first = first_of_stem.setdefault(stem_key(path), path)
        if first is path:
            yield path, picture
        else:
            reason = (
                f"has the same name as {first.name} but for the ending, so both would share one "
                "caption; rename it (and its caption) to use it too"
            )
            refused.append(Refused(path=path, reason=reason))


def _record(
    folder: Path,
    path: Path,
    picture: _Found,
    caption_path: Path | None,
    mask_path: Path | None,
    is_reg: bool,
) -> PictureRecord:
    caption = None if caption_path is None else read_caption(caption_path)
    inside = path.relative_to(folder)
    meaning = folder_meaning(inside.parent)
    header = picture.header
    return PictureRecord(
        id=picture.id,
        path=path,
        relative=inside.as_posix(),
        width=header.width,
        height=header.height,
        format=header.format,
        has_alpha=header.has_alpha,
        caption=None if caption is None else caption.text,
        caption_path=caption_path,
        caption_encoding=None if caption is None else caption.encoding,
        prompt=header.prompt,
        mask_path=mask_path,
        repeats=meaning.repeats,
        class_words=meaning.class_words,
        is_reg=is_reg,
        notes=_notes(header, caption),
    )


def _notes(header: PictureHeader, caption: CaptionText | None) -> tuple[str, ...]:
    notes = [*header.notes, *shape_notes(header.width, header.height)]
    if caption is None and header.prompt:
        notes.append("has no caption file, but a prompt inside that could become its caption")
    return (*notes, *(caption.notes if caption else ()))


def _shown(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _note_warnings(records: Iterable[PictureRecord]) -> list[str]:
    by_note: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        for note in record.notes:
            by_note[note].append(record.relative)
    return [f"{_shown(names)}: {note}" for note, names in by_note.items()]


def _folder_warnings(folder: Path, records: Iterable[PictureRecord]) -> list[str]:
    warnings: dict[str, None] = {}
    for record in records:
        meaning = folder_meaning(PurePath(record.relative).parent)
        if meaning.warning is not None:
            warnings[meaning.warning] = None
        elif meaning.named is not None:
            words = f", class words {meaning.class_words!r}" if meaning.class_words else ""
            warnings[f"folder {meaning.named!r}: each picture {meaning.repeats} times{words}"] = (
                None
            )
    if folder_meaning(PurePath(folder.name)).named is not None:
        warnings[
            f"the folder {folder.name!r} is named like repeats and class words; that counts only "
            "for folders inside the one given, so give its parent if it is meant so"
        ] = None
    return list(warnings)


def _orphan_warnings(orphans: Sequence[Path], lost_masks: Sequence[Path]) -> list[str]:
    warnings: list[str] = []
    if orphans:
        hint = ""
        if any(PurePath(path.stem).suffix.lower() in PICTURE_SUFFIXES for path in orphans):
            hint = " (a caption is named name.txt, not name.png.txt)"
        names = _shown([path.name for path in orphans])
        counted = (
            "1 caption file has" if len(orphans) == 1 else f"{len(orphans)} caption files have"
        )
        warnings.append(f"{counted} no picture{hint}: {names}")
    if lost_masks:
        names = _shown([path.name for path in lost_masks])
        counted = "1 mask has" if len(lost_masks) == 1 else f"{len(lost_masks)} masks have"
        warnings.append(f"{counted} no picture: {names}")
    return warnings


def _nothing_found(
    folder: Path, listing: Listing, refused: Sequence[Refused], *, recursive: bool
) -> PictureError:
    there: list[str] = []
    if refused:
        there.append(f"{len(refused)} that cannot be used")
    if listing.captions:
        there.append(f"{len(listing.captions)} caption files")
    endings = Counter(path.suffix.lower() or "no ending" for path in listing.others)
    there += [f"{count} files with {ending}" for ending, count in endings.most_common(5)]
    if listing.subfolders and not recursive:
        there.append(f"{listing.subfolders} sub-folders, which were not read")
    reasons = "".join(
        f"\n  {item.path.relative_to(folder)}: {item.reason}" for item in refused[:_NAMES_SHOWN]
    )
    return PictureError(
        f"{folder}: holds no picture that can be used; there are "
        f"{', '.join(there) if there else 'no files at all'}{reasons}",
        hint="Put drawings into it as PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF, or give the folder "
        "that holds them.",
    )
