"""The vocabulary: every tag known, with its names, relations and counts."""

from enogu.tags.vocabulary.chosen import chosen_vocabulary_path, open_chosen_vocabulary
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
from enogu.tags.vocabulary.sources import Source
from enogu.tags.vocabulary.store import Conflict, FileReport, ImportReport, VocabularyStore
from enogu.tags.vocabulary.usage import Usage, forget_usage, read_usage, record_usage
from enogu.tags.vocabulary.vocabulary import Vocabulary

__all__ = [
    "MEASURES",
    "RATINGS",
    "Conflict",
    "FileReport",
    "ImportReport",
    "Measure",
    "Rating",
    "Related",
    "Resolution",
    "Source",
    "TagInfo",
    "Usage",
    "Vocabulary",
    "VocabularyStore",
    "chosen_vocabulary_path",
    "forget_usage",
    "open_chosen_vocabulary",
    "read_usage",
    "record_usage",
    "user_vocabulary_path",
]
