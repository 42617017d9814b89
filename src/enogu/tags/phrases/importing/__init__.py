"""Reading phrase books of other tools: markdown tables, CSV, styles.csv, chants."""

from enogu.tags.phrases.importing.read import PhraseFile, PhraseFormat, read_phrase_file

__all__ = ["PhraseFile", "PhraseFormat", "read_phrase_file"]
