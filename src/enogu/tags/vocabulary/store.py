"""Changing a vocabulary: importing, taking an import back, building anew.

Every change goes the same way: under the lock, the rows are written to the sources file; from it a
whole new vocabulary is built beside the old one; then the new file takes the old one's place.
Readers see the old file or the new one. A process that dies leaves the old file, and the next
change notices that it is behind.
"""

import contextlib
import itertools
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from enogu.errors import BusyError, VocabularyError
from enogu.files import atomic_path, make_dirs, sha256_file
from enogu.tags.vocabulary.build import build_vocabulary
from enogu.tags.vocabulary.claims import write_claims
from enogu.tags.vocabulary.fingerprint import fingerprint_entries
from enogu.tags.vocabulary.importing.detect import Content, Format, detect_format
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.read import read_claims
from enogu.tags.vocabulary.opening import open_file, readable_file
from enogu.tags.vocabulary.places import VocabularyPlace, user_vocabulary_path
from enogu.tags.vocabulary.sources import (
    PENDING,
    Source,
    add_source,
    delete_batch,
    finish_source,
    get_meta,
    list_sources,
    next_batch,
    open_sources,
    refresh_embedded,
    set_meta,
    transaction,
)
from enogu.tags.vocabulary.usage import carry_usage

_WAIT_S: Final = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """One decision of the conflict rule."""

    kind: str
    """``alias is a tag``, ``alias claimed twice`` or ``implication in a cycle``."""
    text: str
    """The alias, or the child of the implication."""
    kept: str
    """The tag that has the name now; empty where something was cut."""
    lost: str
    """The tag that does not have it, or the parent that was cut off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileReport:
    """What one file brought."""

    path: Path
    format: Format | None
    """None when the file was left out."""
    rows: int = 0
    """Rows that were understood."""
    problems: Problems = field(default_factory=Problems)
    """Rows that were not."""
    skipped: str = ""
    """Why the file was left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What an import did."""

    path: Path
    """The vocabulary file."""
    files: tuple[FileReport, ...]
    num_tags: int
    """Tags in the vocabulary now."""
    conflicts: tuple[Conflict, ...]
    """Decisions of the conflict rule, the first 1000."""
    num_conflicts: int
    waiting: int
    """Names and relations of tags that no source knows yet."""


class VocabularyStore:
    """The writing side of one vocabulary.

    Args:
        path: The vocabulary file; None for the person's own.
        wait_s: How long to wait for another process that changes the same vocabulary.
    """

    def __init__(self, path: Path | None = None, *, wait_s: float = _WAIT_S) -> None:
        self.place = VocabularyPlace(path or user_vocabulary_path())
        self._wait_s = wait_s

    def import_files(
        self,
        paths: Sequence[Path],
        *,
        content: Content | None = None,
        site: str = "",
        licence: str = "",
    ) -> ImportReport:
        """Import tag files and build the vocabulary anew.

        Args:
            paths: Files of any known format.
            content: What they hold, where the content must not decide.
            site: The site of their tags; empty to take it from each file's name.
            licence: The licence of their data, kept with each source.

        Returns:
            Rows, broken rows and conflicts. A file that was imported before is left out.

        Raises:
            VocabularyError: A file is unreadable or of no known form; nothing is imported then.
            BusyError: Another process changes this vocabulary.
            StorageError: The place cannot be written.
        """
        forms = [(path, detect_format(path, content=content, site=site)) for path in paths]
        with self._changing() as sources:
            batch = next_batch(sources)
            reports: list[FileReport] = []
            try:
                for path, form in forms:
                    with transaction(sources):
                        reports.append(_import_file(sources, path, form, batch, licence))
                self._rebuild(sources)
            except BaseException:
                # An import is whole or not at all.
                delete_batch(sources, batch)
                set_meta(sources, PENDING, "")
                raise
            return self._report(sources, reports)

    def undo(self, batch: int | None = None) -> tuple[Source, ...]:
        """Take an import back and build the vocabulary anew.

        Args:
            batch: The number of the import; None for the last one.

        Returns:
            The sources that were taken out.

        Raises:
            VocabularyError: There is no such import.
            BusyError: Another process changes this vocabulary.
        """
        with self._changing() as sources:
            known = list_sources(sources)
            numbers = sorted({source.batch for source in known if source.batch})
            if not numbers or (batch is not None and batch not in numbers):
                have = ", ".join(map(str, numbers)) or "none"
                raise VocabularyError(
                    f"there is no import {batch if batch is not None else ''} to take back in "
                    f"{self.place.path}; the imports are: {have}",
                    hint="enogu tags sources   lists them",
                )
            chosen = numbers[-1] if batch is None else batch
            delete_batch(sources, chosen)
            self._rebuild(sources)
            return tuple(source for source in known if source.batch == chosen)

    def sources(self) -> tuple[Source, ...]:
        """Return what the vocabulary is made of, the embedded words first.

        Raises:
            VocabularyError: The file is not a vocabulary.
        """
        with closing(open_file(readable_file(self.place.path))) as built:
            return list_sources(built)

    def rebuild(self) -> None:
        """Build the vocabulary anew from its sources, also when there are none but our own words.

        Raises:
            BusyError: Another process changes this vocabulary.
            StorageError: The place cannot be written.
        """
        with self._changing() as sources:
            self._rebuild(sources)

    @contextlib.contextmanager
    def _lock(self) -> Generator[None]:
        make_dirs(self.place.path.parent)
        lock = FileLock(self.place.lock)
        try:
            lock.acquire(timeout=self._wait_s)
        except Timeout as error:
            raise BusyError(
                f"another process has been changing {self.place.path} for more than "
                f"{self._wait_s:.0f} s",
                hint="Wait until it is done, then run the same command again.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _changing(self) -> Generator[sqlite3.Connection]:
        with self._lock(), open_sources(self.place.sources) as sources:
            self.place.remove_unfinished()
            pending = get_meta(sources, PENDING)
            if pending:
                # A process died before it had swapped: its import is taken out again.
                delete_batch(sources, int(pending))
                self._rebuild(sources)
            refresh_embedded(sources)
            yield sources

    def _rebuild(self, sources: sqlite3.Connection) -> None:
        swap = FileLock(self.place.swap_lock)
        try:
            with atomic_path(self.place.path) as temporary:
                build_vocabulary(sources, temporary, fingerprint_entries())
                # From here to the renaming nobody may write own use to the old file.
                swap.acquire()
                carry_usage(self.place.path, temporary)
        finally:
            swap.release()
        set_meta(sources, PENDING, "")

    def _report(self, sources: sqlite3.Connection, files: Sequence[FileReport]) -> ImportReport:
        with closing(sqlite3.connect(self.place.path)) as built:
            (num_tags,) = built.execute("SELECT count(*) FROM tags").fetchone()
            (num_conflicts,) = built.execute("SELECT count(*) FROM conflicts").fetchone()
            (waiting,) = built.execute("SELECT value FROM meta WHERE key = 'waiting'").fetchone()
            rows = built.execute("SELECT kind, text, kept, lost FROM conflicts LIMIT 1000")
            conflicts = tuple(
                Conflict(kind=kind, text=text, kept=kept, lost=lost)
                for kind, text, kept, lost in rows
            )
        return ImportReport(
            path=self.place.path,
            files=tuple(files),
            num_tags=num_tags,
            conflicts=conflicts,
            num_conflicts=num_conflicts,
            waiting=int(waiting),
        )


def _import_file(
    sources: sqlite3.Connection, path: Path, form: Format, batch: int, licence: str
) -> FileReport:
    """Write what one file says as a new source, inside a transaction."""
    digest = sha256_file(path)
    row = sources.execute("SELECT name, batch FROM sources WHERE sha256 = ?", (digest,)).fetchone()
    if row:
        return FileReport(
            path=path,
            format=None,
            skipped=f"the same file was imported before, as {row[0]} in import {row[1]}",
        )
    problems = Problems()
    rows = itertools.count()
    source_id = add_source(
        sources, name=path.name, kind=form.title, licence=licence, sha256=digest, batch=batch
    )
    write_claims(sources, source_id, read_claims(path, form, problems, lambda: next(rows)))
    num_rows = next(rows)
    finish_source(sources, source_id, rows=num_rows, broken=problems.count)
    return FileReport(path=path, format=form, rows=num_rows, problems=problems)
