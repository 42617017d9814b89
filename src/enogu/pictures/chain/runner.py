"""Takes all pictures through the chain: only what is needed, in parallel, within bounds.

Each picture is decoded once however many steps look at it. What is done is kept at once, so that a
stop, a crash or a full disk costs at most the last second, and the next run goes on.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, overload

from enogu.pictures.chain.holds import Known, anything_to_do
from enogu.pictures.chain.pool import BYTES_PER_PIXEL, Bounds, memory_of_file, run_all
from enogu.pictures.chain.step import PictureStep
from enogu.pictures.chain.worker import ChainWorker, Done, Loader, Task
from enogu.pictures.records import Decisions, FileEntry, ListedFiles, Records

Progress = Callable[[int, int, str], None]
"""Called with how many pictures are done, how many there are to do, and the name of the last."""

_KEEP_EVERY_S: Final = 0.5
_ID_BYTES: Final = 32
"""Of a SHA-256."""


@dataclass(frozen=True, kw_only=True)
class ChainRun:
    """What a run of the chain did."""

    outcome: Literal["finished", "stopped"]
    looked_at: int
    """Pictures that a step ran on, or that were decoded."""
    unchanged: int
    """Pictures on which nothing had to be done."""
    refused: tuple[tuple[str, str], ...]
    """Names with the reason, by name."""


def run_chain(
    root: Path,
    entries: Iterable[FileEntry],
    steps: Sequence[PictureStep],
    records: Records,
    decisions: Decisions,
    *,
    loader: Loader,
    again: frozenset[str] = frozenset(),
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> ChainRun:
    """Take pictures through the chain.

    Args:
        root: The project.
        entries: Its picture files, which the records know; memory grows with their number only
            where they are not :class:`ListedFiles`.
        steps: In their order; the needs of each stand before it.
        records: Where results are kept.
        decisions: What the person decided.
        loader: How files are decoded.
        again: Steps that run whether or not their result holds.
        bounds: How much of the machine to take; by default all cores and half the free memory.
        progress: Called after each picture.
        stop: Asked after each picture; what is under way is still finished and kept.

    Raises:
        StorageError: The disk is full; what was done is kept.
        RunError: A process was ended from outside, mostly for lack of memory.
    """
    check_order(steps)
    first = entries.first_of_each() if isinstance(entries, ListedFiles) else _first_of_each(entries)
    due, unchanged = bytearray(), 0
    for entry in first:
        if _is_due(entry.picture_id, steps, records, decisions, loader, again):
            due += bytes.fromhex(entry.picture_id)
        else:
            unchanged += 1
    keeper = _Keeper(records)
    tasks = _Tasks(
        due, lambda picture_id: _task(root, picture_id, records, decisions, loader, again)
    )
    worker = ChainWorker(steps, loader, records.derived.folder)
    done = 0
    outcome: Literal["finished", "stopped"] = "finished"
    try:
        for _, result in run_all(
            tasks,
            worker,
            bounds=bounds or Bounds(),
            memory_need=_memory_need,
            stop=stop,
        ):
            keeper.take(result)
            done += 1
            if progress is not None:
                progress(done, len(tasks), result.relative)
        if done < len(tasks):
            outcome = "stopped"
    finally:
        keeper.keep()
    return ChainRun(
        outcome=outcome,
        looked_at=done,
        unchanged=unchanged,
        refused=tuple(sorted(keeper.refused.items())),
    )


class _Tasks(Sequence[Task]):
    """What is to be done, made when it is asked for.

    Args:
        packed: The ids of the pictures, 32 bytes each.
        make: Makes the task of a picture.
    """

    def __init__(self, packed: bytearray, make: Callable[[str], Task]) -> None:
        self._packed = packed
        self._make = make

    def __len__(self) -> int:
        return len(self._packed) // _ID_BYTES

    @overload
    def __getitem__(self, place: int) -> Task: ...

    @overload
    def __getitem__(self, place: slice) -> list[Task]: ...

    def __getitem__(self, place: int | slice) -> Task | list[Task]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        start = range(0, len(self._packed), _ID_BYTES)[place]
        return self._make(self._packed[start : start + _ID_BYTES].hex())


def _first_of_each(entries: Iterable[FileEntry]) -> Iterable[FileEntry]:
    return {entry.picture_id: entry for entry in reversed(list(entries))}.values()


def check_order(steps: Sequence[PictureStep]) -> None:
    """Make sure that the needs of each step stand before it.

    Raises:
        ValueError: They do not, or a name is there twice.
    """
    seen: set[str] = set()
    for step in steps:
        missing = [name for name in step.needs if name not in seen]
        if missing or step.name in seen:
            raise ValueError(f"step {step.name!r}: needs {missing} before it, or is there twice")
        seen.add(step.name)


def _known(
    picture_id: str,
    records: Records,
    decisions: Decisions,
    loader: Loader,
    again: frozenset[str],
) -> Known:
    results = records.results(picture_id)
    return Known(
        picture_id=picture_id,
        loader=loader.digest,
        results=results,
        decisions=decisions.of_picture(picture_id),
        again=again,
    )


def _is_due(
    picture_id: str,
    steps: Sequence[PictureStep],
    records: Records,
    decisions: Decisions,
    loader: Loader,
    again: frozenset[str],
) -> bool:
    facts = records.facts(picture_id)
    if facts is None or facts.loader != loader.digest:
        return True
    known = _known(picture_id, records, decisions, loader, again)
    return anything_to_do(steps, known, records.derived)


def _task(
    root: Path,
    picture_id: str,
    records: Records,
    decisions: Decisions,
    loader: Loader,
    again: frozenset[str],
) -> Task:
    relative = records.files_of(picture_id)[0].relative
    return Task(
        path=root / relative,
        relative=relative,
        known=_known(picture_id, records, decisions, loader, again),
        facts=records.facts(picture_id),
    )


class _Keeper:
    """Writes what comes in to the records, a little at a time."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._waiting: list[Done] = []
        self._last = time.monotonic()
        self.refused: dict[str, str] = {}

    def take(self, done: Done) -> None:
        self._waiting.append(done)
        if done.refusal is not None:
            for entry in self._records.files_of(done.picture_id):
                self.refused[entry.relative] = done.refusal
        if time.monotonic() - self._last >= _KEEP_EVERY_S:
            self.keep()

    def keep(self) -> None:
        if self._waiting:
            with self._records.changing():
                for done in self._waiting:
                    self._write(done)
        self._waiting.clear()
        self._last = time.monotonic()

    def _write(self, done: Done) -> None:
        if done.facts is not None:
            self._records.put_facts(done.facts)
        for result in done.results:
            self._records.put_result(result)
        for entry in self._records.files_of(done.picture_id):
            if entry.refusal != done.refusal:
                self._records.put_file(replace(entry, refusal=done.refusal))


def _memory_need(task: Task) -> int:
    if task.facts is not None:
        return task.facts.width * task.facts.height * BYTES_PER_PIXEL
    return memory_of_file(task.path)
