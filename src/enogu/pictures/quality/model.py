"""What the quality step is asked and what it answers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from enogu.errors import ConfigError

Fault: TypeAlias = Literal[
    "too-small", "blurred", "enlarged", "blocky", "noisy", "dark", "empty", "text-heavy"
]


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """From where on a picture is flagged. The limits fit drawings: flat areas are no fault."""

    min_side_px: int = 64
    """Pictures whose shorter side is less are too small for any base."""
    resolution_px: int = 0
    """Training resolution, as the side of a square; 0 leaves the next setting out."""
    max_enlargement: float = 2.0
    """By how much a picture may have to be enlarged for training, as a factor of its side."""
    blurred_below: float = 0.24
    """Sharpness (see :class:`Measures`) of a blurred picture."""
    enlarged_below: float = 0.35
    """Sharpness of a picture that was enlarged three times or more, or softly blurred."""
    max_blocks: float = 1.45
    """How far steps on the 8-pixel grid of JPEG may stand out."""
    max_noise: float = 4.0
    """Standard deviation of noise, in grey levels."""
    dark_below: float = 100.0
    """Brightness of the lightest hundredth, in grey levels."""
    empty_below: float = 0.004
    """Share of the picture with anything drawn in it, 0 to 1."""
    max_text: float = 0.115
    """Share of the picture covered by lines of text, 0 to 1."""

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("min_side_px", "resolution_px"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more pixels, got {getattr(self, name)}")
        if self.max_enlargement < 1:
            raise ConfigError(f"max_enlargement must be 1 or more, got {self.max_enlargement:g}")
        if not 0 <= self.blurred_below <= self.enlarged_below <= 1:
            raise ConfigError(
                "sharpness must be 0 <= blurred_below <= enlarged_below <= 1, got "
                f"{self.blurred_below:g} and {self.enlarged_below:g}"
            )
        for name in ("empty_below", "max_text"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is a share, 0 to 1; got {getattr(self, name):g}")


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What was measured in one picture."""

    sharpness: float | None
    """Steepness of the sharper quarter of its edges: the largest step between two pixels as a
    share of the edge's whole height, 0 to 1. A clean drawing has 0.5 to 1, one enlarged four
    times 0.25 to 0.3, one blurred with a radius of 3 pixels 0.2. None where there are no edges."""
    blocks: float
    """Size of steps at every eighth pixel, beside the next largest; 1 where there is no grid."""
    noise: float
    """Standard deviation of the noise in grey levels."""
    brightness: float
    """The 99th percentile of its grey levels, 0 to 255."""
    drawn: float
    """Share of the picture near any visible edge, 0 to 1."""
    text: float
    """Share of the picture covered by lines of text, 0 to 1."""
    pixel_size: int
    """2 or more for pixel art whose pixels are squares of that side; else 1."""
    enlargement: float
    """Factor on its side to reach the training resolution; 1 where it is large enough or no
    resolution was given."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault of a picture."""

    fault: Fault
    message: str
    """In plain words, with the measured value and the limit."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The faults of one picture and what they were read from."""

    findings: tuple[Finding, ...]
    measures: Measures

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The kinds of fault, in the order of `findings`."""
        return tuple(finding.fault for finding in self.findings)

    @property
    def verdict(self) -> str:
        """The verdict for the records: ``clean`` or ``flagged``."""
        return "flagged" if self.findings else "clean"
