"""What a step of the chain is: it looks at one decoded picture and says what it found.

A step never touches a file. Whether it runs at all, what it is shown, and where its findings go is
the business of :mod:`enogu.pictures.chain.runner`; so a step is a small object with a name, a
version, settings, and two functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from enogu.pictures.box import Box
from enogu.pictures.pixels import Pixels
from enogu.pictures.records import DerivedFiles, JsonValue, Region, ScoredTag, StepResult


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainPicture:
    """A decoded picture as it is handed from step to step."""

    pixels: Pixels
    """uint8 [H, W, 3], upright sRGB, laid on the background colour."""
    alpha: Pixels | None
    """uint8 [H, W], 255 = opaque; None where everything is opaque."""
    origin: Box
    """Which part of the upright original it shows; as large as `pixels`."""
    whole: Box
    """The upright original: left and top are 0."""

    def cut(self, box: Box) -> "ChainPicture":
        """Return the part inside `box`, which is given in pixels of the original.

        What lies outside of the present part is left out; a box that misses it altogether changes
        nothing.
        """
        inside = box.within(self.origin)
        if inside is None:
            return self
        part = inside.moved(-self.origin.left, -self.origin.top)
        here = part.rows, part.columns
        return replace(
            self,
            pixels=np.ascontiguousarray(self.pixels[here]),
            alpha=None if self.alpha is None else np.ascontiguousarray(self.alpha[here]),
            origin=inside,
        )

    def on_whole(self, values: Pixels, fill: int) -> Pixels:
        """Lay values of the shown part where they belong in the whole original.

        Args:
            values: uint8 [H, W] or [H, W, C], as large as `pixels`.
            fill: What stands outside of the shown part.

        Returns:
            uint8, as large as the original.
        """
        if self.origin == self.whole:
            return values
        out = np.full((self.whole.height, self.whole.width, *values.shape[2:]), fill, np.uint8)
        out[self.origin.rows, self.origin.columns] = values
        return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What a step found in one picture."""

    verdict: str
    """One word; ``unsure`` asks for a person."""
    values: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    files: Mapping[str, Pixels] = field(default_factory=dict[str, Pixels])
    """Pictures and masks to keep, by role."""
    regions: tuple[Region, ...] = ()
    tags: tuple[ScoredTag, ...] = ()


class PictureStep(Protocol):
    """One step of the chain over single pictures. Objects are sent to other processes."""

    @property
    def name(self) -> str:
        """The key of its results, such as ``trim``."""
        ...

    @property
    def version(self) -> int:
        """Rises when the same picture and settings give another result."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Earlier steps whose findings it looks at and whose changes it wants to see."""
        ...

    def settings(self) -> Mapping[str, JsonValue]:
        """Return everything but the picture that its result depends on."""
        ...

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Look at a picture.

        Args:
            picture: As the steps of `needs` leave it.
            earlier: What these steps found; a step that was skipped or taken back is missing.

        Raises:
            PictureError: The picture cannot be used for this step.
        """
        ...

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Return the picture as the step leaves it; itself when the step only judges.

        Args:
            picture: As `run` saw it.
            result: What was found, with what a person decided laid over it.
            files: Where the files of the result are.

        Raises:
            ProjectError: A file of the result is gone.
        """
        ...
