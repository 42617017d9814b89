"""The picture files of a folder as the records know them, read when they are asked for.

A project may hold more pictures than one wants to keep in memory, so this is no list but looks like
one. What it shows changes with the records.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, overload

from enogu.pictures.records.model import FileEntry
from enogu.pictures.records.store import Records

_PAGE: Final = 256


class ListedFiles(Sequence[FileEntry]):
    """Picture files by name.

    Args:
        records: Where they are known.
        folder: The folder they lie in, relative to the project; empty for all of it.
        without: A folder inside of it whose files do not count.
    """

    def __init__(self, records: Records, folder: str = "", without: str | None = None) -> None:
        self._records = records
        self._where, self._values = _condition(folder, without)

    def __len__(self) -> int:
        """Count the files."""
        ((count,),) = self._records.rows(
            f"SELECT count(*) FROM files WHERE {self._where}", *self._values
        )
        return count

    def __iter__(self) -> Iterator[FileEntry]:
        """Yield the files; the records may change meanwhile."""
        return self._pages(self._where)

    @overload
    def __getitem__(self, place: int) -> FileEntry: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[FileEntry, ...]: ...

    def __getitem__(self, place: int | slice) -> FileEntry | tuple[FileEntry, ...]:
        """Return one file, or some; the further behind, the longer it takes."""
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step < 0:
                raise ValueError(f"a step of {place.step} is not possible; files go forward")
            return tuple(islice(self, start, stop, step))
        wanted = place if place >= 0 else place + len(self)
        found = next(islice(self, wanted, None), None) if wanted >= 0 else None
        if found is None:
            raise IndexError(f"there is no file number {place}, only {len(self)} files")
        return found

    def of_picture(self, picture_id: str) -> list[FileEntry]:
        """Return those of the files that hold a picture, by name."""
        rows = self._records.rows(
            f"SELECT * FROM files WHERE picture_id = ? AND {self._where} ORDER BY relative",
            picture_id,
            *self._values,
        )
        return [FileEntry.of_row(row) for row in rows]

    def first_of_each(self) -> Iterator[FileEntry]:
        """Yield the first file of every picture; copies of the same bytes are left out."""
        earlier = "SELECT 1 FROM files AS twin WHERE twin.picture_id = files.picture_id"
        where = self._where.replace("relative", "twin.relative")
        return self._pages(
            f"{self._where} AND NOT EXISTS "
            f"({earlier} AND twin.relative < files.relative AND {where})",
            repeat=2,
        )

    def _pages(self, where: str, repeat: int = 1) -> Iterator[FileEntry]:
        last = ""
        while True:
            # In pages, because a query that is still open must not meet changes of its table.
            page = list(
                self._records.rows(
                    f"SELECT * FROM files WHERE relative > ? AND {where} "
                    f"ORDER BY relative LIMIT {_PAGE}",
                    last,
                    *self._values * repeat,
                )
            )
            yield from (FileEntry.of_row(row) for row in page)
            if len(page) < _PAGE:
                return
            last = page[-1][0]


def _condition(folder: str, without: str | None) -> tuple[str, tuple[str, ...]]:
    """Return what SQL asks of the names in a folder, with its values."""
    parts, values = ["TRUE"], list[str]()
    if folder:
        # "0" is the character behind "/".
        parts.append("relative > ? AND relative < ?")
        values += [f"{folder}/", f"{folder}0"]
    if without is not None:
        parts.append("NOT (relative > ? AND relative < ?)")
        values += [f"{without}/", f"{without}0"]
    return " AND ".join(parts), tuple(values)
