"""A trained reader of pictures: a folded network, the questions it answers, and how sure it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from enogu.world.judge.network import INPUT_PX, JudgeNet, JudgeShape

Pixels = NDArray[np.uint8]
Probabilities = NDArray[np.float32]

BATCH_SIZE = 32


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What a reader says about some pictures."""

    questions: Mapping[str, tuple[str, ...]]
    table: Probabilities
    """Shape [N, all answers of all questions], each question's part summing to 1."""

    def __len__(self) -> int:
        return len(self.table)

    def probabilities(self, axis: str) -> Probabilities:
        """Return the probability of each answer on `axis`, shape [N, answers].

        Raises:
            KeyError: There is no such axis.
        """
        start = 0
        for name, values in self.questions.items():
            if name == axis:
                return self.table[:, start : start + len(values)]
            start += len(values)
        raise KeyError(f"no axis {axis!r}; there are {', '.join(self.questions)}")

    @property
    def answers(self) -> list[dict[str, str]]:
        """The likeliest answer on every axis, one dictionary per picture."""
        best = {axis: self.probabilities(axis).argmax(axis=1) for axis in self.questions}
        return [
            {axis: self.questions[axis][int(places[i])] for axis, places in best.items()}
            for i in range(len(self))
        ]


class Reader:
    """Answers fixed questions about pictures.

    Args:
        net: Folded, see :func:`enogu.world.judge.network.fold_batch_norm`.
        questions: Axes with their answers, in the order of the network's outputs.
        temperatures: By axis; logits are divided by them, so that probabilities are frequencies.
        shape: Widths of `net`.
        facts: How it was trained, for its card.
    """

    def __init__(
        self,
        net: JudgeNet,
        questions: Mapping[str, tuple[str, ...]],
        temperatures: Mapping[str, float],
        shape: JudgeShape,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self.net = net
        self.questions = dict(questions)
        self.temperatures = {axis: float(temperatures[axis]) for axis in questions}
        self.shape = shape
        self.facts = dict(facts or {})

    def read(self, pictures: Sequence[Image.Image] | Pixels) -> Readings:
        """Return what is seen in `pictures`.

        Args:
            pictures: Pictures of any size, or uint8 [N, 128, 128, 3].
        """
        parts = [
            softmax_by_question(self.logits(pixels), self.questions, self.temperatures)
            for pixels in _batches(pictures)
        ]
        width = sum(len(values) for values in self.questions.values())
        table = np.concatenate(parts) if parts else np.zeros((0, width), np.float32)
        return Readings(questions=self.questions, table=table)

    @torch.inference_mode()
    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return raw scores [N, answers] of uint8 [N, 128, 128, 3]."""
        return self.net(to_planes(pixels)).numpy()


def to_planes(pixels: Pixels) -> Tensor:
    """Return uint8 [N, H, W, 3] as float32 [N, 3, H, W] in [0, 1], channels-last in memory."""
    # A copy, because torch wants memory that it may write to; it costs next to nothing here.
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float().div_(255)


def softmax_by_question(
    logits: NDArray[np.float32],
    questions: Mapping[str, Sequence[str]],
    temperatures: Mapping[str, float],
) -> Probabilities:
    """Return logits [N, answers] as probabilities, question by question."""
    parts: list[Probabilities] = []
    start = 0
    for axis, values in questions.items():
        scores = logits[:, start : start + len(values)] / temperatures[axis]
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        parts.append((exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32))
        start += len(values)
    return np.concatenate(parts, axis=1)


def _batches(pictures: Sequence[Image.Image] | Pixels) -> list[Pixels]:
    starts = range(0, len(pictures), BATCH_SIZE)
    if isinstance(pictures, np.ndarray):
        return [pictures[start : start + BATCH_SIZE] for start in starts]
    return [
        np.stack([fit_square(picture) for picture in pictures[start : start + BATCH_SIZE]])
        for start in starts
    ]


def fit_square(picture: Image.Image) -> Pixels:
    """Return a picture as uint8 [128, 128, 3]; one that is not square gets white margins."""
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    if picture.size == (INPUT_PX, INPUT_PX):
        return np.asarray(picture)
    if picture.width != picture.height:
        side = max(picture.size)
        square = Image.new("RGB", (side, side), "#ffffff")
        square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
        picture = square
    return np.asarray(picture.resize((INPUT_PX, INPUT_PX), Image.Resampling.LANCZOS))
