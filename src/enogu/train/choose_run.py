"""Which run folder a `train` command works in: go on, begin, or nothing to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from enogu.errors import ProjectError
from enogu.project.runs import RunFolder, list_runs, new_run
from enogu.train.events import Event, read_events
from enogu.train.run_facts import run_facts
from enogu.train.state import StateHeader, read_state_header


@dataclass(frozen=True)
class RunChoice:
    """The run to work in.

    Attributes:
        run: Its folder.
        action: ``begin`` a new one, ``resume`` this one, or it is ``finished`` already.
        step: Steps it has done.
        note: A sentence for the person.
        changes: Settings that are others from here on, when the run is resumed with changes.
    """

    run: RunFolder
    action: Literal["begin", "resume", "finished"]
    step: int
    note: str
    changes: Mapping[str, tuple[object, object]] | None = None


def choose_run(
    runs_dir: Path,
    digest: str,
    *,
    new: bool = False,
    why_other: Callable[[RunFolder], str] = lambda run: "its settings or pictures were others",
) -> RunChoice:
    """Take up the newest run of the same digest, or begin one.

    Args:
        runs_dir: The folder of runs.
        digest: What makes the wanted run this run.
        new: Begin a new run whatever there is.
        why_other: Says in what an unfinished run differs from the wanted one.

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
        note += f" Run {other.name} is unfinished and stays as it is, for {why_other(other)}."
        note += f"\nTo go on with it all the same: enogu train --resume {other.path}"
    return RunChoice(run, "begin", 0, note)


def is_finished(run: RunFolder) -> bool:
    """Return whether a run reached its last step, and was not taken up again since."""
    return run_facts(read_events(run.events_path)).state == "finished"


def refuse_foreign_state(run: RunFolder, header: StateHeader, events: Sequence[Event]) -> None:
    """Refuse a state that was not made by this run.

    Raises:
        ProjectError: It carries the mark of another one.
    """
    if header.digest not in {event["digest"] for event in events if "digest" in event}:
        raise ProjectError(
            f"{run.state_path} belongs to another run: it does not carry the mark of {run.path}",
            hint="Put the state of this run back, or begin a new one: enogu train --new",
        )


def _take_up(run: RunFolder) -> RunChoice:
    header = read_state_header(run.state_path)
    if header is not None:
        refuse_foreign_state(run, header, read_events(run.events_path))
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
    """Return the digest of the settings a run has now: those it began with, or goes on with."""
    digests = [event["digest"] for event in read_events(run.events_path) if "digest" in event]
    return str(digests[-1]) if digests else None
