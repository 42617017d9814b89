"""One picture through the whole chain, decoded once; runs in a process of its own."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enogu.errors import PictureError, ProjectError
from enogu.files import content_key
from enogu.pictures.box import Box
from enogu.pictures.chain.holds import (
    Known,
    effective,
    inputs_digest,
    is_skipped,
    settings_digest,
    still_holds,
)
from enogu.pictures.chain.step import ChainPicture, PictureStep
from enogu.pictures.pixels import WHITE
from enogu.pictures.read import (
    DEFAULT_MAX_MEGAPIXELS,
    LOADER_VERSION,
    Picture,
    read_picture,
)
from enogu.pictures.records import DerivedFiles, PictureFacts, StepResult


@dataclass(frozen=True, kw_only=True)
class Loader:
    """How files are decoded, the same for the whole chain."""

    background: str = WHITE
    """Colour behind transparent parts, as ``#rrggbb``."""
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS

    @property
    def digest(self) -> str:
        """A name for what decides the decoded pixels."""
        return content_key({"version": LOADER_VERSION, "background": self.background.lower()})[:16]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One picture that has to be looked at."""

    path: Path
    relative: str
    known: Known
    facts: PictureFacts | None
    """What decoding showed before; None when it has to be found out."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of one picture."""

    relative: str
    picture_id: str
    facts: PictureFacts | None
    """None when the picture was refused or nothing new was found out."""
    results: tuple[StepResult, ...] = ()
    """Of the steps that ran."""
    refusal: str | None = None
    """Why the picture cannot be used."""


class ChainWorker:
    """Runs the steps over one picture after the other.

    Args:
        steps: In their order; the needs of each stand before it.
        loader: How files are decoded.
        derived: The folder of derived files.
    """

    def __init__(self, steps: Sequence[PictureStep], loader: Loader, derived: Path) -> None:
        self._steps = tuple(steps)
        self._loader = loader
        self._files = DerivedFiles(derived)

    def __call__(self, task: Task) -> Done:
        """Take one picture through the chain.

        Raises:
            StorageError: The disk is full.
        """
        try:
            return self._run(task)
        except (PictureError, ProjectError) as error:
            reason = error.message.removeprefix(f"{task.path}: ")
        except MemoryError:
            reason = "needs more memory than is free; lower pictures.max_megapixels or shrink it"
        except Exception as error:
            error.add_note(f"while looking at {task.path}")
            raise
        return Done(
            relative=task.relative,
            picture_id=task.known.picture_id,
            facts=None,
            refusal=reason,
        )

    def _run(self, task: Task) -> Done:
        known = task.known
        passage = _Passage(task.path, self._loader, self._steps, self._files)
        facts = task.facts
        if facts is None or facts.loader != self._loader.digest:
            facts = facts_of(known.picture_id, passage.original(), self._loader)
        made: list[StepResult] = []
        for step in self._steps:
            if is_skipped(step.name, known):
                continue
            result = known.results.get(step.name)
            if result is None or not still_holds(step, known, passage.earlier, self._files):
                result = self._run_step(step, known, passage)
                made.append(result)
            found = effective(result, known.decisions.get(step.name))
            if found is not None:
                passage.earlier[step.name] = found
        return Done(
            relative=task.relative,
            picture_id=known.picture_id,
            facts=None if facts is task.facts else facts,
            results=tuple(made),
        )

    def _run_step(self, step: PictureStep, known: Known, passage: "_Passage") -> StepResult:
        earlier = {name: passage.earlier[name] for name in step.needs if name in passage.earlier}
        outcome = step.run(passage.seen_by(step), earlier)
        return StepResult(
            picture_id=known.picture_id,
            step=step.name,
            version=step.version,
            settings=settings_digest(step),
            inputs=inputs_digest(known.picture_id, known.loader, step.needs, passage.earlier),
            verdict=outcome.verdict,
            values=outcome.values,
            files={role: self._files.write(pixels) for role, pixels in outcome.files.items()},
            regions=outcome.regions,
            tags=outcome.tags,
        )


class _Passage:
    """One picture on its way: decoded when first needed, and only once."""

    def __init__(
        self, path: Path, loader: Loader, steps: Sequence[PictureStep], files: DerivedFiles
    ) -> None:
        self.earlier: dict[str, StepResult] = {}
        self._path = path
        self._loader = loader
        self._steps = steps
        self._files = files
        self._original: Picture | None = None
        self._changed: tuple[tuple[str, ...], ChainPicture] | None = None

    def original(self) -> Picture:
        if self._original is None:
            self._original = read_picture(
                self._path,
                background=self._loader.background,
                max_megapixels=self._loader.max_megapixels,
            )
        return self._original

    def seen_by(self, step: PictureStep) -> ChainPicture:
        """Return the picture as the needs of a step leave it."""
        names = tuple(
            one.name for one in self._steps if one.name in step.needs and one.name in self.earlier
        )
        if self._changed is not None and self._changed[0] == names:
            return self._changed[1]
        picture = _whole(self.original())
        for one in self._steps:
            if one.name in names:
                picture = one.apply(picture, self.earlier[one.name], self._files)
        # Only the last state is kept: steps mostly see what the one before them saw.
        self._changed = (names, picture)
        return picture


def _whole(picture: Picture) -> ChainPicture:
    whole = Box(0, 0, picture.width, picture.height)
    return ChainPicture(pixels=picture.pixels, alpha=picture.alpha, origin=whole, whole=whole)


def facts_of(picture_id: str, picture: Picture, loader: Loader) -> PictureFacts:
    """Return what is kept of a decoded picture.

    Args:
        picture_id: SHA-256 of the file's bytes.
        picture: As `loader` decodes it.
        loader: How it was decoded.
    """
    digest = hashlib.sha256(f"{picture.width}x{picture.height}".encode())
    digest.update(np.ascontiguousarray(picture.pixels).data)
    if picture.alpha is not None:
        digest.update(np.ascontiguousarray(picture.alpha).data)
    return PictureFacts(
        id=picture_id,
        pixels_id=digest.hexdigest(),
        loader=loader.digest,
        format=picture.format,
        width=picture.width,
        height=picture.height,
        orientation=picture.orientation,
        profile=picture.profile,
        has_alpha=picture.alpha is not None,
        prompt=picture.prompt,
        notes=picture.notes,
    )
