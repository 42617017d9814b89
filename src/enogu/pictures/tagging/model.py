"""What a tagger is to the records: a name, a version, and how it is opened where it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from enogu.tags.tagger import Tagger

KEPT_FROM: Final = 0.05
"""Scores from here on are kept; a limit can be moved down to this without reading again."""

GENERAL: Final = "general"
CHARACTER: Final = "character"
COPYRIGHT: Final = "copyright"
RATING: Final = "rating"

RATING_PREFIX: Final = "rating:"
"""Ratings are told apart from tags of the same name by this, as in ``rating:general``."""

STEP_PREFIX: Final = "tags:"


@dataclass(frozen=True, kw_only=True, eq=False)
class NamedTagger:
    """A tagger that is ready, with what its tags are."""

    tagger: Tagger
    categories: Mapping[str, str] = field(default_factory=dict[str, str])
    """By tag as the tagger spells it; tags that are missing are general."""


@dataclass(frozen=True, kw_only=True)
class TaggerSource:
    """A tagger before it is opened. It can be sent to other processes."""

    name: str
    """Said in the records as the source of each tag, such as ``judge``."""
    digest: str
    """Names the exact weights and labels: what was read with others is read anew."""
    open: Callable[[], NamedTagger]
    """Loads the weights; may take seconds."""
    general: float = 0.35
    """The limit that fits this tagger when the person names none, 0 to 1."""


def tagger_step_name(source: str) -> str:
    """Return the name under which the records keep what one tagger read."""
    return f"{STEP_PREFIX}{source}"


def tagger_of_step(step: str) -> str | None:
    """Return the tagger whose readings a step of the records holds; None for other steps."""
    return step.removeprefix(STEP_PREFIX) if step.startswith(STEP_PREFIX) else None
