"""One search: runs tests over the rows, keeps what was found, and puts it in order."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.hit import Tier
from enogu.tags.search.matching import ACROSS_WORDS, READING, Needle, Test
from enogu.tags.search.overlay import Overlay
from enogu.tags.search.postings import Postings
from enogu.tags.search.rows import DEPRECATED, FLAGS_SHIFT, Kind, RowTable
from enogu.tags.search.text_order import TextOrder

if TYPE_CHECKING:
    from enogu.tags.search.typo import TypoTier

# More than the limit, because deprecated and costly matches move down.
_SPARE: Final = 8
_SPARE_FOR_BOOSTS: Final = 24
_BUDGET: Final = 16_384
_FIRST_PIECE: Final = 48
_FEW_STARTS: Final = 160
_PIECE: Final = 1024

_TINY_COUNT: Final = 100
_MUCH_MORE: Final = 10
MEANING_PLACES: Final = 2
"""Places that a full list keeps for tags found by meaning."""
_CHANCE_HITS: Final = 3
_CHANCE_LENGTH: Final = 4

# Members of an enum are slow to look up in Python 3.11, and these are asked for each row.
_EXACT, _PREFIX, _INFIX = Tier.EXACT, Tier.PREFIX, Tier.INFIX
_INITIALS, _MEANING, _TYPO = Tier.INITIALS, Tier.MEANING, Tier.TYPO


@dataclass(slots=True)
class Found:
    """A tag that a tier found."""

    tag_id: int
    tier: Tier
    row: int
    score: float
    deprecated: bool
    across: bool
    """The match runs across the end of a word."""


class Job:
    """What one search has found so far.

    Args:
        rows: The rows.
        order: The rows by their texts.
        postings: Their posting lists.
        limit: Hits wanted.
        shown: Whether tags may appear, by value of their flags.
        overlay: The tags that gain in the ranking.
    """

    def __init__(
        self,
        rows: RowTable,
        order: TextOrder,
        postings: Postings,
        limit: int,
        shown: npt.NDArray[np.bool_],
        overlay: Overlay | None,
    ) -> None:
        self.limit = limit
        self.found: dict[int, Found] = {}
        self.japanese = False
        """The query has kana or kanji: names in letters cost more than readings, not less."""
        self._rows = rows
        self._order = order
        self._postings = postings
        self.shown = shown
        self._overlay = overlay
        self._boosts: Mapping[int, float] = overlay.boosts if overlay else {}
        self._wanted = limit + (_SPARE_FOR_BOOSTS if overlay else _SPARE)

    @property
    def is_full(self) -> bool:
        """Enough tags were found that are not deprecated."""
        return len(self.found) >= self.limit and (
            sum(not found.deprecated for found in self.found.values()) >= self.limit
        )

    def may_be_misspelt(self, needle: Needle) -> bool:
        """Nothing was found, or so little that it may be chance.

        A few letters stand inside some word by chance, and so do the pieces of several words.
        """
        sure = [found for found in self.found.values() if found.tier is not _INITIALS]
        if not sure:
            return True
        if len(sure) >= _CHANCE_HITS or needle.ideographic:
            return False
        short = len(needle.compact) <= _CHANCE_LENGTH or len(needle.words) > 1
        return all((found.tier is _INFIX and short) or found.across for found in sure)

    def load(self, needles: Sequence[Needle]) -> None:
        """Read at once what the first tiers will ask for."""
        self._postings.load([key for needle in needles for key in needle.usual_keys()])

    def may_show(self, tag_id: int) -> bool:
        """Say whether the rating of a tag lets it appear."""
        return bool(self.shown[self._rows.flags_of(tag_id)])

    def run(self, tier: Tier, test: Test, cost: float = 0.0) -> None:
        """Add the tags that pass a test and were not found before."""
        left = self._wanted
        for row, tag_id, own_cost in self._passing(test):
            if tag_id not in self.found:
                self.add(tier, row, tag_id, own_cost + cost)
                left -= 1
                if left == 0:
                    break
        if self._overlay:
            numbers = self._overlay.holding(test.keys) if test.keys else None
            if numbers is not None and numbers.size:
                for row, tag_id, own_cost in self._accepted(test, numbers):
                    if tag_id not in self.found:
                        self.add(tier, row, tag_id, own_cost + cost)

    def run_all(self, tier: Tier, tests: Sequence[Test]) -> None:
        """Run several tests whose lists are read at once."""
        self._postings.load([key for test in tests for key in test.keys])
        for test in tests:
            self.run(tier, test)

    def run_typo(self, typos: "TypoTier", needles: Sequence[Needle]) -> None:
        """Add tags spelt almost like the query."""
        for needle in needles:
            if len(self.found) >= self.limit:
                return
            for cost, row in typos.near(needle, self.shown, 3 * self._wanted):
                tag_id = self._rows.tag_of(row)
                if tag_id not in self.found:
                    self.add(_TYPO, row, tag_id, 0.0)
                    # Popularity weighs less here than the errors.
                    gain = self._boosts.get(tag_id, 0.0)
                    self.found[tag_id].score = gain - cost - needle.cost

    def add_meanings(self, tag_ids: Sequence[int]) -> None:
        """Add tags found by their explanation, given best first."""
        left = MEANING_PLACES if self.is_full else self.limit
        for place, tag_id in enumerate(tag_ids):
            if tag_id in self.found or not self.may_show(tag_id):
                continue
            rows = self._rows.of_tags([tag_id])
            # A name without any letter or sign has no row.
            if rows.size:
                self.add(_MEANING, int(rows[0]), tag_id, 0.01 * place)
                left -= 1
                if left == 0:
                    return

    def add(self, tier: Tier, row: int, tag_id: int, cost: float) -> None:
        """Add a tag; `cost` is what its match takes from its rank."""
        count = self._rows.count_of(tag_id)
        score = math.log1p(count) + self._boosts.get(tag_id, 0.0) - cost
        deprecated = self._rows.flags_of(tag_id) & DEPRECATED != 0
        across = tier is _PREFIX and cost >= ACROSS_WORDS
        self.found[tag_id] = Found(tag_id, tier, row, score, deprecated, across)

    def _passing(self, test: Test) -> Iterator[tuple[int, int, float]]:
        direct: npt.NDArray[np.int32] | None = None
        if test.whole is not None:
            direct = self._order.equal(test.whole)
        elif test.start is not None:
            direct = self._order.starting(test.start, _FEW_STARTS)
        if direct is not None:
            if direct.size:
                yield from self._accepted(test, direct)
            return
        budget = _BUDGET
        start, piece = 0, _FIRST_PIECE
        for numbers in self._postings.holding(test.keys, test.groups):
            start = 0
            while start < numbers.size:
                yield from self._accepted(test, numbers[start : start + piece])
                start += piece
                piece = _PIECE
            budget -= numbers.size
            if budget <= 0:
                return

    def _accepted(
        self, test: Test, numbers: npt.NDArray[np.int32]
    ) -> Iterator[tuple[int, int, float]]:
        rows = self._rows
        rows.read(numbers)
        kinds = rows.kinds[numbers]
        visible = self.shown[kinds >> FLAGS_SHIFT]
        if not visible.all():
            numbers, kinds = numbers[visible], kinds[visible]
        accept = test.accept
        japanese = Kind.ROMAJI | Kind.IDEOGRAPHIC
        for row, tag_id, kind, text in zip(
            numbers.tolist(),
            rows.tags[numbers].tolist(),
            kinds.tolist(),
            rows.texts(numbers),
            strict=True,
        ):
            cost = accept(text)
            if cost is not None:
                as_written = kind & japanese if self.japanese else not kind & Kind.ROMAJI
                yield row, tag_id, cost if as_written else cost + READING

    def chosen(self) -> list[Found]:
        """Return the hits in their order, cut to the limit.

        An exact hit with few posts stands among the prefix hits when one of them has many times
        its posts, but is always among the hits. A full list keeps two places for meaning.
        """
        count_of = self._rows.count_of
        prefixes = [count_of(tag.tag_id) for tag in self.found.values() if tag.tier is _PREFIX]
        best_prefix = max(prefixes, default=0)

        def place(tag: Found) -> tuple[int, bool, float, int]:
            tier = tag.tier
            if tier is _EXACT and best_prefix:
                count = count_of(tag.tag_id)
                if count < _TINY_COUNT and best_prefix > _MUCH_MORE * count:
                    tier = _PREFIX
            return tier, tag.deprecated, -tag.score, tag.tag_id

        ordered = sorted(self.found.values(), key=place)
        chosen, rest = ordered[: self.limit], ordered[self.limit :]
        kept = [tag for tag in rest if tag.tier is _EXACT]
        places = MEANING_PLACES - sum(tag.tier is _MEANING for tag in chosen)
        if places > 0 and self.limit > 2 * MEANING_PLACES:
            kept += [tag for tag in rest if tag.tier is _MEANING][:places]
        if not kept:
            return chosen
        kept = kept[: self.limit]
        return chosen[: self.limit - len(kept)] + kept
