"""What a search finds."""

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Literal

Mark = Literal["present", "implied", "excluded", "deprecated"]


class Tier(IntEnum):
    """How a tag was found; a hit of a lower tier stands above all of a higher one."""

    EXACT = 0
    """One of its names is the query."""
    PREFIX = 1
    """A name starts with the query."""
    WORDS = 2
    """The words of the query start words of a name, in any order."""
    INFIX = 3
    """The pieces of the query stand somewhere in a name."""
    INITIALS = 4
    """First letters of the words, or starts of words glued together."""
    MEANING = 5
    """The explanation has the words of the query."""
    TYPO = 6
    """A name is spelt almost like the query."""
    WILDCARD = 7
    """A name fits the pattern with ``*``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One tag that a search found."""

    name: str
    """Normal name, as ``cat_ears``."""
    spoken: str
    """As captions and prompts show it: ``cat ears``."""
    tier: str
    """``exact``, ``prefix``, ``words``, ``infix``, ``initials``, ``meaning``, ``typo`` or
    ``wildcard``."""
    score: float
    """Rank inside the tier: larger is better."""
    matched: str
    """The name that was found: the tag itself, an alias, a Japanese name or a reading."""
    count: int
    """Posts with the tag."""
    category: str
    """``general``, ``character`` …"""
    japanese: str
    """The first Japanese name, or nothing."""
    marks: tuple[Mark, ...] = ()
    """``present``: stands in the prompt. ``implied``: something in the prompt says it already.
    ``excluded``: contradicts something in the prompt. ``deprecated``: use an heir."""
    heirs: tuple[str, ...] = ()
    """What to use instead of a deprecated tag."""

    def to_dict(self) -> dict[str, object]:
        """Return the hit for JSON."""
        return asdict(self)
