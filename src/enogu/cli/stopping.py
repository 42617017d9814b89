"""Ctrl-C as a wish to stop, and progress over many pictures."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from enogu.cli.common import errors


@contextmanager
def graceful_stop(when: str) -> Generator[threading.Event]:
    """Turn the first Ctrl-C (or SIGTERM) into a wish to stop; the second one ends at once.

    Args:
        when: When the wish is granted, such as ``after this step``.
    """
    wish = threading.Event()

    def note(signum: int, frame: FrameType | None) -> None:
        if wish.is_set():
            raise KeyboardInterrupt
        wish.set()
        errors.print(f"Stopping {when} and saving; Ctrl-C again to stop at once.")

    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, note) for number in watched}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def picture_progress(title: str, *, quiet: bool) -> Generator[Callable[[int, int, str], None]]:
    """Show how many pictures are done.

    Args:
        title: What is being done.
        quiet: Show nothing.

    Yields:
        A function of how many are done, how many there are, and the name of the last.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[name]}"),
    )
    with Progress(*columns, console=errors, disable=quiet) as progress:
        task = progress.add_task(title, total=None, name="")

        def show(done: int, total: int, name: str) -> None:
            progress.update(task, completed=done, total=total, name=escape(name[-40:]))

        yield show
