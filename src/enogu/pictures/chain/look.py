"""Which picture files a project has now, against what its records say.

A file whose size and time are those of the record is not read. Others are hashed, in threads.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from enogu.files import sha256_file
from enogu.pictures.records import FileEntry, Records

_AT_ONCE: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What looking at the files of a project showed; the files themselves are in the records."""

    unreadable: tuple[tuple[str, str], ...]
    """Names with the reason."""


def look_at_files(
    root: Path, paths: Iterable[Path], records: Records, *, workers: int | None = None
) -> Look:
    """Compare files with the records, and bring the records up to date.

    Memory does not grow with the number of files.

    Args:
        root: The project; every path lies inside.
        paths: The picture files there are now, taken one after the other.
        records: Changed where files are new, changed or gone; those that cannot be opened count
            as gone.
        workers: Threads that hash; one per CPU, at most 8, by default.

    Raises:
        StorageError: The disk is full.
    """
    unreadable: dict[str, str] = {}
    with (
        records.only() as there,
        ThreadPoolExecutor(max_workers=workers or min(8, os.cpu_count() or 1)) as pool,
    ):
        for batch in _batches(paths):
            names = [path.relative_to(root).as_posix() for path in batch]
            known = records.files_named(names)
            olds = [known.get(name) for name in names]
            entries: list[FileEntry] = []
            for name, entry in zip(names, pool.map(_look, batch, names, olds), strict=True):
                if isinstance(entry, str):
                    unreadable[name] = entry
                else:
                    entries.append(entry)
            changed = [entry for entry in entries if known.get(entry.relative) is not entry]
            if changed:
                with records.changing():
                    for entry in changed:
                        records.put_file(entry)
            there(entry.relative for entry in entries)
    return Look(unreadable=tuple(unreadable.items()))


def _batches(paths: Iterable[Path]) -> Iterator[list[Path]]:
    waiting = iter(paths)
    while batch := list(islice(waiting, _AT_ONCE)):
        yield batch


def _look(path: Path, relative: str, old: FileEntry | None) -> FileEntry | str:
    """Return what is known of a file, or why it cannot be read."""
    try:
        status = path.stat()
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
