"""Finding tags: kana, kanji, romaji, fragments, initials, typing errors, meaning."""

from enogu.tags.search.build import build_index
from enogu.tags.search.hit import Hit, Tier
from enogu.tags.search.tag_search import TagSearch

__all__ = ["Hit", "TagSearch", "Tier", "build_index"]
