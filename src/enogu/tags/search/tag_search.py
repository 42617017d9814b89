"""Finding tags: the tiers one after the other, and what is told about each hit."""

import math
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from enogu.errors import VocabularyError
from enogu.tags.names import spoken_name
from enogu.tags.search.build import INDEX_VERSION, ROW_TABLE
from enogu.tags.search.context import (
    PER_LIFT,
    PER_USE,
    OwnUse,
    PromptContext,
    PromptContexts,
    SearchableVocabulary,
)
from enogu.tags.search.folding import MAX_QUERY_LENGTH, Folded, fold_query
from enogu.tags.search.hit import Hit, Mark, Tier
from enogu.tags.search.job import Job
from enogu.tags.search.matching import (
    Needle,
    Test,
    needles_of,
    wildcard_test,
    without_latin_tail,
)
from enogu.tags.search.meaning import MeaningIndex
from enogu.tags.search.overlay import Overlay, merged_boosts
from enogu.tags.search.postings import Postings
from enogu.tags.search.rows import DEPRECATED, RATING_MASK, RowTable
from enogu.tags.search.text_order import TextOrder
from enogu.tags.vocabulary.model import RATINGS

if TYPE_CHECKING:
    from enogu.tags.search.typo import TypoTier

MOST_HITS: Final = 1000
"""A search answers with at most so many tags."""

_LITERAL_TIERS: Final[tuple[tuple[Tier, Callable[[Needle], Test | None]], ...]] = (
    (Tier.EXACT, Needle.exact),
    (Tier.PREFIX, Needle.prefix),
    (Tier.WORDS, Needle.any_order),
    (Tier.INFIX, Needle.inside),
    (Tier.INITIALS, Needle.initials),
)

_MOST_RESPELT: Final = 4
"""Words of a query that are put right one by one; more would take too long."""

_FIRST_READ: Final = Tier.WORDS
"""The first tier that always reads posting lists."""

# One query for all hits: most of the time of a query goes into starting it.
_HIT_QUERY: Final = """
WITH found (place, tag_id, form_id) AS (VALUES {marks})
SELECT found.place, t.name, t.category, t.count, m.text,
       (SELECT f.text FROM forms f WHERE f.tag_id = t.id AND f.kind = 'other'
        AND f.language = 'ja' ORDER BY f.id LIMIT 1)
FROM found CROSS JOIN tags t ON t.id = found.tag_id CROSS JOIN forms m ON m.id = found.form_id
"""


