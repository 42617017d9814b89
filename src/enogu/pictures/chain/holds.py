"""Whether a result still holds: what it depends on, as digests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from enogu.errors import ProjectError
from enogu.files import content_key
from enogu.pictures.box import Box
from enogu.pictures.chain.step import PictureStep
from enogu.pictures.records import (
    FILES,
    PARTS,
    SKIP,
    Decision,
    DerivedFiles,
    JsonValue,
    Region,
    StepResult,
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one picture before the chain runs over it."""

    picture_id: str
    loader: str
    """Version and settings of the loader."""
    results: Mapping[str, StepResult]
    decisions: Mapping[str, Decision]
    again: frozenset[str] = field(default_factory=frozenset[str])
    """Steps that run whether or not their result holds."""


def effective(result: StepResult | None, decision: Decision | None) -> StepResult | None:
    """Return what counts of a step: its result with the person's decision laid over it.

    Returns:
        None where the step did not run or shall leave the picture as it is.

    Raises:
        ProjectError: The decision holds something that is no region.
    """
    if result is None or (decision is not None and decision.verdict == SKIP):
        return None
    if decision is None:
        return result
    values = {**result.values, **decision.values}
    drawn = values.pop(FILES, None)
    files = {role: str(key) for role, key in drawn.items()} if isinstance(drawn, dict) else {}
    parts = values.pop(PARTS, None)
    return replace(
        result,
        verdict=decision.verdict,
        values=values,
        files={**result.files, **files},
        regions=result.regions if parts is None else _regions(parts, result.picture_id),
    )


def _regions(parts: JsonValue, picture_id: str) -> tuple[Region, ...]:
    where = f"a region decided in picture {picture_id[:12]}"
    if not isinstance(parts, list):
        raise ProjectError(f"{where}: regions are a list, got {parts!r}")
    regions: list[Region] = []
    for one in parts:
        if not isinstance(one, list) or len(one) != 5 or not isinstance(one[0], str):
            raise ProjectError(f"{where}: must be [kind, left, top, right, bottom], got {one!r}")
        regions.append(Region(kind=one[0], box=Box.from_json(one[1:], where=where), score=1.0))
    return tuple(regions)


def settings_digest(step: PictureStep) -> str:
    """Return a name for the settings of a step."""
    return content_key(dict(step.settings()))


def inputs_digest(
    picture_id: str, loader: str, needs: Sequence[str], earlier: Mapping[str, StepResult]
) -> str:
    """Return a name for everything a step looks at.

    What earlier steps found counts, not how they found it: a new version of a step that finds the
    same makes nothing behind it run again.

    Args:
        picture_id: The file.
        loader: Version and settings of the loader.
        needs: Names of the steps looked at.
        earlier: What counts of them; missing ones were skipped.
    """
    return content_key(
        {
            "picture": picture_id,
            "loader": loader,
            "needs": {name: found_digest(earlier.get(name)) for name in needs},
        }
    )


def found_digest(result: StepResult | None) -> str | None:
    """Return a name for what a step found; None for nothing."""
    if result is None:
        return None
    return content_key(
        {
            "verdict": result.verdict,
            "values": dict(result.values),
            "files": dict(result.files),
            "regions": [[one.kind, *one.box, one.score] for one in result.regions],
            "tags": [[one.tag, one.source, one.category, one.score] for one in result.tags],
        }
    )


def still_holds(
    step: PictureStep,
    known: Known,
    earlier: Mapping[str, StepResult],
    files: DerivedFiles,
) -> bool:
    """Tell whether a step need not run again on a picture.

    Args:
        step: The step.
        known: What is known of the picture.
        earlier: What counts of the steps before.
        files: Where derived files are; one that is gone makes the step run.
    """
    result = known.results.get(step.name)
    return (
        result is not None
        and step.name not in known.again
        and result.version == step.version
        and result.settings == settings_digest(step)
        and result.inputs == inputs_digest(known.picture_id, known.loader, step.needs, earlier)
        and all(files.path(key).is_file() for key in result.files.values())
    )


def is_skipped(step: str, known: Known) -> bool:
    """Tell whether a person decided that a step leaves this picture as it is."""
    decision = known.decisions.get(step)
    return decision is not None and decision.verdict == SKIP


def anything_to_do(steps: Sequence[PictureStep], known: Known, files: DerivedFiles) -> bool:
    """Tell whether any step must run on a picture."""
    earlier: dict[str, StepResult] = {}
    for step in steps:
        if is_skipped(step.name, known):
            continue
        if not still_holds(step, known, earlier, files):
            return True
        found = effective(known.results.get(step.name), known.decisions.get(step.name))
        if found is not None:
            earlier[step.name] = found
    return False
