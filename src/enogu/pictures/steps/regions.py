"""Finding regions as a step of the chain: the subject, and what a detector sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from enogu.errors import ProjectError
from enogu.pictures.box import Box
from enogu.pictures.chain import ChainPicture, Outcome
from enogu.pictures.records import DerivedFiles, JsonValue, Region, StepResult
from enogu.pictures.regions import DetectorModel, FoundRegion
from enogu.pictures.regions.found import SUBJECT, SURE_FROM
from enogu.pictures.steps.background import BACKGROUND
from enogu.pictures.steps.trim import TRIM

REGIONS: Final = "regions"

_DRAWN: Final = "drawn"


@dataclass(frozen=True, kw_only=True)
class RegionsStep:
    """Gathers where things are: the subject's box from its mask, and boxes of a detector.

    Verdicts: ``found``, ``none``, and ``unsure`` where the best box of a detector scores under
    one half. Boxes that a person draws come in through a decision: its values hold ``drawn``, a
    list of ``[kind, left, top, right, bottom]`` in pixels of the original.
    """

    detector: Path | None = None
    """A network in YOLO's form; its card lies beside it. None: only the subject is looked for."""
    detector_digest: str = ""
    """From :func:`enogu.pictures.onnx_file.network_digest`."""
    name: str = REGIONS
    version: int = 1
    needs: tuple[str, ...] = (TRIM, BACKGROUND)

    def settings(self) -> Mapping[str, JsonValue]:
        """Return which network looks for boxes."""
        return {"detector": self.detector_digest}

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Gather the regions of a picture."""
        background = earlier.get(BACKGROUND)
        regions = [] if background is None else list(background.regions)
        seen: list[FoundRegion] = []
        if self.detector is not None:
            seen = _network(self.detector, self.detector_digest).find(picture.pixels)
        at = picture.origin
        regions += [
            Region(kind=one.kind, box=one.box.moved(at.left, at.top), score=round(one.score, 4))
            for one in seen
        ]
        verdict = "found" if regions else "none"
        if seen and max(one.score for one in seen) < SURE_FROM:
            verdict = "unsure"
        return Outcome(verdict=verdict, regions=tuple(regions))

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Leave the picture as it is."""
        return picture


def regions_of(result: StepResult, shown: Box) -> list[FoundRegion]:
    """Return the regions that count, in pixels of the part that is shown.

    What a person drew stands in for everything of the same kind.

    Args:
        result: What the step found, with the person's decision laid over it.
        shown: The part of the original; what lies outside of it is left out.

    Raises:
        ProjectError: A person's decision holds something that is no box.
    """
    drawn = [_drawn(one, result.picture_id) for one in _list(result.values.get(_DRAWN))]
    kinds = {one.kind for one in drawn}
    found = [
        FoundRegion(
            kind=one.kind,
            box=one.box,
            score=one.score,
            source="mask" if one.kind == SUBJECT else "detector",
        )
        for one in result.regions
        if one.kind not in kinds
    ]
    inside: list[FoundRegion] = []
    for one in drawn + found:
        box = one.box.within(shown)
        if box is not None:
            inside.append(replace(one, box=box.moved(-shown.left, -shown.top)))
    return inside


def _drawn(value: JsonValue, picture_id: str) -> FoundRegion:
    where = f"a region drawn in picture {picture_id[:12]}"
    entries = _list(value)
    if len(entries) != 5 or not isinstance(entries[0], str):
        raise ProjectError(f"{where}: must be [kind, left, top, right, bottom], got {value!r}")
    box = Box.from_json(entries[1:], where=where)
    return FoundRegion(kind=entries[0], box=box, score=1.0, source="person")


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else []


@lru_cache(maxsize=2)
def _network(path: Path, digest: str) -> DetectorModel:
    """Load a network once in each process; `digest` makes a changed file another one."""
    return DetectorModel(path)
