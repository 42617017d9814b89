"""What an edit did to caption files, kept so that it can be finished or undone.

A journal is one gzip file per edit: a head, then one line per caption file with its bytes before
and after. Its name says how far the edit has come::

    0001.pending.gz    being written; a crash leaves this, and the same edit goes on from it
    0001.done.gz       finished
    0001.undoing.gz    being taken back
    0001.undone.gz     taken back
"""

import contextlib
import gzip
import json
import re
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, cast

from enogu.errors import CaptionError
from enogu.files import hold_folder, storage_errors, write_bytes_atomic

State = Literal["pending", "done", "undoing", "undone"]

HIDDEN_PLACE: Final = PurePosixPath(".enogu/captions")
"""Where journals lie inside a folder of captions that belongs to no project."""

_VERSION: Final = 2
_NAME: Final = re.compile(r"(\d{4,})\.(pending|done|undoing|undone)\.gz")


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalHead:
    """What an edit was."""

    version: int
    date: str
    """ISO 8601, UTC."""
    request: str
    """What was asked for; the same text continues an interrupted edit."""
    titles: list[str]
    num_files: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalEntry:
    """One caption file of an edit."""

    relative: str
    """Inside the folder of captions, with forward slashes."""
    before: bytes | None
    """None for a file that the edit makes."""
    after: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """One edit that was begun."""

    path: Path
    number: int
    state: State

    def read(self) -> tuple[JournalHead, list[JournalEntry]]:
        """Return what the journal holds.

        Raises:
            CaptionError: It is damaged, or of a newer version.
        """
        try:
            with gzip.open(self.path, "rt", encoding="ascii") as handle:
                head = cast(dict[str, Any], json.loads(handle.readline()))
                if head["version"] > _VERSION:
                    raise CaptionError(
                        f"{self.path}: was written by a newer Enogu (journal version "
                        f"{head['version']}; this one reads {_VERSION})",
                        hint="Update Enogu, then run the command again.",
                    )
                entries = [_entry(json.loads(line)) for line in handle]
            read = JournalHead(**head)
        except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
            raise self._damaged(str(error)) from error
        if len(entries) != read.num_files:
            raise self._damaged(f"{len(entries)} of {read.num_files} files are in it")
        return read, entries

    def moved_to(self, state: State) -> "Journal":
        """Rename the file, so that its name tells the new state."""
        path = self.path.with_name(f"{self.number:04d}.{state}.gz")
        with storage_errors(path):
            self.path.rename(path)
        return Journal(path=path, number=self.number, state=state)

    def _damaged(self, reason: str) -> CaptionError:
        return CaptionError(
            f"{self.path}: the record of a caption edit is damaged ({reason})",
            hint="That edit cannot be undone. Move the file away to go on.",
        )


def _entry(line: tuple[str, str | None, str]) -> JournalEntry:
    relative, before, after = line
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{relative!r} leads out of the folder")
    return JournalEntry(
        relative=relative,
        before=None if before is None else before.encode("latin-1"),
        after=after.encode("latin-1"),
    )


def list_journals(place: Path) -> list[Journal]:
    """Return the journals of a folder, oldest first."""
    if not place.is_dir():
        return []
    found = [(path, match) for path in place.iterdir() if (match := _NAME.fullmatch(path.name))]
    journals = [
        Journal(path=path, number=int(match[1]), state=cast(State, match[2]))
        for path, match in found
    ]
    return sorted(journals, key=lambda journal: journal.number)


def begin_journal(place: Path, head: JournalHead, entries: Iterable[JournalEntry]) -> Journal:
    """Write down an edit before its first file is touched.

    Raises:
        StorageError: The place cannot be written.
    """
    number = max((journal.number for journal in list_journals(place)), default=0) + 1
    rows: list[object] = [asdict(head)]
    rows += [
        [
            entry.relative,
            None if entry.before is None else entry.before.decode("latin-1"),
            entry.after.decode("latin-1"),
        ]
        for entry in entries
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path = place / f"{number:04d}.pending.gz"
    write_bytes_atomic(path, gzip.compress(text.encode("ascii"), compresslevel=1, mtime=0))
    return Journal(path=path, number=number, state="pending")


@contextlib.contextmanager
def hold_journals(place: Path) -> Generator[None]:
    """Keep other processes from editing the same captions meanwhile.

    Raises:
        BusyError: Another process edits them.
        StorageError: The place cannot be written.
    """
    busy = f"another Enogu process is editing these captions (its lock is in {place})"
    with hold_folder(place, busy):
        yield
