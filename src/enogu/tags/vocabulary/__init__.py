"""The vocabulary: every tag known, with its names, relations and counts."""

from enogu.tags.vocabulary.model import (
    MEASURES,
    RATINGS,
    Measure,
    Rating,
    Related,
    Resolution,
    TagInfo,
)
from enogu.tags.vocabulary.places import user_vocabulary_path
from enogu.tags.vocabulary.vocabulary import Vocabulary

__all__ = [
    "MEASURES",
    "RATINGS",
    "Measure",
    "Rating",
    "Related",
    "Resolution",
    "TagInfo",
    "Vocabulary",
    "user_vocabulary_path",
]
