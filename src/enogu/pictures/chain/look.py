"""Which picture files a project has now, against what its records say.

A file whose size and time are those of the record is not read. Others are hashed, in threads.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from enogu.files import sha256_file
from enogu.pictures.records import FileEntry, Records


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The files of a project."""

    entries: tuple[FileEntry, ...]
    """By name; those that cannot be opened are missing."""
    unreadable: tuple[tuple[str, str], ...]
    """Names with the reason."""
    gone: int
    """How many files the records knew that are no more."""


def look_at_files(
    root: Path, paths: Sequence[Path], records: Records, *, workers: int | None = None
) -> Look:
    """Compare files with the records, and bring the records up to date.

    Args:
        root: The project; every path lies inside.
        paths: The picture files there are now.
        records: Changed where files are new, changed or gone.
        workers: Threads that hash; one per CPU, at most 8, by default.

    Raises:
        StorageError: The disk is full.
    """
    known = {entry.relative: entry for entry in records.files()}

    def look(path: Path) -> FileEntry | str:
        relative = path.relative_to(root).as_posix()
        try:
            status = path.stat()
            old = known.get(relative)
            if old is not None and (old.num_bytes, old.modified_ns) == (
                status.st_size,
                status.st_mtime_ns,
            ):
                return old
            return FileEntry(
                relative=relative,
                picture_id=sha256_file(path),
                num_bytes=status.st_size,
                modified_ns=status.st_mtime_ns,
            )
        except OSError as error:
            return f"cannot be read ({error.strerror})"

    with ThreadPoolExecutor(max_workers=workers or min(8, os.cpu_count() or 1)) as pool:
        seen = list(zip(paths, pool.map(look, paths), strict=True))
    entries = {entry.relative: entry for _, entry in seen if isinstance(entry, FileEntry)}
    gone = [relative for relative in known if relative not in entries]
    with records.changing():
        for entry in entries.values():
            if known.get(entry.relative) is not entry:
                records.put_file(entry)
        if gone:
            records.forget_files(gone)
    return Look(
        entries=tuple(entries[relative] for relative in sorted(entries)),
        unreadable=tuple(
            (path.relative_to(root).as_posix(), reason)
            for path, reason in seen
            if isinstance(reason, str)
        ),
        gone=len(gone),
    )
