"""What the vocabulary says about a tag."""

from dataclasses import dataclass
from typing import Final, Literal

Rating = Literal["general", "sensitive", "questionable", "explicit"]
RATINGS: Final[tuple[Rating, ...]] = ("general", "sensitive", "questionable", "explicit")
"""From what everybody may see to what only adults may; the column `tags.rating` holds the index."""

Measure = Literal["frequency", "cosine", "jaccard", "overlap"]
MEASURES: Final[tuple[Measure, ...]] = ("cosine", "jaccard", "overlap", "frequency")

How = Literal["tag", "alias", "other_name", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TagInfo:
    """One tag with everything known about it."""

    name: str
    """Normal name, as ``cat_ears``."""
    site: str
    """Where the entry comes from: ``danbooru``, ``e621``, ``enogu``."""
    category: str
    """``general``, ``artist``, ``copyright``, ``character``, ``meta``, ``species``, …"""
    count: int
    """Posts with the tag; estimates for the embedded words."""
    rating: str
    """One of :data:`RATINGS`."""
    deprecated: bool
    """The site no longer uses it."""
    heirs: tuple[str, ...] = ()
    """What to use instead of a deprecated tag."""
    group: str = ""
    """Its group (``hair``, ``eyes`` …), or nothing."""
    japanese: tuple[str, ...] = ()
    """Japanese names, best first."""
    readings: tuple[str, ...] = ()
    """Hiragana readings of the Japanese names."""
    aliases: tuple[str, ...] = ()
    """Other names that mean this tag and no other."""
    implies: tuple[str, ...] = ()
    """Direct parents: tags that are true whenever this one is."""
    implied_by: tuple[str, ...] = ()
    """Direct children."""
    series: tuple[str, ...] = ()
    """Series a character belongs to, where a source says so."""
    explanation: str = ""
    """One line, English."""
    explanation_ja: str = ""
    """One line, Japanese."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What a text means."""

    text: str
    """The text that was asked for."""
    name: str | None
    """Normal name of the tag it means, or None."""
    how: How
    """Found as the tag itself, through an alias, through another name, or not at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A tag that often stands beside another."""

    name: str
    """Normal name."""
    count: int
    """Posts with the tag."""
    together: int
    """Posts with both."""
    score: float
    """The measure that was asked for, 0 to 1."""
