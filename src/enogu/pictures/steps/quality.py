"""Judging quality as a step of the chain."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from enogu.pictures.chain import ChainPicture, Outcome
from enogu.pictures.quality import VERSION, QualitySettings, judge_quality
from enogu.pictures.records import DerivedFiles, JsonValue, StepResult
from enogu.pictures.steps.trim import TRIM

QUALITY: Final = "quality"


@dataclass(frozen=True, kw_only=True)
class QualityStep:
    """Flags what would teach blur, blocks or nothing at all; changes nothing.

    Verdicts: ``clean``, ``flagged``.
    """

    options: QualitySettings = field(default_factory=QualitySettings)
    name: str = QUALITY
    version: int = VERSION
    needs: tuple[str, ...] = (TRIM,)

    def settings(self) -> Mapping[str, JsonValue]:
        """Return the limits."""
        return asdict(self.options)

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Judge the trimmed picture."""
        found = judge_quality(picture.pixels, picture.alpha, self.options)
        faults: list[JsonValue] = [*found.faults]
        messages: list[JsonValue] = [one.message for one in found.findings]
        measures: dict[str, JsonValue] = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(found.measures).items()
        }
        return Outcome(
            verdict=found.verdict,
            values={"faults": faults, "messages": messages, "measures": measures},
        )

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Leave the picture as it is."""
        return picture
