"""What was measured in a run, read back from its events, in numbers that can be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from enogu.train.events import Event
from enogu.train.validation import Band, Losses

# Student's t for 95 % on both sides, by degrees of freedom; above the table 1.96 is near enough.
_STUDENT = {
    **{1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262},
    **{10: 2.228, 11: 2.201, 12: 2.179, 14: 2.145, 16: 2.120, 20: 2.086, 30: 2.042},
}


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences.

    Attributes:
        mean: Of one number per picture.
        error: Its standard error.
        half_width: Half of its 95 % interval (Student's t); infinite below two pictures.
    """

    mean: float
    error: float
    half_width: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return abs(self.mean) > self.half_width


@dataclass(frozen=True, kw_only=True)
class Side:
    """Losses of the pictures of one side at every measured step, as shares of those at step 0.

    Attributes:
        pictures: [step][picture]: the mean over the bands, each band divided by its mean over the
            pictures at the first measurement. The mean over the pictures is 1 there.
        bands: [step][band]: the mean over the pictures, divided likewise.
    """

    pictures: list[list[float]]
    bands: list[list[float]]

    @property
    def means(self) -> list[float]:
        """One number per measured step."""
        return [_mean(values) for values in self.pictures]

    def difference(self, step: int, other: int) -> Difference:
        """Return by how much the loss at one place in the list of steps is below another's."""
        pairs = zip(self.pictures[step], self.pictures[other], strict=True)
        return paired(tuple(there - here for here, there in pairs))


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """All measurements of a run that used the same pictures as its last one.

    Attributes:
        steps: Steps done, ascending; the first is what all are compared with.
        bands: Timesteps of each band.
        training: Pictures that are trained.
        held_out: Pictures that are not.
    """

    steps: tuple[int, ...]
    bands: tuple[Band, ...]
    training: Side
    held_out: Side

    @property
    def gaps(self) -> list[float]:
        """Held-out share minus training share at every step: what is learnt by heart."""
        pairs = zip(self.held_out.means, self.training.means, strict=True)
        return [held - trained for held, trained in pairs]


def read_measurements(events: Sequence[Event]) -> Measurements | None:
    """Return what a run measured, or None when it measured nothing."""
    found = {event["step"]: event for event in events if event["event"] == "validation"}
    if not found:
        return None
    last = found[max(found)]
    # A resumed run may measure other pictures; what came before cannot be compared with it.
    kept = [found[step] for step in sorted(found) if _same(found[step], last)]
    return Measurements(
        steps=tuple(int(event["step"]) for event in kept),
        bands=tuple((int(low), int(high)) for low, high in last["bands"]),
        training=_side([event["training"] for event in kept]),
        held_out=_side([event["held_out"] for event in kept]),
    )


def paired(differences: Sequence[float]) -> Difference:
    """Return mean, standard error and 95 % interval of differences, one per picture."""
    count = len(differences)
    mean = _mean(differences)
    if count < 2:
        return Difference(mean, math.inf, math.inf)
    variance = sum((value - mean) ** 2 for value in differences) / (count - 1)
    error = math.sqrt(variance / count)
    known = [freedom for freedom in _STUDENT if freedom <= count - 1]
    return Difference(mean, error, (_STUDENT[max(known)] if count <= 60 else 1.96) * error)


def _same(one: Event, other: Event) -> bool:
    return one["bands"] == other["bands"] and one["names"] == other["names"]


def _side(losses: Sequence[Losses]) -> Side:
    first = losses[0]
    scales = [max(_mean(column), 1e-12) for column in zip(*first, strict=True)]

    def shares(picture: Sequence[float]) -> list[float]:
        return [value / scale for value, scale in zip(picture, scales, strict=True)]

    scaled = [[shares(picture) for picture in at_step] for at_step in losses]
    return Side(
        pictures=[[_mean(picture) for picture in at_step] for at_step in scaled],
        bands=[[_mean(column) for column in zip(*at_step, strict=True)] for at_step in scaled],
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
