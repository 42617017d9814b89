"""Reading tags as a step of the chain: done once, skipped while picture and tagger are the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from enogu.pictures.chain import ChainPicture, Outcome
from enogu.pictures.pixels import WHITE, Pixels, parse_colour
from enogu.pictures.records import DerivedFiles, JsonValue, ScoredTag, StepResult
from enogu.pictures.tagging.choose import rating_of
from enogu.pictures.tagging.model import (
    GENERAL,
    KEPT_FROM,
    RATING,
    NamedTagger,
    TaggerSource,
    tagger_step_name,
)


@dataclass
class TaggingStep:
    """Reads the tags of each picture and keeps every score that may ever count.

    The tagger is opened where it first reads, so that the step can be sent to other processes.
    """

    source: TaggerSource
    background: str = WHITE
    """The colour on which transparent pictures were laid; taggers learnt with white there."""
    needs: tuple[str, ...] = ()
    version: int = 1
    _opened: NamedTagger | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The key of its results."""
        return tagger_step_name(self.source.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def settings(self) -> Mapping[str, JsonValue]:
        """Return everything but the picture that its result depends on."""
        return {
            "tagger": self.source.digest,
            "kept_from": KEPT_FROM,
            "unsure_below": self.source.general,
            "background": self.background.lower(),
        }

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Read a picture; unsure where not one tag reaches the tagger's usual limit."""
        if self._opened is None:
            self._opened = self.source.open()
        shown = Image.fromarray(on_white(picture, self.background))
        found = self._opened.tagger.tag([shown])[0]
        categories = self._opened.categories
        tags = tuple(
            ScoredTag(tag=tag, source=self.source.name, category=category, score=round(score, 4))
            for tag, score in found.items()
            if (category := categories.get(tag, GENERAL)) == RATING or score >= KEPT_FROM
        )
        seen = any(one.category != RATING and one.score >= self.source.general for one in tags)
        return Outcome(
            verdict="read" if seen else "unsure",
            values={"rating": rating_of(tags)},
            tags=tags,
        )

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Return the picture as it is."""
        return picture


def on_white(picture: ChainPicture, background: str) -> Pixels:
    """Return a picture that was laid on some colour as it looks on white.

    Args:
        picture: With its alpha.
        background: The colour it was laid on, as ``#rrggbb``.
    """
    colour = np.array(parse_colour(background), dtype=np.float32)
    if picture.alpha is None or (colour == 255).all():
        return picture.pixels
    # What shows through is a known share of a known colour, so it can be exchanged exactly.
    clear = (1 - picture.alpha.astype(np.float32) / 255)[..., None]
    mixed = picture.pixels.astype(np.float32) + clear * (255 - colour)
    return np.round(mixed.clip(0, 255)).astype(np.uint8)
