"""What the events of a run say, in numbers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enogu.errors import ProjectError
from enogu.project.runs import RunFolder
from enogu.train.events import Event, read_events
from enogu.train.loss_chart import running_mean


@dataclass(frozen=True)
class RunFacts:
    """What the events of a run say, in numbers.

    Attributes:
        start: The first event.
        steps: Step events, in order.
        last: The event that ended or stopped the run last, when there was one.
        step: Steps done.
        seconds_per_step: Median, without the first step; 0 when unknown.
        training_seconds: All steps together.
        state: ``finished``, ``stopped``, ``failed`` or ``unfinished``.
        total: Steps of the whole run, as it was resumed last; 0 when unknown.
    """

    start: Event
    steps: tuple[Event, ...]
    last: Event | None
    step: int
    seconds_per_step: float
    training_seconds: float
    state: str = "unfinished"
    total: int = 0

    @property
    def mean_loss(self) -> float | None:
        """The running mean of the loss at the last step; None before the first."""
        losses = [float(event["loss"]) for event in self.steps]
        return running_mean(losses)[-1] if losses else None


def run_facts(events: Sequence[Event]) -> RunFacts:
    """Read the numbers of a run from its events."""
    steps = tuple(event for event in events if event["event"] == "step")
    durations = sorted(event["seconds"] for event in steps[1:])
    return RunFacts(
        start=next((event for event in events if event["event"] == "start"), {}),
        steps=steps,
        last=next((e for e in reversed(events) if e["event"] in ("end", "stop", "error")), None),
        step=steps[-1]["step"] if steps else 0,
        seconds_per_step=durations[len(durations) // 2] if durations else 0.0,
        training_seconds=sum(event["seconds"] for event in steps),
        state=_state(events),
        total=next((int(event["steps"]) for event in reversed(events) if "steps" in event), 0),
    )


def _state(events: Sequence[Event]) -> str:
    """Return how the run stands: what came last of beginning again and ending."""
    words = {"end": "finished", "stop": "stopped", "error": "failed"}
    words |= dict.fromkeys(("resume", "change"), "unfinished")
    kinds = (str(event["event"]) for event in reversed(events))
    return next((words[kind] for kind in kinds if kind in words), "unfinished")


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run in a list."""

    name: str
    state: str
    started: str
    """Date and time, as on this machine's clock; empty when unknown."""
    step: int
    steps: int
    """Of the whole run."""
    pictures: int
    base: str
    mean_loss: float | None
    seconds: float
    """Spent in steps."""
    adapter: str
    """File name of the newest adapter; empty before the first."""


def run_row(run: RunFolder) -> RunRow:
    """Return what a list of runs says of one; a folder without events counts as empty."""
    facts = run_facts(read_events(run.events_path))
    try:
        adapter: Path | None = run.newest_adapter()
    except ProjectError:
        adapter = None
    began = facts.start.get("time")
    moment = time.localtime(float(began)) if began else None
    return RunRow(
        name=run.name,
        state=facts.state if facts.start else "empty",
        started=time.strftime("%Y-%m-%d %H:%M", moment) if moment else "",
        step=facts.step,
        steps=facts.total,
        pictures=int(facts.start.get("pictures", 0)),
        base=str(facts.start.get("base", "")),
        mean_loss=facts.mean_loss,
        seconds=round(facts.training_seconds, 1),
        adapter=adapter.name if adapter else "",
    )
