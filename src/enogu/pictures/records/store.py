"""The records of a project's pictures: facts, results of steps, regions, tags."""

import contextlib
import json
from collections.abc import (
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from pathlib import Path
from typing import Any

from enogu.files import storage_errors
from enogu.pictures.box import Box
from enogu.pictures.records.database import RECORDS_NAME, database_errors, open_database
from enogu.pictures.records.derived import DerivedFiles
from enogu.pictures.records.model import (
    FileEntry,
    JsonValue,
    PictureFacts,
    Region,
    ScoredTag,
    StepResult,
)

_FACTS = "id, pixels_id, loader, format, width, height, orientation, profile, has_alpha, prompt"
_RESULT = "picture_id, step, version, settings, inputs, verdict, detail, files"


class Records:
    """The records of one project; use as a context manager.

    Only one process writes at a time (the project's lock sees to it); others may read.

    Args:
        folder: The ``work`` folder of the project.

    Raises:
        StorageError: The place cannot be written.
        BusyError: Another program holds the file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / RECORDS_NAME
        self.derived = DerivedFiles(folder / "derived")
        self._connection, self.notes = open_database(folder)

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def changing(self) -> Generator[None]:
        """Write everything in the block, or nothing of it.

        Raises:
            StorageError: The disk is full.
            BusyError: Another program holds the file.
        """
        with storage_errors(self.path), database_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def files(self) -> Iterator[FileEntry]:
        """Yield every known file of the project, by name."""
        for row in self.rows("SELECT * FROM files ORDER BY relative"):
            yield FileEntry.of_row(row)

    def files_named(self, relatives: Sequence[str]) -> dict[str, FileEntry]:
        """Return those of some files that are known, by name."""
        marks = ", ".join("?" * len(relatives))
        rows = self.rows(f"SELECT * FROM files WHERE relative IN ({marks})", *relatives)
        return {row[0]: FileEntry.of_row(row) for row in rows}

    def files_of(self, picture_id: str) -> list[FileEntry]:
        """Return the files that hold a picture, by name."""
        rows = self.rows("SELECT * FROM files WHERE picture_id = ? ORDER BY relative", picture_id)
        return [FileEntry.of_row(row) for row in rows]

    def put_file(self, entry: FileEntry) -> None:
        """Keep or replace what is known of a file; call inside :meth:`changing`."""
        self._connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            (
                entry.relative,
                entry.picture_id,
                entry.num_bytes,
                entry.modified_ns,
                entry.refusal,
            ),
        )

    @contextlib.contextmanager
    def only(self) -> Generator[Callable[[Iterable[str]], None]]:
        """Forget all files but those that are told in the block, if it ends well.

        Pictures that no file holds any more are forgotten with them. The names are kept in a
        temporary file, so that memory does not grow with their number.

        Yields:
            A function that takes names of files that are there.
        """
        with storage_errors(self.path), database_errors(self.path):
            self._connection.execute("DROP TABLE IF EXISTS temp.there")
            self._connection.execute(
                "CREATE TEMP TABLE there (relative TEXT PRIMARY KEY) WITHOUT ROWID"
            )

        def tell(relatives: Iterable[str]) -> None:
            with storage_errors(self.path), database_errors(self.path):
                self._connection.execute("SAVEPOINT there")
                self._connection.executemany(
                    "INSERT OR IGNORE INTO temp.there VALUES (?)",
                    ((relative,) for relative in relatives),
                )
                self._connection.execute("RELEASE there")

        yield tell
        gone = "relative NOT IN (SELECT relative FROM temp.there)"
        if any(True for _ in self.rows(f"SELECT 1 FROM files WHERE {gone} LIMIT 1")):
            with self.changing():
                self._connection.execute(f"DELETE FROM files WHERE {gone}")
                lost = "NOT IN (SELECT picture_id FROM files)"
                self._connection.execute(f"DELETE FROM results WHERE picture_id {lost}")
                self._connection.execute(f"DELETE FROM pictures WHERE id {lost}")
        self._connection.execute("DROP TABLE temp.there")

    def facts(self, picture_id: str) -> PictureFacts | None:
        """Return what is known of a picture."""
        row = next(
            self.rows(f"SELECT {_FACTS}, notes FROM pictures WHERE id = ?", picture_id), None
        )
        if row is None:
            return None
        return PictureFacts(
            id=row[0],
            pixels_id=row[1],
            loader=row[2],
            format=row[3],
            width=row[4],
            height=row[5],
            orientation=row[6],
            profile=row[7],
            has_alpha=bool(row[8]),
            prompt=row[9],
            notes=tuple(json.loads(row[10])),
        )

    def put_facts(self, facts: PictureFacts) -> None:
        """Keep or replace what is known of a picture; call inside :meth:`changing`."""
        self._connection.execute(
            f"INSERT OR REPLACE INTO pictures ({_FACTS}, notes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                facts.id,
                facts.pixels_id,
                facts.loader,
                facts.format,
                facts.width,
                facts.height,
                facts.orientation,
                facts.profile,
                facts.has_alpha,
                facts.prompt,
                json.dumps(facts.notes, ensure_ascii=False),
            ),
        )

    def results(self, picture_id: str) -> dict[str, StepResult]:
        """Return what the steps found in one picture, by step."""
        rows = self.rows(f"SELECT {_RESULT} FROM results WHERE picture_id = ?", picture_id)
        return {row[1]: self._result(row) for row in rows}

    def result(self, picture_id: str, step: str) -> StepResult | None:
        """Return what one step found in one picture, if it ran."""
        row = next(
            self.rows(
                f"SELECT {_RESULT} FROM results WHERE picture_id = ? AND step = ?",
                picture_id,
                step,
            ),
            None,
        )
        return None if row is None else self._result(row)

    def results_of(self, step: str) -> Iterator[StepResult]:
        """Yield what one step found, by picture id; memory does not grow with their number."""
        for row in self.rows(
            f"SELECT {_RESULT} FROM results WHERE step = ? ORDER BY picture_id", step
        ):
            yield self._result(row)

    def with_verdicts(self, verdicts: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """Yield picture, step and verdict of results with one of some verdicts, in one query."""
        marks = ", ".join("?" * len(verdicts))
        yield from self.rows(
            f"SELECT picture_id, step, verdict FROM results WHERE verdict IN ({marks}) "
            "ORDER BY picture_id, step",
            *verdicts,
        )

    def values_of(self, prefix: str, name: str) -> Iterator[tuple[str, JsonValue]]:
        """Yield one value of each result of the steps whose name begins so, in one query.

        Args:
            prefix: The beginning of the name of the step.
            name: The name of the value, a simple word; results without it are left out.
        """
        yield from self.rows(
            "SELECT picture_id, json_extract(detail, ?) AS value FROM results "
            "WHERE substr(step, 1, ?) = ? AND value IS NOT NULL",
            f"$.{name}",
            len(prefix),
            prefix,
        )

    def put_result(self, result: StepResult) -> None:
        """Keep or replace what a step found; call inside :meth:`changing`."""
        self._connection.execute(
            "DELETE FROM results WHERE picture_id = ? AND step = ?",
            (result.picture_id, result.step),
        )
        self._connection.execute(
            f"INSERT INTO results ({_RESULT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                result.picture_id,
                result.step,
                result.version,
                result.settings,
                result.inputs,
                result.verdict,
                _to_json(result.values),
                _to_json(result.files),
            ),
        )
        self._connection.executemany(
            "INSERT INTO regions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (result.picture_id, result.step, place, region.kind, *region.box, region.score)
                for place, region in enumerate(result.regions)
            ),
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?, ?)",
            (
                (result.picture_id, result.step, tag.tag, tag.source, tag.category, tag.score)
                for tag in result.tags
            ),
        )

    def remove_results(self, step: str, picture_ids: Iterable[str] | None = None) -> int:
        """Forget what a step found, in the given pictures or in all; return in how many."""
        if picture_ids is None:
            return self._connection.execute("DELETE FROM results WHERE step = ?", (step,)).rowcount
        return sum(
            self._connection.execute(
                "DELETE FROM results WHERE step = ? AND picture_id = ?", (step, picture_id)
            ).rowcount
            for picture_id in picture_ids
        )

    def verdicts(self, step: str) -> dict[str, int]:
        """Count the verdicts of a step, most frequent first."""
        return dict(
            self.rows(
                "SELECT verdict, count(*) FROM results WHERE step = ? "
                "GROUP BY verdict ORDER BY count(*) DESC, verdict",
                step,
            )
        )

    def derived_keys(self) -> set[str]:
        """Return the keys of all derived files that a result names."""
        return {key for row in self.rows("SELECT files FROM results") for key in _values(row[0])}

    def _result(self, row: tuple[Any, ...]) -> StepResult:
        picture_id, step, version, settings, inputs, verdict, detail, files = row
        at = (picture_id, step)
        regions = self.rows(
            "SELECT kind, box_left, box_top, box_right, box_bottom, score FROM regions "
            "WHERE picture_id = ? AND step = ? ORDER BY place",
            *at,
        )
        tags = self.rows(
            "SELECT tag, source, category, score FROM tags "
            "WHERE picture_id = ? AND step = ? ORDER BY score DESC, tag",
            *at,
        )
        return StepResult(
            picture_id=picture_id,
            step=step,
            version=version,
            settings=settings,
            inputs=inputs,
            verdict=verdict,
            values=json.loads(detail),
            files=json.loads(files),
            regions=tuple(Region(kind=r[0], box=Box(*r[1:5]), score=r[5]) for r in regions),
            tags=tuple(ScoredTag(tag=t[0], source=t[1], category=t[2], score=t[3]) for t in tags),
        )

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query over the tables of :mod:`enogu.pictures.records.schema`."""
        with storage_errors(self.path), database_errors(self.path):
            yield from self._connection.execute(query, values)


def _to_json(values: Mapping[str, object]) -> str:
    return json.dumps(dict(values), ensure_ascii=False, sort_keys=True, allow_nan=False)


def _values(text: str) -> Iterable[str]:
    return json.loads(text).values()
