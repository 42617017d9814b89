"""What a person decides about prepared pictures: take back, agree, draw a box, leave out."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.records import (
    LEAVE_OUT,
    PARTS,
    SKIP,
    USE_STEP,
    Decision,
    FileEntry,
    JsonValue,
    StepResult,
)
from enogu.pictures.steps import BACKGROUND, QUALITY, REGIONS, TRIM
from enogu.project.prep import PrepPlace

Answer: TypeAlias = Literal["undo", "accept", "reset"]


def decide(
    place: PrepPlace, step: str, entries: Sequence[FileEntry], answer: Answer
) -> tuple[str, ...]:
    """Decide about a step of some pictures; nothing is deleted and all can be reset.

    Args:
        place: The project.
        step: ``trim``, ``background``, ``regions`` or ``quality``.
        entries: The pictures.
        answer: ``undo`` leaves them as they were before the step, ``accept`` agrees to what the
            step was unsure of, ``reset`` takes earlier decisions back.

    Returns:
        The names of the pictures that it changed something for.

    Raises:
        PictureError: There is nothing to agree to in any of them.
    """
    ids = list(dict.fromkeys(entry.picture_id for entry in entries))
    if answer == "reset":
        changed = [one for one in ids if place.decisions.get(one, step) is not None]
        place.decisions.take_back(step, changed)
    elif answer == "undo":
        changed = ids
        place.decisions.add([Decision(picture_id=one, step=step, verdict=SKIP) for one in ids])
    else:
        decisions = [
            decision
            for one in ids
            if (decision := agreed(step, place.records.result(one, step))) is not None
        ]
        if not decisions:
            raise PictureError(
                f"{step}: there is nothing to agree to in the pictures you named",
                hint=f"Only what is unsure can be accepted: enogu pictures {step} lists it.",
            )
        place.decisions.add(decisions)
        changed = [one.picture_id for one in decisions]
    chosen = set(changed)
    return tuple(entry.relative for entry in entries if entry.picture_id in chosen)


def agreed(step: str, result: StepResult | None) -> Decision | None:
    """Return the decision that agrees to what a step found; None where it proposes nothing."""
    if result is None:
        return None
    verdict, values = "", dict[str, JsonValue]()
    if step == QUALITY and result.verdict == "flagged":
        verdict = "clean"
    elif result.verdict == "unsure":
        method = result.values.get("method")
        if step == TRIM:
            verdict, values = "trim", {"box": result.values["proposal"]}
        elif step == BACKGROUND:
            verdict = method if isinstance(method, str) and method != "none" else ""
        elif step == REGIONS:
            # What a person has agreed to stays, whatever a later detector finds, and is sure.
            parts: list[JsonValue] = [[one.kind, *one.box] for one in result.regions]
            verdict, values = "found", {PARTS: parts}
        else:
            verdict = "copy"
    if not verdict:
        return None
    return Decision(picture_id=result.picture_id, step=step, verdict=verdict, values=values)


def draw_box(place: PrepPlace, step: str, entry: FileEntry, kind: str, box: Box) -> None:
    """Keep a box that a person drew.

    Args:
        place: The project.
        step: ``trim``: the box is what stays. ``regions``: it is a region of a kind, in addition
            to those drawn before.
        entry: The picture.
        kind: Such as ``face``; not looked at for ``trim``.
        box: In pixels of the upright original.

    Raises:
        PictureError: The box does not lie in the picture.
    """
    facts = place.records.facts(entry.picture_id)
    if facts is not None:
        whole = Box(0, 0, facts.width, facts.height)
        if box.within(whole) != box:
            raise PictureError(
                f"{entry.relative}: the box {box} does not lie in the picture, which is "
                f"{facts.width}x{facts.height}",
                hint="Give left,top,right,bottom in pixels from the upper left corner.",
            )
    corners: list[JsonValue] = [*box]
    if step == TRIM:
        decision = Decision(
            picture_id=entry.picture_id, step=step, verdict="trim", values={"box": corners}
        )
    else:
        before = place.decisions.get(entry.picture_id, REGIONS)
        drawn = before.values.get("drawn") if before is not None else None
        others: list[JsonValue] = list(drawn) if isinstance(drawn, list) else []
        decision = Decision(
            picture_id=entry.picture_id,
            step=REGIONS,
            verdict="found",
            values={"drawn": [*others, [kind, *corners]]},
        )
    place.decisions.add([decision])


def leave_out(place: PrepPlace, entries: Sequence[FileEntry]) -> tuple[str, ...]:
    """Leave pictures out of training and export; return their names."""
    place.decisions.add(
        [
            Decision(picture_id=entry.picture_id, step=USE_STEP, verdict=LEAVE_OUT)
            for entry in entries
        ]
    )
    return tuple(entry.relative for entry in entries)


def leave_out_copies(place: PrepPlace) -> tuple[str, ...]:
    """Leave out every sure copy, and all but the first file of equal files; return their names."""
    names: list[str] = []
    decisions: dict[str, Decision] = {}
    seen: set[str] = set()
    copies = {
        result.picture_id
        for result in place.records.results_of("duplicates")
        if result.verdict == "copy"
    }
    for entry in place.entries:
        is_twin = entry.picture_id in seen
        seen.add(entry.picture_id)
        if entry.picture_id in copies:
            values: dict[str, JsonValue] = {}
        elif is_twin:
            values = {"keep": _inside(place, place.names_of(entry.picture_id)[0])}
        else:
            continue
        names.append(entry.relative)
        decisions[entry.picture_id] = Decision(
            picture_id=entry.picture_id, step=USE_STEP, verdict=LEAVE_OUT, values=values
        )
    place.decisions.add(list(decisions.values()))
    return tuple(names)


def take_in_again(place: PrepPlace, entries: Sequence[FileEntry]) -> int:
    """Use pictures again that were left out; return how many there were."""
    return place.decisions.take_back(USE_STEP, [entry.picture_id for entry in entries])


def _inside(place: PrepPlace, relative: str) -> str:
    """Return a name as scanned records have it: inside the folder of pictures."""
    folder = place.project.resolved.config.pictures.folder
    return relative.removeprefix(f"{folder}/")
