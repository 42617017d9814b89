"""The judge: reads every axis of the drawn world, and every tag, back from a picture."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enogu.tags.tagger import TagProbabilities
from enogu.world.axes import AXES, GENERAL_TAGS, IMPLIED, KNOWN_TAGS, TAGS, Traits, visible_axes
from enogu.world.judge.files import read_reader
from enogu.world.judge.reader import Pixels, Reader, Readings

FILES_DIR = Path(__file__).resolve().parent / "files"
JUDGE_PATH = FILES_DIR / "judge.safetensors"
REBUILD = "enogu world train-judge"


@dataclass(frozen=True, kw_only=True)
class Judgement(Readings):
    """What the judge says about some pictures, as axes and as tags."""

    @property
    def visible(self) -> list[tuple[str, ...]]:
        """The axes that can be seen, by picture: closed eyes hide the colour of the eyes."""
        return [visible_axes(Traits(values)) for values in self.answers]

    def tags(self, threshold: float = 0.5) -> list[TagProbabilities]:
        """Return the tags of each picture whose probability reaches `threshold`.

        Args:
            threshold: In 0..1; 0 returns every tag that can be seen.
        """
        columns = {tag: self._tag_column(tag) for tag in sorted(KNOWN_TAGS)}
        result: list[TagProbabilities] = []
        for i, visible in enumerate(self.visible):
            seen = set(visible)
            result.append(
                {
                    tag: float(column[i])
                    for tag, column in columns.items()
                    if column[i] >= threshold and _can_be_seen(tag, seen)
                }
            )
        return result

    def _tag_column(self, tag: str) -> NDArray[np.float32]:
        """Return the probability of one tag in each picture, shape [N]."""
        if tag in GENERAL_TAGS:
            return np.ones(len(self), np.float32)
        if tag in TAGS:
            column = np.ones(len(self), np.float32)
            for axis, value in TAGS[tag].items():
                column = column * self.probabilities(axis)[:, self.questions[axis].index(value)]
            return column
        # A tag that only follows from others: by axis the chances of its causes add up, as a
        # picture shows one answer of an axis; between axes they are taken as independent.
        missing = np.ones(len(self), np.float32)
        for axis, values in _causes(tag).items():
            places = [self.questions[axis].index(value) for value in values]
            missing = missing * (1 - self.probabilities(axis)[:, places].sum(axis=1))
        return np.clip(1 - missing, 0, 1)


@functools.cache
def _causes(tag: str) -> dict[str, tuple[str, ...]]:
    """Return the answers from which `tag` follows, by their leading axis."""
    causes: dict[str, dict[str, None]] = {}
    for cause, implied in IMPLIED.items():
        if tag in implied:
            axis, value = next(iter(TAGS[cause].items()))
            causes.setdefault(axis, {})[value] = None
    return {axis: tuple(values) for axis, values in causes.items()}


@functools.cache
def _axes_of(tag: str) -> frozenset[str]:
    return frozenset(TAGS[tag] if tag in TAGS else _causes(tag))


def _can_be_seen(tag: str, visible: set[str]) -> bool:
    axes = _axes_of(tag)
    return axes <= visible if tag in TAGS else not axes or bool(axes & visible)


class Judge(Reader):
    """Reads axes and tags of the drawn world; also the embedded tagger (`tags.tagger.Tagger`)."""

    def __call__(self, pictures: Sequence[Image.Image] | Pixels) -> Judgement:
        """Return what is seen in `pictures`: pictures of any size, or uint8 [N, 128, 128, 3]."""
        readings = self.read(pictures)
        return Judgement(questions=readings.questions, table=readings.table)

    def tag(self, pictures: Sequence[Image.Image]) -> list[TagProbabilities]:
        """Return every tag that can be seen, with its probability, for each picture."""
        return self(pictures).tags(threshold=0.0)


def load_judge(path: Path = JUDGE_PATH) -> Judge:
    """Load the shipped judge, or another one.

    Raises:
        WorldError: The file is missing, damaged, or was trained on another vocabulary; the
            message says how to make it anew.
    """
    reader = read_reader(path, AXES, rebuild=REBUILD)
    return Judge(reader.net, reader.questions, reader.temperatures, reader.shape, reader.facts)