class TagSearch:
    """Finds tags in a vocabulary.

    One object serves one thread, like the vocabulary. Making one is cheap; what searches read of
    the file stays in memory.

    Args:
        vocabulary: An open vocabulary.

    Raises:
        VocabularyError: The vocabulary has no search index, or one of another version.
    """

    def __init__(self, vocabulary: SearchableVocabulary) -> None:
        self._connection = vocabulary.connection
        _check_version(self._connection)
        self._rows = RowTable(self._connection)
        self._order = TextOrder(self._connection, self._rows)
        self._postings = Postings(self._connection, ROW_TABLE)
        self._meanings = MeaningIndex(self._connection)
        self._contexts = PromptContexts(vocabulary)
        self._own_use = OwnUse(self._connection)
        self._overlay: tuple[object, object, Overlay | None] = (None, None, None)

    @cached_property
    def _typos(self) -> "TypoTier":
        # The library that compares strings is loaded when the first error is met.
        from enogu.tags.search.typo import TypoTier

        return TypoTier(self._rows, self._postings)

    def search(
        self,
        text: str,
        *,
        limit: int = 10,
        in_prompt: Sequence[str] = (),
        ratings: Collection[str] = ("general",),
    ) -> list[Hit]:
        """Return the tags that a text means, begins or misspells, best first.

        Args:
            text: What was typed: any script, any spelling; ``*`` stands for any characters.
            limit: At most this many, 1 to 1000.
            in_prompt: The tags of the prompt, in any spelling. They are marked, and what often
                stands beside them gains.
            ratings: What may appear.

        Returns:
            The hits. Better tiers come first; an exact hit with few posts may stand below popular
            tags that only start like it.

        Raises:
            VocabularyError: `limit` or a rating is not allowed.
        """
        if not 1 <= limit <= MOST_HITS:
            raise VocabularyError(f"limit must be 1 to {MOST_HITS}, got {limit}")
        context = self._contexts.of(in_prompt)
        overlay = self._overlay_for(context)
        job = Job(self._rows, self._order, self._postings, limit, _shown_flags(ratings), overlay)
        text = text[:MAX_QUERY_LENGTH]
        if "*" in text:
            test = wildcard_test(text)
            if test is not None:
                job.run(Tier.WILDCARD, test)
        else:
            query = fold_query(text)
            if query.words:
                self._search(query, job)
        return self._hits(job, context)

    def nearest(
        self, text: str, limit: int = 3, ratings: Collection[str] = ("general",)
    ) -> list[str]:
        """Return the names of the tags spelt most like a text, best first.

        Args:
            text: A word that may hold one or two typing errors.
            limit: At most this many, 1 to 1000.
            ratings: What may appear.
        """
        query = fold_query(text)
        job = Job(self._rows, self._order, self._postings, limit, _shown_flags(ratings), None)
        if query.words:
            needles = needles_of(query)
            for needle in needles:
                job.run(Tier.EXACT, needle.exact())
            job.run_typo(self._typos, needles)
        return [hit.name for hit in self._hits(job, PromptContext())]

    def _search(self, query: Folded, job: Job) -> None:
        needles = needles_of(query)
        job.japanese = query.ideographic
        _run_literal(needles, job)
        job.add_meanings(self._meanings.tags(query, 2 * job.limit))
        if not job.found:
            shorter = without_latin_tail(query)
            if shorter is not None:
                _run_literal(needles_of(shorter), job)
        may_be_misspelt = job.may_be_misspelt(needles[0])
        if not job.found:
            job.run_all(Tier.INITIALS, list(needles[0].glued()))
            job.add_meanings(self._meanings.loosely(query, job.limit))
        if may_be_misspelt:
            job.run_typo(self._typos, needles)
        if not job.found:
            respelt = self._respelt(query, job)
            if respelt is not None:
                _run_literal(needles_of(respelt), job)
                job.add_meanings(self._meanings.tags(respelt, job.limit))
                job.add_meanings(self._meanings.loosely(respelt, job.limit))

    def _respelt(self, query: Folded, job: Job) -> Folded | None:
        """Return a query of several words with those put right that no name has."""
        if query.ideographic or not 2 <= len(query.words) <= _MOST_RESPELT:
            return None
        words: list[str] = []
        for word in query.words:
            alone = Job(self._rows, self._order, self._postings, 1, job.shown, None)
            _run_literal(needles_of(Folded((word,), ideographic=False)), alone)
            known = None if alone.found else self._typos.word_like(word, job.shown)
            words.append(known or word)
        return Folded(tuple(words), ideographic=False) if tuple(words) != query.words else None

    def _overlay_for(self, context: PromptContext) -> Overlay | None:
        """Return the tags that gain; kept as long as neither use nor prompt change."""
        uses = self._own_use.uses()
        if self._overlay[0] is not uses or self._overlay[1] is not context:
            boosts = merged_boosts(
                ((tag_id, PER_USE * math.log1p(number)) for tag_id, number in uses.items()),
                ((tag_id, PER_LIFT * lift) for tag_id, lift in context.lifts.items()),
            )
            overlay = Overlay(self._rows, boosts) if boosts else None
            self._overlay = (uses, context, overlay)
        return self._overlay[2]

    def _hits(self, job: Job, context: PromptContext) -> list[Hit]:
        self._add_heirs(job)
        chosen = job.chosen()
        if not chosen:
            return []
        values = [
            value
            for place, found in enumerate(chosen)
            for value in (place, found.tag_id, self._rows.form_of(found.row))
        ]
        query = _HIT_QUERY.format(marks=", ".join(["(?, ?, ?)"] * len(chosen)))
        hits: list[Hit] = []
        for place, name, category, count, matched, japanese in sorted(
            self._connection.execute(query, values)
        ):
            found = chosen[place]
            marks: list[Mark] = [context.marks[name]] if name in context.marks else []
            heirs: tuple[str, ...] = ()
            if found.deprecated:
                marks.append("deprecated")
                heirs = tuple(heir for _, _, heir in self._heirs([found.tag_id]))
            hit = Hit(
                name=name,
                spoken=spoken_name(name),
                tier=found.tier.name.lower(),
                score=round(found.score, 3),
                matched=matched,
                count=count,
                category=category,
                japanese=japanese or "",
                marks=tuple(marks),
                heirs=heirs,
            )
            hits.append(hit)
        return hits

    def _add_heirs(self, job: Job) -> None:
        """Let the heirs of deprecated tags stand in the tier where those were found."""
        deprecated = [found.tag_id for found in job.found.values() if found.deprecated]
        for tag_id, heir_id, _ in self._heirs(deprecated):
            old, known = job.found[tag_id], job.found.get(heir_id)
            if (known is None or known.tier > old.tier) and job.may_show(heir_id):
                job.add(old.tier, old.row, heir_id, 0.0)

    def _heirs(self, tag_ids: Iterable[int]) -> list[tuple[int, int, str]]:
        return [
            (tag_id, heir_id, name)
            for tag_id in tag_ids
            for heir_id, name in self._connection.execute(
                "SELECT t.id, t.name FROM heirs h JOIN tags t ON t.id = h.heir_id "
                "WHERE h.tag_id = ? ORDER BY t.id",
                (tag_id,),
            )
        ]


def _run_literal(needles: Sequence[Needle], job: Job) -> None:
    for tier, test_of in _LITERAL_TIERS:
        if tier is _FIRST_READ:
            job.load(needles)
        for needle in needles:
            test = test_of(needle)
            if test is not None:
                job.run(tier, test, needle.cost)
        if job.is_full:
            return


def _check_version(connection: sqlite3.Connection) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'search_index'").fetchone()
    if row is None or row[0] != INDEX_VERSION:
        raise VocabularyError(
            f"the vocabulary has a search index of version {row[0] if row else 'none'}; "
            f"this program reads version {INDEX_VERSION}",
            hint="Import a tag file, or undo an import: both build the vocabulary anew.",
        )


def _shown_flags(ratings: Collection[str]) -> npt.NDArray[np.bool_]:
    unknown = [rating for rating in ratings if rating not in RATINGS]
    if unknown:
        raise VocabularyError(
            f"unknown rating {unknown[0]!r}; the ratings are {', '.join(RATINGS)}"
        )
    shown = np.zeros(2 * DEPRECATED, dtype=np.bool_)
    for flags in range(2 * DEPRECATED):
        shown[flags] = RATINGS[flags & RATING_MASK] in ratings
    return shown
