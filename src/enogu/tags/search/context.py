"""What the ranking knows beside the query: what the person uses, what the prompt says."""

import math
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from enogu.tags.search.hit import Mark
from enogu.tags.vocabulary.model import Resolution

DECAY_DAYS: Final = 30.0
"""A use of so many days ago counts 1/e."""

PER_USE: Final = 2.0
PER_LIFT: Final = 0.5
MOST_LIFT: Final = 6.0
"""Bound on the sum of log-lifts, so that a prompt cannot drown the counts."""

_SECONDS_A_DAY: Final = 86_400.0
_PAIRS_OF_A_TAG: Final = 512
_EVERYWHERE: Final = 0.2
_KEPT_TAGS: Final = 256


class SearchableVocabulary(Protocol):
    """What a search needs of a vocabulary."""

    @property
    def connection(self) -> sqlite3.Connection:
        """The open file."""
        ...

    def resolve(self, text: str) -> Resolution:
        """Return which tag a text means."""
        ...

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return every tag that a tag implies."""
        ...

    def excluded_by(self, name: str) -> tuple[str, ...]:
        """Return the tags that cannot stand beside a tag."""
        ...


@dataclass(frozen=True, slots=True)
class PromptContext:
    """What the tags of a prompt say about other tags."""

    marks: Mapping[str, Mark] = field(default_factory=dict[str, Mark])
    """Marks by normal name."""
    lifts: Mapping[int, float] = field(default_factory=dict[int, float])
    """Sum of the log-lifts with the tags of the prompt, by tag id, at most MOST_LIFT."""


class PromptContexts:
    """Works out contexts and keeps what it read, because each key press asks for the same.

    Args:
        vocabulary: The vocabulary.
    """

    def __init__(self, vocabulary: SearchableVocabulary) -> None:
        self._vocabulary = vocabulary
        self._last: tuple[tuple[str, ...], PromptContext] = ((), PromptContext())
        self._pairs: OrderedDict[str, dict[int, float]] = OrderedDict()

    def of(self, in_prompt: Sequence[str]) -> PromptContext:
        """Return the context of a prompt.

        Args:
            in_prompt: Its tags, in any spelling.
        """
        key = tuple(in_prompt)
        if key != self._last[0]:
            self._last = (key, self._worked_out(key))
        return self._last[1]

    def _worked_out(self, texts: Sequence[str]) -> PromptContext:
        names = [self._vocabulary.resolve(text).name for text in texts]
        present = list(dict.fromkeys(name for name in names if name is not None))
        marks: dict[str, Mark] = {}
        lifts: dict[int, float] = {}
        for name in present:
            marks |= dict.fromkeys(self._vocabulary.excluded_by(name), "excluded")
        for name in present:
            marks |= dict.fromkeys(self._vocabulary.ancestors(name), "implied")
            for tag_id, lift in self._lifts(name).items():
                lifts[tag_id] = min(MOST_LIFT, lifts.get(tag_id, 0.0) + lift)
        marks |= dict.fromkeys(present, "present")
        return PromptContext(marks, lifts)

    def _lifts(self, name: str) -> dict[int, float]:
        if name not in self._pairs:
            self._pairs[name] = _read_lifts(self._vocabulary.connection, name)
            if len(self._pairs) > _KEPT_TAGS:
                self._pairs.popitem(last=False)
        return self._pairs[name]


def _read_lifts(connection: sqlite3.Connection, name: str) -> dict[int, float]:
    """Return ln(count(a, b) · N / (count(a) · count(b))) of the tags that gain by `name`."""
    row = connection.execute("SELECT id, count FROM tags WHERE name = ?", (name,)).fetchone()
    (posts,) = connection.execute("SELECT max(count) FROM tags WHERE id < 100").fetchone()
    # A tag on every fifth picture says little, and has too many neighbours to read.
    if row is None or not row[1] or row[1] > posts * _EVERYWHERE:
        return {}
    tag_id, own = row
    found = {
        other: math.log(together * posts / (own * count))
        for other, together, count in connection.execute(
            "SELECT c.b_id, c.count, t.count FROM cooccurrence c JOIN tags t ON t.id = c.b_id "
            "WHERE c.a_id = ? AND t.count > 0 AND c.count > 0",
            (tag_id,),
        )
    }
    best = sorted(found, key=lambda other: -found[other])[:_PAIRS_OF_A_TAG]
    return {other: found[other] for other in best if found[other] > 0}


class OwnUse:
    """How often the person used each tag lately.

    Args:
        connection: The vocabulary file.
        clock: Seconds since 1970.
    """

    def __init__(
        self, connection: sqlite3.Connection, clock: Callable[[], float] = time.time
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._version: tuple[int, int] | None = None
        self._uses: dict[int, float] = {}

    def uses(self) -> Mapping[int, float]:
        """Return uses by tag id, each worth exp(−days / 30); read again when they changed."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        seen = (version, self._connection.total_changes)
        if seen != self._version:
            self._version = seen
            self._uses = self._read()
        return self._uses

    def _read(self) -> dict[int, float]:
        now = self._clock()
        uses: dict[int, float] = {}
        for tag_id, number, last_used in self._connection.execute(
            # A cross join keeps the order: few tags were used, and all would be read otherwise.
            "SELECT t.id, u.positive + u.negative, u.last_used FROM usage u "
            "CROSS JOIN tags t ON t.name = u.name"
        ):
            days = max(0.0, now - last_used) / _SECONDS_A_DAY
            uses[tag_id] = uses.get(tag_id, 0.0) + number * math.exp(-days / DECAY_DAYS)
        return uses
