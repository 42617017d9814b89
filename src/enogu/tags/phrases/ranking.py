"""What a person, or a team with one file, uses most: by recency and stars."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from enogu.errors import PhraseError
from enogu.tags.phrases.book import PhraseBook, StarKind, phrase_name
from enogu.tags.phrases.database import reading
from enogu.tags.phrases.log import day_of, day_text
from enogu.tags.vocabulary.ratings import rating_level

RankKind = Literal["prompts", "tags", "negative-tags", "searches", "phrases"]
HALF_LIFE_DAYS: Final = 30.0
"""After so many days a use counts half."""

STAR_WORTH: Final = 5.0
"""One star counts as so many uses of today, and does not fade."""

_ROWS: Final[dict[str, str]] = {
    "prompts": "SELECT text, negative, day, count FROM texts JOIN uses ON text_id = id "
    "WHERE kind = 'prompt'",
    "searches": "SELECT text, '', day, count FROM texts JOIN uses ON text_id = id "
    "WHERE kind = 'search'",
    "phrases": "SELECT text, '', day, count FROM texts JOIN uses ON text_id = id "
    "WHERE kind = 'phrase'",
    "tags": "SELECT tag, '', day, sum(count) FROM text_tags JOIN uses USING (text_id) "
    "WHERE negative = 0 GROUP BY tag, day UNION ALL SELECT text, '', day, count FROM texts "
    "JOIN uses ON text_id = id WHERE kind = 'tag'",
    "negative-tags": "SELECT tag, '', day, sum(count) FROM text_tags JOIN uses USING (text_id) "
    "WHERE negative = 1 GROUP BY tag, day",
}
_STARRED: Final[dict[str, StarKind]] = {"prompts": "prompt", "tags": "tag", "phrases": "phrase"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """One row of a ranking."""

    text: str
    """The prompt, tag, search text, or ``category/label`` of an entry."""
    negative: str = ""
    """Of a prompt: the negative prompt it was used with."""
    score: float
    """Uses that have faded by age, and what the stars count."""
    uses: int
    """All uses, whatever their age."""
    stars: int = 0
    last_day: str = ""
    """The day of the last use, as ``2026-11-25``; empty when it was never used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The rows in order, and how many were left out."""

    rows: tuple[Ranked, ...]
    hidden: int
    """Rows that the book does not show: by their rating, or of hidden categories."""


def rank(
    kind: RankKind,
    book: PhraseBook | None = None,
    *,
    limit: int = 20,
    half_life_days: float = HALF_LIFE_DAYS,
    now: float | None = None,
) -> Ranking:
    """Return what is used most.

    The score is the sum of 0.5 ^ (age in days / half-life) over all uses, plus 5 for each star.

    Args:
        kind: What is ranked.
        book: The phrase book; it also decides what is shown. None for the person's own.
        limit: Rows at most, 1 or more.
        half_life_days: Over 0; 30 is usual.
        now: Seconds since 1970; None for the present.

    Raises:
        PhraseError: The file cannot be used, or a value is out of range.
    """
    if kind not in _ROWS:
        raise PhraseError(f"there are rankings of {', '.join(_ROWS)}; got {kind!r}")
    if limit < 1 or not 0 < half_life_days < float("inf"):
        raise PhraseError(
            f"limit must be 1 or more and half-life over 0 days, got {limit} and {half_life_days}"
        )
    book = PhraseBook() if book is None else book
    with reading(book.path) as connection:
        uses = connection.execute(_ROWS[kind]).fetchall()
    today = day_of(time.time() if now is None else now)
    star_kind = _STARRED.get(kind)
    stars = book.stars(star_kind) if star_kind else {}
    rows = _scored(uses, stars, today, half_life_days)
    rows.sort(key=lambda row: (-row.score, row.text, row.negative))
    if kind == "phrases":
        names = frozenset(phrase_name(phrase) for phrase in book.phrases())
        shown = [row for row in rows if row.text in names]
    else:
        shown = [row for row in rows if _rating_level(row) <= book.rating_limit]
    return Ranking(rows=tuple(shown[:limit]), hidden=len(rows) - len(shown))


def _scored(
    uses: Iterable[tuple[str, str, int, int]], stars: dict[str, int], today: int, half_life: float
) -> list[Ranked]:
    sums: dict[tuple[str, str], list[float]] = {}
    for text, negative, day, count in uses:
        # A clock that ran ahead must not make a use count more than one of today.
        weight = count * 0.5 ** (max(0, today - day) / half_life)
        entry = sums.setdefault((text, negative), [0.0, 0, day])
        entry[0] += weight
        entry[1] += count
        entry[2] = max(entry[2], day)
    rows = [
        Ranked(
            text=text,
            negative=negative,
            score=score + STAR_WORTH * stars.get(text, 0),
            uses=int(count),
            stars=stars.get(text, 0),
            last_day=day_text(int(day)),
        )
        for (text, negative), (score, count, day) in sums.items()
    ]
    used = {text for text, _ in sums}
    rows += [
        Ranked(text=text, score=STAR_WORTH * number, uses=0, stars=number)
        for text, number in stars.items()
        if text not in used
    ]
    return rows


def _rating_level(row: Ranked) -> int:
    return rating_level(f"{row.text}\n{row.negative}".lower())
