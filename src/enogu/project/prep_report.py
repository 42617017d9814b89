"""What preparing found, step by step, in words and as plain values."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from enogu.pictures.background import BackgroundSeen, find_shared_background
from enogu.pictures.chain import ChainRun, effective
from enogu.pictures.pixels import Colour
from enogu.pictures.records import (
    LEAVE_OUT,
    SKIP,
    USE_STEP,
    FileEntry,
    JsonValue,
    StepResult,
)
from enogu.pictures.steps import BACKGROUND, DUPLICATES, QUALITY, REGIONS, TRIM
from enogu.pictures.symmetry import mirror_obstacles
from enogu.project.prep import PrepPlace, detector_of

TAKEN_BACK: Final = "taken back"
"""What counts for a picture whose step a person undid."""

_PLAIN: Final = {
    TRIM: ("keep",),
    BACKGROUND: ("alpha", "flat", "smooth", "model"),
    REGIONS: ("found", "none"),
    QUALITY: ("clean",),
    DUPLICATES: ("single", "keeper"),
}
"""Verdicts that need no line of their own."""


_WORDS: Final = {
    ("trim", "keep"): "whole",
    ("trim", "trim"): "cut",
    ("background", "alpha"): "transparent",
    ("background", "flat"): "one colour",
    ("background", "smooth"): "smooth",
    ("background", "model"): "told by the model",
    ("regions", "found"): "with regions",
    ("regions", "none"): "with none",
    ("quality", "clean"): "good",
    ("duplicates", "single"): "single",
    ("duplicates", "keeper"): "with copies",
    ("duplicates", "variant"): "look alike, to be kept",
}
"""How verdicts are said where their own word says little."""


@dataclass(frozen=True, kw_only=True)
class PictureLine:
    """What a step says of one picture."""

    name: str
    verdict: str
    text: str
    """In plain words; may be empty."""
    decided: bool
    """Whether a person decided it."""


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What a step found in all pictures."""

    step: str
    counts: Mapping[str, int]
    """Pictures by verdict, most frequent first."""
    lines: tuple[PictureLine, ...]
    """Of the pictures that are worth a line, by name."""
    missing: int
    """Pictures that the step has not seen."""

    @property
    def counts_text(self) -> str:
        """The counts in plain words; empty for nothing."""
        return ", ".join(
            f"{count:,} {_WORDS.get((self.step, verdict), verdict)}"
            for verdict, count in self.counts.items()
        )


@dataclass(frozen=True, kw_only=True)
class PrepReport:
    """What preparing found."""

    pictures: int
    steps: tuple[StepReport, ...]
    refused: tuple[tuple[str, str], ...]
    """Files that cannot be used, with the reason."""
    left_out: tuple[str, ...]
    """Pictures that a person left out."""
    warnings: tuple[str, ...]
    mirrorable: int
    """Pictures that name nothing one-sided, so that they may be trained mirrored."""


def step_report(place: PrepPlace, step: str, *, every: bool = False) -> StepReport:
    """Say what a step found.

    Args:
        place: The project.
        step: One of :data:`enogu.project.prep.STEPS`.
        every: Give each picture a line, not only those worth one.
    """
    counts: Counter[str] = Counter()
    lines: list[PictureLine] = []
    for entry in place.entries:
        line = _line(place, step, entry)
        if line is None:
            continue
        counts[line.verdict] += 1
        if every or line.decided or line.verdict not in _PLAIN[step]:
            lines.append(line)
    return StepReport(
        step=step,
        counts=dict(counts.most_common()),
        # Look-alikes need nobody; what does stands first.
        lines=tuple(sorted(lines, key=lambda line: line.verdict == "variant")),
        missing=len(place.entries) - counts.total(),
    )


def _line(place: PrepPlace, step: str, entry: FileEntry) -> PictureLine | None:
    """Return what a step says of one file; None where it has not seen it."""
    if step == DUPLICATES and (first := place.names_of(entry.picture_id)[0]) != entry.relative:
        text = f"the same file as {first}, byte for byte"
        return PictureLine(name=entry.relative, verdict="copy", text=text, decided=False)
    decision = place.decisions.get(entry.picture_id, step)
    result = place.records.result(entry.picture_id, step)
    if decision is not None and decision.verdict == SKIP:
        return PictureLine(name=entry.relative, verdict=TAKEN_BACK, text="", decided=True)
    counted = effective(result, decision)
    if counted is None:
        return None
    return PictureLine(
        name=entry.relative,
        verdict=counted.verdict,
        text=describe(counted, place.names_of),
        decided=decision is not None,
    )


def _results(place: PrepPlace, step: str) -> Iterator[tuple[FileEntry, StepResult]]:
    for entry in place.entries:
        result = place.records.result(entry.picture_id, step)
        if result is not None:
            yield entry, result


def describe(result: StepResult, names_of: Callable[[str], Sequence[str]]) -> str:
    """Say in plain words what a step found in a picture.

    Args:
        result: What counts of it.
        names_of: Returns the files that hold a picture.
    """
    values = result.values
    if result.step == TRIM:
        return _trim_text(values, asks=result.verdict == "unsure")
    if result.step == BACKGROUND:
        return str(values.get("reason", ""))
    if result.step == REGIONS:
        kinds = Counter(region.kind for region in result.regions)
        kinds.update(str(one[0]) for one in _lists(values.get("drawn")))
        return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    if result.step == QUALITY:
        return "; ".join(map(str, _items(values.get("messages"))))
    return _duplicate_text(values, names_of)


