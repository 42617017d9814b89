"""What the background step is asked and what it answers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from enogu.errors import ConfigError
from enogu.pictures.box import Box
from enogu.pictures.pixels import WHITE, Colour, Pixels, parse_colour

Method: TypeAlias = Literal["alpha", "flat", "smooth", "model", "none"]
Enclosed: TypeAlias = Literal["auto", "subject", "background"]


@dataclass(frozen=True, kw_only=True)
class BackgroundSettings:
    """How a background is told from its subject."""

    enclosed: Enclosed = "auto"
    """Spots of the background's colour inside the subject, such as the gap between arm and body.
    ``auto`` takes them as background unless the background is nearly white or black, where white
    clothes and eyes look the same."""
    laid_on: str = WHITE
    """The colour on which a picture with an alpha channel was laid when it was read, as
    ``#rrggbb``; it is taken out of half-transparent pixels."""
    max_megapixels: float = 16.0
    """Larger pictures are looked at in a smaller copy, and the mask is scaled up, so that memory
    and time stay within bounds."""
    min_subject: float = 0.01
    """Smaller subjects are unsure: share of the picture, 0 to 1."""
    max_subject: float = 0.85
    """Larger subjects are unsure: share of the picture, 0 to 1."""

    def __post_init__(self) -> None:
        """Check the values against each other."""
        if self.enclosed not in ("auto", "subject", "background"):
            raise ConfigError(
                f"enclosed must be auto, subject or background, got {self.enclosed!r}"
            )
        parse_colour(self.laid_on)
        if self.max_megapixels <= 0:
            raise ConfigError(f"max_megapixels must be above 0, got {self.max_megapixels:g}")
        if not 0 <= self.min_subject < self.max_subject <= 1:
            raise ConfigError(
                "the subject's share must be 0 <= min_subject < max_subject <= 1, got "
                f"{self.min_subject:g} and {self.max_subject:g}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """What is subject and what is background in one picture."""

    method: Method
    """How it was found; ``none`` where nothing fitted."""
    sure: bool
    """Whether the mask may be used without a look at it."""
    reason: str
    """In plain words: what was found, or why it is not sure."""
    mask: Pixels | None
    """uint8 [H, W], 255 = subject, with a soft edge; None for ``none``. A proposal where not
    sure."""
    foreground: Pixels | None
    """uint8 [H, W, 3], the picture with the background's colour taken out of the soft edge; None
    for ``none``."""
    colour: Colour | None
    """The background's mean colour; None where it is transparent or was not found."""
    subject: Box | None
    """The subject's box; None where there is no mask or nothing in it."""
    coverage: float
    """The subject's share of the picture, 0 to 1."""

    @property
    def verdict(self) -> str:
        """The verdict for the records: the method, or ``unsure``."""
        return self.method if self.sure else "unsure"
