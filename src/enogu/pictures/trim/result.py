"""Settings of trimming and what it returns."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from enogu.pictures.box import Box
from enogu.pictures.limits import check_limits

Side: TypeAlias = Literal["left", "top", "right", "bottom"]

Reason: TypeAlias = Literal["border", "letterbox", "text bar", "blank margin", "signature"]

Verdict: TypeAlias = Literal["keep", "trim", "unsure"]

SizeCheck: TypeAlias = Literal["enough", "was too small", "becomes too small"]

SIDES: tuple[Side, ...] = ("left", "top", "right", "bottom")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrimSettings:
    """How much a rim may differ from one colour, and what is worth a cut."""

    tolerance: int = 12
    """Levels, 0 to 255, by which a channel may leave the rim colour: noise, JPEG, scans."""
    min_border: float = 0.025
    """Thinner borders stay, as a share of the side: a panel's frame belongs to the drawing."""
    max_text_bar: float = 0.2
    """Bars with text are sought up to this share of the height."""
    min_content: float = 0.3
    """A drawing that fills less of the picture than this has margins worth asking about."""
    margin: float = 0.05
    """Air left around such a drawing, as a share of its longer side."""
    resolution: int = 512
    """Side in pixels of the square that training uses; smaller results are reported."""

    def __post_init__(self) -> None:
        check_limits(
            "trim",
            {
                "tolerance": (self.tolerance, 0, 100),
                "min_border": (self.min_border, 0.0, 0.5),
                "max_text_bar": (self.max_text_bar, 0.0, 0.5),
                "min_content": (self.min_content, 0.0, 1.0),
                "margin": (self.margin, 0.0, 1.0),
                "resolution": (self.resolution, 1, 65536),
            },
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One strip along one side."""

    side: Side
    reason: Reason
    px: int
    """Thickness of the strip, at least 1."""
    certainty: float
    """0 to 1. Cuts of one strip of several layers are counted apart, outermost first."""
    sure: bool
    """Whether the cut may be made without asking."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrimResult:
    """What to keep of a picture, and why."""

    verdict: Verdict
    """``trim``: `box` may be cut out; ``unsure``: look at `proposal` first; ``keep``: nothing."""
    box: Box
    """After the sure cuts only; the whole picture when there are none."""
    proposal: Box
    """After all cuts, inside or equal to `box`."""
    cuts: tuple[Cut, ...]
    """In the order they were found, from outside to inside."""
    certainty: float
    """0 to 1: that of the least certain cut that `verdict` rests on; 1 for ``keep``."""
    size: SizeCheck
    """Whether `proposal` still has as many pixels as the square of the training resolution."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Each reason once, in the order of the cuts."""
        return tuple(dict.fromkeys(cut.reason for cut in self.cuts))
