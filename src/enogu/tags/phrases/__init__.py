"""The phrase book, and the ranking of what a person searches and uses most."""

from enogu.tags.phrases.book import AddReport, Category, PhraseBook, phrase_name
from enogu.tags.phrases.find import find_phrases
from enogu.tags.phrases.importing import PhraseFile, read_phrase_file
from enogu.tags.phrases.log import LogState, UsedPrompt, UseLog
from enogu.tags.phrases.model import Phrase
from enogu.tags.phrases.prompt_tags import prompt_tags
from enogu.tags.phrases.ranking import Ranked, Ranking, rank
from enogu.tags.phrases.starter import starter_phrases

__all__ = [
    "AddReport",
    "Category",
    "LogState",
    "Phrase",
    "PhraseBook",
    "PhraseFile",
    "Ranked",
    "Ranking",
    "UseLog",
    "UsedPrompt",
    "find_phrases",
    "phrase_name",
    "prompt_tags",
    "rank",
    "read_phrase_file",
    "starter_phrases",
]
