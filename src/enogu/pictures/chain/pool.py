"""Work on many pictures in several processes, within a bound on memory, stoppable at any moment."""

import math
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import psutil

from enogu.errors import PictureError, RunError
from enogu.pictures.read import read_header

Item = TypeVar("Item")
Result = TypeVar("Result")

_WORK_PER_PROCESS: Final = 10_000_000
"""Pixels for which one more process is worth its start, which takes a second or two: so much does
the chain look at in two seconds."""

_PIXELS_PER_ITEM: Final = 30_000
"""What an item takes whatever its size, as pixels."""

_PEEKED: Final = 32
"""Items whose size is looked at to guess the work ahead."""

BYTES_PER_PIXEL: Final = 40
"""What a picture takes while it is looked at: colours, alpha, and a few working copies."""

_LEAST_MEMORY: Final = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much of the machine a run may take."""

    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    """Processes, at least 1."""
    memory_bytes: int = field(
        default_factory=lambda: max(_LEAST_MEMORY, psutil.virtual_memory().available // 2)
    )
    """Together. One picture at a time is looked at even when it alone takes more."""
    work_per_process: int = _WORK_PER_PROCESS
    """Pixels for which one more process is started, at least 1."""


def run_all(
    items: Sequence[Item],
    function: Callable[[Item], Result],
    *,
    bounds: Bounds,
    memory_need: Callable[[Item], int],
    stop: Callable[[], bool] | None = None,
) -> Iterator[tuple[int, Result]]:
    """Call a function with every item; yield each result with the number of its item.

    Args:
        items: Taken one after the other, as room becomes free; they are sent to other processes.
            Some are looked at before, to guess the work ahead.
        function: Sent to other processes once.
        bounds: How much of the machine to take.
        memory_need: Bytes that an item takes while it is worked on.
        stop: Asked before each item; what is under way is still finished and yielded.

    Raises:
        RunError: A process was ended from outside, mostly for lack of memory.
    """
    wanted = stop or (lambda: False)
    workers = min(bounds.workers, _worthwhile(items, memory_need, bounds))
    if workers <= 1:
        for number, item in enumerate(items):
            if wanted():
                return
            yield number, function(item)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start, (function,)) as pool:
        try:
            yield from _in_processes(
                pool, enumerate(items), workers, bounds.memory_bytes, memory_need, wanted
            )
        except BrokenProcessPool as error:
            raise RunError(
                "a process that looked at pictures was ended from outside, mostly for lack of "
                "memory; what was done before is kept",
                hint="Run the same command again; add --workers 1 to use less memory.",
            ) from error


def _worthwhile(items: Sequence[Item], memory_need: Callable[[Item], int], bounds: Bounds) -> int:
    """Return how many processes the work ahead is worth, judged by some of its items."""
    count = len(items)
    if bounds.workers == 1 or count == 0:
        return 1
    # Spread over all of them: pictures of one folder are often of one size.
    num_peeked = min(count, _PEEKED)
    peeked = [place * count // num_peeked for place in range(num_peeked)]
    pixels = sum(memory_need(items[place]) for place in peeked) / num_peeked / BYTES_PER_PIXEL
    work = count * (pixels + _PIXELS_PER_ITEM)
    return min(count, math.ceil(work / bounds.work_per_process))


def in_order(results: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """Yield results in the order of their items; early ones wait for those before them."""
    waiting: dict[int, Result] = {}
    due = 0
    for number, result in results:
        waiting[number] = result
        while due in waiting:
            yield waiting.pop(due)
            due += 1


def memory_of_file(path: Path) -> int:
    """Return what a picture file takes while it is looked at, from its header alone, in bytes."""
    try:
        header = read_header(path, max_megapixels=float("inf"))
    except PictureError:
        return 0
    return header.width * header.height * BYTES_PER_PIXEL


def _in_processes(
    pool: ProcessPoolExecutor,
    items: Iterator[tuple[int, Item]],
    workers: int,
    memory_bytes: int,
    memory_need: Callable[[Item], int],
    stop: Callable[[], bool],
) -> Iterator[tuple[int, Any]]:
    running: dict[Future[Any], tuple[int, int]] = {}
    waiting = next(items, None)
    while waiting is not None or running:
        while waiting is not None and not stop():
            number, item = waiting
            need = memory_need(item)
            taken = sum(bytes_ for _, bytes_ in running.values())
            # Two for each process, so that none waits; a large picture waits for the others.
            if running and (len(running) >= 2 * workers or taken + need > memory_bytes):
                break
            running[pool.submit(_call, item)] = (number, need)
            waiting = next(items, None)
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            number, _ = running.pop(future)
            yield number, future.result()


_function: Callable[[Any], Any] | None = None


def _start(function: Callable[[Any], Any]) -> None:
    """Make this process ready; Ctrl-C is the business of the process that hands out the work."""
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _function = function


def _call(item: object) -> object:
    assert _function is not None
    return _function(item)
