"""`events.jsonl`: the one record of a run, which progress, report and TensorBoard read.

One JSON object per line with at least ``event`` and ``time`` (seconds since 1970). Kinds:
``start``, ``step``, ``sample``, ``save``, ``prune`` (saved files given up), ``stop``, ``resume``,
``change`` (resumed with other settings), ``validation`` (losses of held-out and training
pictures), ``end``, ``error``.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from enogu.files import storage_errors, write_text_atomic

Event = dict[str, Any]


class EventLog:
    """Appends events to a file; every line is on disk when :meth:`write` returns.

    Args:
        path: The file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, **values: object) -> Event:
        """Append an event and return it.

        Raises:
            StorageError: The disk is full or the folder cannot be written.
        """
        entry: Event = {"event": event, "time": round(time.time(), 3), **values}
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
        with storage_errors(self.path), self.path.open("ab") as handle:
            handle.write(line.encode("utf-8"))
            handle.flush()
            os.fsync(handle.fileno()) if event != "step" else None
        return entry

    def rewind(self, step: int) -> None:
        """Forget what happened after `step`, before the run goes on from there.

        Events without a step (``start``, ``error``) are kept; so is the history of stops.
        """
        kept = [entry for entry in read_events(self.path) if entry.get("step", 0) <= step]
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept)
        write_text_atomic(self.path, text)


class SilentLog(EventLog):
    """The log of a process that only follows: nothing is written."""

    def write(self, event: str, **values: object) -> Event:
        """Return the event."""
        return {"event": event, "time": round(time.time(), 3), **values}


def read_events(path: Path) -> list[Event]:
    """Return the events of a run; a last line that was cut off by a crash is left out."""
    if not path.is_file():
        return []
    events: list[Event] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events
