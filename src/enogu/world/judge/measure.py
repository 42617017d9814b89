"""How good a reader is: right answers and honest probabilities, by axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enogu.world.intervals import Score
from enogu.world.judge.pictures import HIDDEN
from enogu.world.judge.reader import Probabilities, Readings

_BINS = 15


@dataclass(frozen=True, kw_only=True)
class AxisAgreement(Score):
    """How many answers of one axis are as expected, of those that can be seen or are expected."""

    axis: str


@dataclass(frozen=True, kw_only=True)
class AxisMeasure(AxisAgreement):
    """One axis, measured on pictures with known answers."""

    calibration_error: float
    """Expected calibration error in 0..1."""
    confusions: tuple[tuple[str, str, int], ...]
    """The most frequent mistakes: (truth, answer, how often)."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """All axes, and all answers together."""

    axes: tuple[AxisMeasure, ...]
    calibration_error: float
    """Over all answers of all axes together."""
    all_right: int
    pictures: int

    @property
    def mean_share(self) -> float:
        """Mean over the axes of the share of right answers."""
        return sum(axis.share for axis in self.axes) / len(self.axes)

    def below(self, share: float) -> list[str]:
        """Return the axes with a lower share of right answers, worst first."""
        poor = [axis for axis in self.axes if axis.share < share]
        return [axis.axis for axis in sorted(poor, key=lambda axis: axis.share)]


def measure_readings(
    readings: Readings,
    answers: NDArray[np.int64],
    questions: Mapping[str, tuple[str, ...]] | None = None,
) -> Measure:
    """Hold readings against known answers.

    Args:
        readings: What the reader said of N pictures.
        answers: [N, questions]; `HIDDEN` where an answer cannot be seen.
        questions: Which axes to measure; all by default.
    """
    measures: list[AxisMeasure] = []
    sure: list[NDArray[np.float32]] = []
    hits: list[NDArray[np.bool_]] = []
    faultless = np.ones(len(readings), bool)
    for place, axis in enumerate(readings.questions):
        if questions is not None and axis not in questions:
            continue
        seen = answers[:, place] != HIDDEN
        table = readings.probabilities(axis)
        guesses = table.argmax(axis=1)
        faultless &= ~seen | (guesses == answers[:, place])
        if not seen.any():
            continue
        hit = guesses[seen] == answers[seen, place]
        confidence = table[seen].max(axis=1)
        sure.append(confidence)
        hits.append(hit)
        measures.append(
            AxisMeasure(
                axis=axis,
                right=int(hit.sum()),
                total=int(seen.sum()),
                calibration_error=expected_calibration_error(confidence, hit),
                confusions=_confusions(
                    readings.questions[axis], answers[seen, place], guesses[seen]
                ),
            )
        )
    return Measure(
        axes=tuple(measures),
        calibration_error=expected_calibration_error(np.concatenate(sure), np.concatenate(hits)),
        all_right=int(faultless.sum()),
        pictures=len(readings),
    )


def expected_calibration_error(confidence: Probabilities, hit: NDArray[np.bool_]) -> float:
    """Return the mean gap between confidence and share of right answers.

    Over 15 bins of equal width, each weighted by its pictures (arXiv:1706.04599, Eq. 3).

    Args:
        confidence: Probability of the chosen answer, shape [N].
        hit: Whether it was right, shape [N].
    """
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = 0.0
    for number in np.unique(bins):
        inside = bins == number
        gap += abs(float(confidence[inside].mean()) - float(hit[inside].mean())) * inside.mean()
    return float(gap)


def _confusions(
    values: tuple[str, ...], truth: NDArray[np.int64], guesses: NDArray[np.int64]
) -> tuple[tuple[str, str, int], ...]:
    wrong = truth != guesses
    pairs, counts = np.unique(
        np.stack([truth[wrong], guesses[wrong]], axis=1), axis=0, return_counts=True
    )
    order = np.argsort(-counts)[:3]
    return tuple((values[pairs[i][0]], values[pairs[i][1]], int(counts[i])) for i in order)
