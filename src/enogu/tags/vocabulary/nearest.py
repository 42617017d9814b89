"""The tags spelt most like a word: the typing errors of the search, without its other tiers."""

from functools import cached_property
from typing import TYPE_CHECKING, Final

from enogu.tags.vocabulary.model import RATINGS

if TYPE_CHECKING:
    from enogu.tags.search import TagSearch
    from enogu.tags.search.context import SearchableVocabulary

_MOST: Final = 100


class NearestNames:
    """Answers which tags are spelt most like a word; what it reads it keeps.

    Args:
        vocabulary: An open vocabulary.
    """

    def __init__(self, vocabulary: "SearchableVocabulary") -> None:
        self._vocabulary = vocabulary

    @cached_property
    def _search(self) -> "TagSearch":
        # The search itself reads vocabularies, so it can only be named when one is asked.
        from enogu.tags.search import TagSearch

        return TagSearch(self._vocabulary)

    def find(self, text: str, limit: int, rating_limit: int) -> tuple[str, ...]:
        """Return the tags spelt most like `text`, best first.

        Args:
            text: A word that may hold typing errors.
            limit: At most this many, up to 100.
            rating_limit: Highest rating that may appear.
        """
        if limit < 1:
            return ()
        ratings = RATINGS[: rating_limit + 1]
        return tuple(self._search.nearest(text, min(limit, _MOST), ratings))