def _trim_text(values: Mapping[str, JsonValue], *, asks: bool) -> str:
    cuts = [one for one in _items(values.get("cuts")) if isinstance(one, dict)]
    parts = [f"{cut['px']} px {cut['side']} ({cut['reason']})" for cut in cuts if cut["sure"]]
    proposed = [
        f"{cut['px']} px {cut['side']} ({cut['reason']})" for cut in cuts if not cut["sure"]
    ]
    text = f"cut {', '.join(parts)}" if parts else ""
    if asks and proposed:
        text += f"{'; ' if text else ''}proposes to cut {', '.join(proposed)}"
    if values.get("size") == "becomes too small":
        text += "; what is left is smaller than the training resolution"
    return text


def _duplicate_text(
    values: Mapping[str, JsonValue], names_of: Callable[[str], Sequence[str]]
) -> str:
    def named(picture_id: JsonValue) -> str:
        return next(iter(names_of(str(picture_id))), str(picture_id)[:12])

    if "of" in values:
        changes = ", ".join(map(str, _items(values.get("changes")))) or "saved anew"
        return f"a copy of {named(values['of'])} ({changes})"
    if "alike" in values:
        alike = [named(one) for one in _items(values["alike"])]
        more = f" and {len(alike) - 3} more" if len(alike) > 3 else ""
        return f"drawn differently, but much like {', '.join(alike[:3])}{more}"
    return ""


def _items(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _lists(value: JsonValue) -> list[list[JsonValue]]:
    return [one for one in _items(value) if isinstance(one, list) and one]


def prep_report(
    place: PrepPlace, run: ChainRun | None = None, *, steps: Sequence[str]
) -> PrepReport:
    """Say what preparing found.

    Args:
        place: The project.
        run: The run that just ended, for what it refused.
        steps: Which steps to report.
    """
    refused = {entry.relative: entry.refusal for entry in place.entries if entry.refusal}
    refused |= dict(run.refused) if run is not None else {}
    refused |= dict(place.files.unreadable)
    left_out = [
        entry.relative
        for entry in place.entries
        if (decision := place.decisions.get(entry.picture_id, USE_STEP)) is not None
        and decision.verdict == LEAVE_OUT
        and decision.values.get("keep") is None
    ]
    warnings = [*place.records.notes, *place.files.warnings]
    warnings += _shared_background(place) if BACKGROUND in steps else []
    warnings += _no_detector(place) if REGIONS in steps else []
    return PrepReport(
        pictures=len(place.entries),
        steps=tuple(step_report(place, step) for step in steps),
        refused=tuple(sorted((name, str(reason)) for name, reason in refused.items())),
        left_out=tuple(left_out),
        warnings=tuple(warnings),
        mirrorable=len(place.entries) - len(_obstacles(place)),
    )


def _no_detector(place: PrepPlace) -> list[str]:
    """Say that heads were not looked for where only a package is missing for it."""
    if place.project.resolved.config.prep.detector or detector_of(place.project) is not None:
        return []
    return [
        "heads and faces were not looked for, because onnxruntime is not installed: "
        "pip install 'enogu[onnx]', or --set prep.detector=none to do without"
    ]


def _obstacles(place: PrepPlace) -> Mapping[int, str]:
    samples: list[tuple[str, list[str]]] = []
    for entry in place.entries:
        result = effective(
            place.records.result(entry.picture_id, REGIONS),
            place.decisions.get(entry.picture_id, REGIONS),
        )
        kinds = [] if result is None else [region.kind for region in result.regions]
        kinds += (
            [] if result is None else [str(one[0]) for one in _lists(result.values.get("drawn"))]
        )
        samples.append((_caption_of(place, entry), kinds))
    return mirror_obstacles(samples, separator=place.project.resolved.config.captions.separator)


def _shared_background(place: PrepPlace) -> list[str]:
    if place.project.resolved.config.prep.background == "mask":
        # What a loss mask leaves out is not learnt, however many pictures share it.
        return []
    seen = [
        BackgroundSeen(
            method=str(result.values.get("method", "none")),
            colour=_colour(result.values.get("colour")),
            is_tagged="background" in _caption_of(place, entry),
        )
        for entry, result in _results(place, BACKGROUND)
    ]
    shared = find_shared_background(seen)
    return [] if shared is None else [shared.warning]


def _colour(value: JsonValue) -> Colour | None:
    levels = [one for one in _items(value) if isinstance(one, int)]
    return (levels[0], levels[1], levels[2]) if len(levels) == 3 else None


def _caption_of(place: PrepPlace, entry: FileEntry) -> str:
    path = (place.project.root / entry.relative).with_suffix(".txt")
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def report_as_dict(report: PrepReport) -> dict[str, object]:
    """Return a report as plain values for JSON."""
    return {
        "pictures": report.pictures,
        "steps": {
            step.step: {
                "counts": dict(step.counts),
                "missing": step.missing,
                "pictures": [asdict(line) for line in step.lines],
            }
            for step in report.steps
        },
        "refused": [{"name": name, "reason": reason} for name, reason in report.refused],
        "left_out": list(report.left_out),
        "warnings": list(report.warnings),
        "mirrorable": report.mirrorable,
    }
