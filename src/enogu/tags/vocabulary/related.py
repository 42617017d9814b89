"""Which tags stand together: measures over co-occurrence counts.

The formulas are those of Danbooru's related-tag page, with the true number of common posts in the
place of its estimate from a sample.
"""

import math
import sqlite3

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.model import MEASURES, Measure, Related


def similarity(measure: Measure, together: int, first: int, second: int) -> float:
    """Return how strongly two tags belong together.

    Args:
        measure: ``frequency`` together/first; ``cosine`` together/√(first·second); ``jaccard``
            together/(first + second − together); ``overlap`` together/min(first, second).
        together: Posts with both tags.
        first: Posts with the tag that was asked for.
        second: Posts with the other tag.

    Returns:
        0 to 1. Counts that contradict each other are brought into the range.

    Raises:
        VocabularyError: The measure is unknown.
    """
    if measure not in MEASURES:
        raise VocabularyError(
            f"the measure {measure!r} is unknown; there are {', '.join(MEASURES)}"
        )
    together = min(together, first, second)
    if together <= 0:
        return 0.0
    below = {
        "frequency": first,
        "cosine": math.sqrt(first) * math.sqrt(second),
        "jaccard": first + second - together,
        "overlap": min(first, second),
    }[measure]
    return min(1.0, together / below)


def related_tags(
    connection: sqlite3.Connection, name: str, limit: int, measure: Measure, rating_limit: int
) -> list[Related]:
    """Return the tags that most often stand beside `name`, best first.

    Args:
        connection: A vocabulary file.
        name: Normal name.
        limit: At most this many.
        measure: See :func:`similarity`.
        rating_limit: Highest rating that may appear.
    """
    row = connection.execute("SELECT id, count FROM tags WHERE name = ?", (name,)).fetchone()
    if row is None:
        return []
    rows = connection.execute(
        "SELECT t.name, t.count, c.count FROM cooccurrence c JOIN tags t ON t.id = c.b_id "
        "WHERE c.a_id = ? AND t.rating <= ?",
        (row[0], rating_limit),
    )
    found = [
        Related(
            name=other,
            count=count,
            together=together,
            score=similarity(measure, together, row[1], count),
        )
        for other, count, together in rows
    ]
    found.sort(key=lambda entry: (-entry.score, -entry.together, entry.name))
    return found[:limit]
