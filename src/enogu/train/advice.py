"""Which step of a run is the best, for which reasons, or that nothing says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from enogu.train.events import Event
from enogu.train.measurements import Measurements, read_measurements
from enogu.train.sample_scores import mean_scores

MIN_PICTURES = 4
"""Below this many held-out pictures their scatter cannot be told from a difference."""

_OFF_TOPIC_LOSS = 0.15
_HOW = "hold pictures out with --set validation.share=0.1, or name others in validation.folder"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What the measurements of a run say.

    Attributes:
        step: The best step; None without evidence.
        file: Its adapter file.
        reasons: Whole sentences: why this step, or why none.
        notes: What else was seen, the judge's count of tags included.
    """

    step: int | None
    file: str | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the advice as plain values for JSON."""
        return {
            "step": self.step,
            "file": self.file,
            "evidence": self.step is not None,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
        }

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if self.step is None:
            return "No evidence says which step is best."
        return f"Best step: {self.step} ({self.file})"


def advise(events: Sequence[Event]) -> Advice:
    """Return the best saved step of a run with its reasons.

    Held-out pictures decide. Every step is compared picture by picture with the start; the best is
    the earliest saved one that is within one standard error of the lowest loss (the one-standard-
    error rule of Breiman et al., 1984), because of two equal ones the less trained copies less.
    """
    measured = read_measurements(events)
    notes = _judge_notes(events)
    if measured is None:
        return _nothing(f"No picture was held out, so nothing was measured; {_HOW}.", notes)
    count = len(measured.held_out.pictures[0])
    if count < MIN_PICTURES:
        pictures = "picture was" if count == 1 else "pictures were"
        return _nothing(
            f"Only {count} held-out {pictures} measured, and {MIN_PICTURES} are the fewest "
            "whose scatter can be told from a difference; hold more out.",
            notes,
        )
    files = _files(events)
    places = [p for p, step in enumerate(measured.steps) if p > 0 and step in files]
    if not places:
        return _nothing(
            "No adapter was saved at a step that was measured; leave validation.every empty to "
            "measure whenever one is saved.",
            notes,
        )
    return _best(measured, places, files, notes)


def _best(
    measured: Measurements,
    places: Sequence[int],
    files: dict[int, str],
    notes: tuple[str, ...],
) -> Advice:
    side = measured.held_out
    lowest = min(places, key=lambda place: side.means[place])
    gain = side.difference(lowest, 0)
    count = len(side.pictures[0])
    of_base = f"{gain.mean:.1%} ± {gain.half_width:.1%} (95 %, {count} pictures)"
    if gain.mean <= 0 or not gain.is_clear:
        return _nothing(
            f"On held-out pictures no saved step is clearly better than the start: the lowest "
            f"loss, at step {measured.steps[lowest]}, is below that of step {measured.steps[0]} "
            f"by {of_base}. More steps, a higher learning rate or more held-out pictures may help.",
            (*notes, *_course(measured, lowest)),
        )

    def is_as_good(place: int) -> bool:
        lag = side.difference(lowest, place)
        return place == lowest or lag.mean <= lag.error

    place = next(place for place in places if is_as_good(place))
    own = side.difference(place, 0)
    step = measured.steps[place]
    reasons = [
        f"On held-out pictures the loss is {own.mean:.1%} ± {own.half_width:.1%} below that of "
        f"step {measured.steps[0]} (95 %, {count} pictures, each compared with itself)."
    ]
    if place != lowest:
        reasons.append(
            f"Step {measured.steps[lowest]} has the lowest loss ({gain.mean:.1%} below), but this "
            "is the earliest within one standard error of it, and less training copies less."
        )
    reasons += _course(measured, place)
    best_band = min(range(len(measured.bands)), key=lambda b: side.bands[place][b])
    low, high = measured.bands[best_band]
    reasons.append(
        f"Most was gained at timesteps {low} to {high - 1} "
        f"({1 - side.bands[place][best_band]:.1%} below)."
    )
    return Advice(step=step, file=files[step], reasons=tuple(reasons), notes=notes)


def _course(measured: Measurements, place: int) -> list[str]:
    """Return what the curves do after a place in the list of steps."""
    last = len(measured.steps) - 1
    gap = f"the gap between held-out and training pictures is {measured.gaps[place]:+.3f}"
    if place == last:
        return [
            f"It is the last measured step, and {gap} there; more steps might still help."
            if measured.held_out.means[last] <= min(measured.held_out.means)
            else f"At the last step {gap}."
        ]
    rise = measured.held_out.difference(place, last)
    grown = f"{gap} there and {measured.gaps[last]:+.3f} at step {measured.steps[last]}"
    falls = measured.training.means[last] < measured.training.means[place]
    if rise.mean > 0 and rise.is_clear and falls:
        return [
            f"Later it learns by heart: by step {measured.steps[last]} the loss of held-out "
            f"pictures rises by {rise.mean:.1%} ± {rise.half_width:.1%} while that of training "
            f"pictures falls; {grown}."
        ]
    return [f"Until the last step held-out pictures gain nothing clear; {grown}."]


def _nothing(reason: str, notes: tuple[str, ...]) -> Advice:
    return Advice(step=None, file=None, reasons=(reason,), notes=notes)


def _files(events: Sequence[Event]) -> dict[int, str]:
    """Return the adapters that are still there, by their step."""
    pruned = {str(name) for e in events if e["event"] == "prune" for name in e["files"]}
    saves = [event for event in events if event["event"] == "save"]
    return {int(e["step"]): str(e["file"]) for e in saves if str(e["file"]) not in pruned}


def _judge_notes(events: Sequence[Event]) -> tuple[str, ...]:
    """Return what the judge saw: one or a few pictures each, so it is a hint and no evidence."""
    scores = mean_scores(events)
    notes: list[str] = []
    for name, by_step in scores.items():
        if len(by_step) < 2:
            continue
        first, last = min(by_step), max(by_step)
        best = max(by_step, key=lambda step: (round(by_step[step], 3), -step))
        notes.append(
            f"Judge, samples {name!r}: wished tags seen {by_step[first]:.0%} at step {first}, "
            f"{by_step[last]:.0%} at step {last}, most at step {best} ({by_step[best]:.0%}). One "
            "picture each: a hint, no evidence."
        )
        if name == "off-topic" and by_step[first] - by_step[last] > _OFF_TOPIC_LOSS:
            notes.append(
                "The off-topic picture follows its prompt less than at the start: the adapter "
                "colours what it was not asked for."
            )
    return tuple(notes)
