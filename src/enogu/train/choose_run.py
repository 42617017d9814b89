"""Which run folder a `train` command works in: go on, begin, or nothing to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from enogu.project.runs import RunFolder, list_runs, new_run
from enogu.train.events import read_events
from enogu.train.state import read_state_header


@dataclass(frozen=True)
class RunChoice:
    """The run to work in.

    Attributes:
        run: Its folder.
        action: ``begin`` a new one, ``resume`` this one, or it is ``finished`` already.
        step: Steps it has done.
        note: A sentence for the person.
    """

    run: RunFolder
    action: Literal["begin", "resume", "finished"]
    step: int
    note: str


def choose_run(runs_dir: Path, digest: str, *, new: bool = False) -> RunChoice:
    """Take up the newest run of the same digest, or begin one.

    Args:
        runs_dir: The folder of runs.
        digest: What makes the wanted run this run.
        new: Begin a new run whatever there is.

    Raises:
        ProjectError: The state of the run is damaged.
        StorageError: The place cannot be written.
    """
    runs = [] if new else list_runs(runs_dir)
    for run in reversed(runs):
        if _digest_of(run) == digest:
            return _take_up(run)
    other = next((run for run in reversed(runs) if _digest_of(run) and not is_finished(run)), None)
    run = new_run(runs_dir)
    note = f"Run {run.name} begins."
    if other is not None:
        note += (
            f" Run {other.name} is unfinished, but its settings or pictures were others; "
            "it stays as it is."
        )
    return RunChoice(run, "begin", 0, note)


def is_finished(run: RunFolder) -> bool:
    """Return whether a run reached its last step."""
    return any(event["event"] == "end" for event in read_events(run.events_path))


def _take_up(run: RunFolder) -> RunChoice:
    header = read_state_header(run.state_path)
    step = header.step if header else 0
    if is_finished(run):
        return RunChoice(
            run,
            "finished",
            step,
            f"Run {run.name} has these settings and pictures; it is finished.",
        )
    return RunChoice(run, "resume", step, f"Run {run.name} goes on after step {step}.")


def _digest_of(run: RunFolder) -> str | None:
    for event in read_events(run.events_path):
        if event["event"] == "start":
            return str(event["digest"])
    return None
