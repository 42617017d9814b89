"""Trimming as a step of the chain."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from enogu.pictures.box import Box
from enogu.pictures.chain import ChainPicture, Outcome
from enogu.pictures.records import DerivedFiles, JsonValue, StepResult
from enogu.pictures.trim import VERSION, TrimSettings, find_trim

TRIM: Final = "trim"


@dataclass(frozen=True, kw_only=True)
class TrimStep:
    """Cuts what is surely not the picture, and proposes the rest.

    Verdicts: ``keep``, ``trim``, ``unsure``. The values hold ``box``, which is cut out, and
    ``proposal``, which is not; a person who agrees decides ``trim`` with the proposal as the box.
    """

    options: TrimSettings = field(default_factory=TrimSettings)
    enabled: bool = True
    """Off, every picture is kept whole."""
    name: str = TRIM
    version: int = VERSION
    needs: tuple[str, ...] = ()

    def settings(self) -> Mapping[str, JsonValue]:
        """Return the settings of trimming."""
        return {**asdict(self.options), "enabled": self.enabled}

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Find what may be cut off."""
        if not self.enabled:
            whole: list[JsonValue] = [*picture.whole]
            return Outcome(verdict="keep", values={"box": whole, "proposal": whole})
        found = find_trim(picture.pixels, picture.alpha, self.options)
        cuts: list[JsonValue] = [asdict(cut) for cut in found.cuts]
        reasons: list[JsonValue] = [*found.reasons]
        return Outcome(
            verdict=found.verdict,
            values={
                "box": [*found.box],
                "proposal": [*found.proposal],
                "cuts": cuts,
                "reasons": reasons,
                "certainty": round(found.certainty, 3),
                "size": found.size,
            },
        )

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Cut the box out."""
        return picture.cut(trim_box(result))


def trim_box(result: StepResult) -> Box:
    """Return the part of the original that stays.

    Raises:
        ProjectError: A person's decision holds no box.
    """
    return Box.from_json(result.values.get("box"), where=f"trim of {result.picture_id[:12]}")
