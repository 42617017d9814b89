"""Taking pictures into a project: safe names, one caption each, and a report of what was done."""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from enogu.files import atomic_path, make_dirs, storage_errors, write_text_atomic
from enogu.pictures.chain import Bounds, Loader, Progress, look_at_files
from enogu.pictures.chain.pool import in_order, memory_of_file, run_all
from enogu.pictures.importing.fetch import Fetched, Fetcher
from enogu.pictures.importing.model import Candidate, Reading, RefusedSource
from enogu.pictures.importing.names import free_place, safe_place, stem_of
from enogu.pictures.listing import MASK_ENDING, Listing, walk_pictures
from enogu.pictures.records import FileEntry, PictureFacts, Records
from enogu.pictures.scan import shape_notes

_KEEP_EVERY = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A picture that was taken."""

    origin: str
    place: str
    """Path inside the project, with forward slashes."""
    has_caption: bool
    notes: tuple[str, ...]
    """What was repaired, converted or is odd, in plain words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlreadyThere:
    """A file whose bytes the project has already."""

    origin: str
    place: str
    """Where they are, inside the project."""


@dataclass(kw_only=True, slots=True)
class ImportReport:
    """What an import did."""

    outcome: Literal["finished", "stopped"] = "finished"
    kept: list[Kept] = field(default_factory=list[Kept])
    already: list[AlreadyThere] = field(default_factory=list[AlreadyThere])
    refused: list[RefusedSource] = field(default_factory=list[RefusedSource])
    notes: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where a project keeps what is imported."""

    root: Path
    """The project."""
    pictures: Path
    regularisation: Path | None = None


def take_pictures(
    reading: Reading,
    places: Places,
    records: Records,
    *,
    loader: Loader,
    rename: bool = False,
    use_prompts: bool = False,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> ImportReport:
    """Copy pictures with captions and masks into a project; the sources are only read.

    Running it again goes on where it stopped: what the project has already is left alone.

    Args:
        reading: What the sources hold.
        places: The folders of the project.
        records: Its records; they learn of every picture taken.
        loader: How pictures are decoded.
        rename: Take pictures that share one caption with another under new names, each with a
            copy of the caption, instead of refusing them.
        use_prompts: Make the prompt inside a picture the caption of one that has none.
        bounds: How much of the machine to take.
        progress: Called after each picture.
        stop: Asked after each picture.

    Raises:
        StorageError: The disk is full; what was taken is kept.
    """
    there = walk_pictures(places.pictures, places.regularisation, Listing())
    look_at_files(places.root, there, records)
    taker = _Taker(
        places,
        records,
        taken={stem_of(PurePosixPath(entry.relative)) for entry in records.files()},
        place_of={entry.picture_id: entry.relative for entry in records.files()},
        rename=rename,
        use_prompts=use_prompts,
    )
    report = taker.report
    report.refused += reading.refused
    report.notes += reading.notes
    candidates = reading.candidates
    incoming = _empty(records.path.parent / "incoming")
    fetcher = Fetcher(incoming, loader, frozenset(taker.place_of))
    fetched = run_all(
        candidates,
        fetcher,
        bounds=bounds or Bounds(),
        memory_need=lambda candidate: memory_of_file(candidate.path),
        stop=stop,
    )
    try:
        for done, one in enumerate(in_order(fetched), start=1):
            taker.take(one)
            if progress is not None:
                progress(done, len(candidates), one.candidate.origin)
            if done == len(candidates):
                break
        else:
            report.outcome = "stopped" if candidates else "finished"
    finally:
        taker.keep()
        shutil.rmtree(incoming, ignore_errors=True)
    _note_prompts(report, taker.unused_prompts)
    return report


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return make_dirs(folder)


def _note_prompts(report: ImportReport, unused: int) -> None:
    if unused:
        report.notes.append(
            f"{unused} pictures have no caption but hold the prompt they were made with; "
            "--use-prompts makes it their caption"
        )


class _Taker:
    """Gives every picture its place and writes it there."""

    def __init__(
        self,
        places: Places,
        records: Records,
        *,
        taken: set[str],
        place_of: dict[str, str],
        rename: bool,
        use_prompts: bool,
    ) -> None:
        self.report = ImportReport()
        self.place_of = place_of
        self.unused_prompts = 0
        self._places = places
        self._records = records
        self._taken = taken
        self._groups: dict[str, str] = {}
        """Of pictures that share a caption: the origin of the one that was taken."""
        self._rename = rename
        self._use_prompts = use_prompts
        self._waiting: list[tuple[FileEntry, PictureFacts]] = []

    def take(self, fetched: Fetched) -> None:
        candidate = fetched.candidate
        if fetched.refusal is not None:
            self._refuse(candidate, fetched.refusal)
            return
        group = candidate.shares_with or candidate.origin
        known = self.place_of.get(fetched.digest)
        if known is not None:
            self._drop(fetched)
            self._groups.setdefault(group, candidate.origin)
            self.report.already.append(AlreadyThere(origin=candidate.origin, place=known))
            return
        wanted = self._wanted_place(fetched)
        first = self._groups.get(group)
        if first is not None:
            wanted = wanted.with_name(
                f"{wanted.name.removesuffix(wanted.suffix)}-{wanted.suffix[1:]}{wanted.suffix}"
            )
            if not self._rename:
                self._drop(fetched)
                self._refuse(
                    candidate,
                    f"has the name of {Path(first).name} but for the ending, so both would share "
                    "one caption",
                    f"rename it, or add --rename to take it as {wanted.name} with a copy of the "
                    "caption",
                )
                return
        self._groups.setdefault(group, candidate.origin)
        self._write(fetched, wanted, shared=first is not None)

    def keep(self) -> None:
        """Tell the records of what was taken since the last time."""
        if not self._waiting:
            return
        with self._records.changing():
            for entry, facts in self._waiting:
                self._records.put_file(entry)
                self._records.put_facts(facts)
        self._waiting.clear()

    def _wanted_place(self, fetched: Fetched) -> PurePosixPath:
        """Return a safe place inside the project."""
        candidate = fetched.candidate
        folder = self._places.pictures
        if candidate.is_reg and self._places.regularisation is not None:
            folder = self._places.regularisation
        inside = PurePosixPath(folder.relative_to(self._places.root).as_posix())
        return inside / safe_place(candidate.place, fetched.suffix)

    def _write(self, fetched: Fetched, wanted: PurePosixPath, *, shared: bool) -> None:
        candidate = fetched.candidate
        place = free_place(wanted, self._taken)
        notes = list(fetched.notes)
        if place.name.removesuffix(place.suffix) != candidate.place.name.removesuffix(
            candidate.place.suffix
        ):
            notes.append(
                f"saved as {place.name}: its own name {_why_renamed(place, wanted, shared)}"
            )
        caption = self._caption(fetched, notes)
        target = self._places.root / place
        make_dirs(target.parent)
        # The picture comes last: one that is there has its caption and its mask.
        if caption:
            write_text_atomic(target.with_suffix(".txt"), caption + "\n")
        if candidate.mask is not None:
            mask = target.with_name(f"{target.stem}{MASK_ENDING}.png")
            with atomic_path(mask) as temporary:
                shutil.copyfile(candidate.mask, temporary)
        assert fetched.path is not None and fetched.facts is not None
        with storage_errors(target):
            os.replace(fetched.path, target)
        self._taken.add(stem_of(place))
        relative = place.as_posix()
        self.place_of[fetched.digest] = relative
        status = target.stat()
        entry = FileEntry(
            relative=relative,
            picture_id=fetched.digest,
            num_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
        )
        self._waiting.append((entry, fetched.facts))
        if len(self._waiting) >= _KEEP_EVERY:
            self.keep()
        notes += shape_notes(fetched.facts.width, fetched.facts.height)
        self.report.kept.append(
            Kept(
                origin=candidate.origin,
                place=relative,
                has_caption=bool(caption),
                notes=tuple(notes),
            )
        )

    def _caption(self, fetched: Fetched, notes: list[str]) -> str | None:
        candidate = fetched.candidate
        if candidate.caption is not None:
            if not candidate.caption:
                notes.append("its caption file is empty")
            elif candidate.caption_note:
                notes.append(f"caption taken from {candidate.caption_note}")
            return candidate.caption
        if fetched.prompt is None:
            return None
        if self._use_prompts:
            notes.append("caption taken from the prompt inside")
            return fetched.prompt
        self.unused_prompts += 1
        return None

    def _drop(self, fetched: Fetched) -> None:
        if fetched.path is not None:
            fetched.path.unlink(missing_ok=True)

    def _refuse(self, candidate: Candidate, reason: str, proposal: str = "") -> None:
        self.report.refused.append(
            RefusedSource(origin=candidate.origin, reason=reason, proposal=proposal)
        )


def _why_renamed(place: PurePosixPath, wanted: PurePosixPath, shared: bool) -> str:
    if shared:
        return "is that of another picture but for the ending"
    if place != wanted:
        return "is taken (capital letters do not tell names apart on every system)"
    return "does not work on every system"


def notes_by_text(kept: Iterable[Kept]) -> dict[str, list[str]]:
    """Return the places of pictures by what is said of them, most frequent first."""
    found: dict[str, list[str]] = {}
    for one in kept:
        for note in one.notes:
            found.setdefault(note, []).append(one.place)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))
