"""Telling the background as a step of the chain, and what is made of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from enogu.pictures.background import (
    VERSION,
    Background,
    BackgroundSettings,
    MatteModel,
    cut_out,
    find_background,
    on_colour,
)
from enogu.pictures.chain import ChainPicture, Outcome
from enogu.pictures.pixels import WHITE, Pixels, flatten, parse_colour
from enogu.pictures.records import DerivedFiles, JsonValue, Region, StepResult
from enogu.pictures.regions.found import SUBJECT
from enogu.pictures.steps.trim import TRIM

BACKGROUND: Final = "background"

BackgroundUse: TypeAlias = Literal["keep", "mask", "colour", "transparent"]

_UNSURE: Final = 0.4
"""Score of the subject of a mask that is not sure: below what makes a crop sure."""

MASK_FILE: Final = "mask"
PICTURE_FILE: Final = "picture"


@dataclass(frozen=True, kw_only=True)
class BackgroundStep:
    """Tells the subject from its background.

    Verdicts: how it was told (``alpha``, ``flat``, ``smooth``, ``model``), or ``unsure``. Where
    there is a mask it is kept, as large as the original; a proposal is kept too, so that a person
    can agree to it. With ``colour`` or ``transparent`` the changed picture is kept beside it.
    """

    options: BackgroundSettings = field(default_factory=BackgroundSettings)
    use: BackgroundUse = "keep"
    """What training gets: the picture as it is, with a loss mask, or with another background."""
    colour: str = WHITE
    """The new background for ``colour``, as ``#rrggbb``."""
    model: Path | None = None
    """A network for what cannot be told without one; its card lies beside it."""
    model_digest: str = ""
    """SHA-256 of the network and its card: another network gives other masks."""
    name: str = BACKGROUND
    version: int = VERSION
    needs: tuple[str, ...] = (TRIM,)

    def settings(self) -> Mapping[str, JsonValue]:
        """Return what decides mask and picture."""
        # Whether a mask weighs the loss is decided later and changes nothing that is kept.
        use = "keep" if self.use == "mask" else self.use
        colour = self.colour.lower() if use == "colour" else ""
        return {**asdict(self.options), "use": use, "colour": colour, "model": self.model_digest}

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Find the subject; ask the network where the picture alone does not tell."""
        found = find_background(picture.pixels, picture.alpha, self.options)
        if not found.sure and self.model is not None:
            network = _network(self.model, self.model_digest)
            found = network.find_background(picture.pixels, picture.alpha, self.options)
        values: dict[str, JsonValue] = {
            "method": found.method,
            "reason": found.reason,
            "colour": None if found.colour is None else [*found.colour],
            "coverage": round(found.coverage, 4),
        }
        return Outcome(
            verdict=found.verdict,
            values=values,
            files=self._files(picture, found),
            regions=_subject(picture, found),
        )

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Show the new background, where there is one and it is sure."""
        key = result.files.get(PICTURE_FILE)
        if key is None or result.verdict == "unsure":
            return picture
        kept = files.read(key)
        alpha = None
        if kept.shape[2] == 4:
            kept, alpha = flatten(kept[..., :3], kept[..., 3], parse_colour(WHITE)), kept[..., 3]
        whole = ChainPicture(pixels=kept, alpha=alpha, origin=picture.whole, whole=picture.whole)
        return whole.cut(picture.origin)

    def _files(self, picture: ChainPicture, found: Background) -> dict[str, Pixels]:
        if found.mask is None:
            return {}
        files = {MASK_FILE: picture.on_whole(found.mask, 0)}
        if self.use == "colour":
            shown = on_colour(found, parse_colour(self.colour))
            files[PICTURE_FILE] = picture.on_whole(shown, 255)
        elif self.use == "transparent":
            files[PICTURE_FILE] = picture.on_whole(cut_out(found), 0)
        return files


@lru_cache(maxsize=2)
def _network(path: Path, digest: str) -> MatteModel:
    """Load a network once in each process; `digest` makes a changed file another one."""
    return MatteModel(path)


def _subject(picture: ChainPicture, found: Background) -> tuple[Region, ...]:
    if found.subject is None:
        return ()
    box = found.subject.moved(picture.origin.left, picture.origin.top)
    return (Region(kind=SUBJECT, box=box, score=1.0 if found.sure else _UNSURE),)
