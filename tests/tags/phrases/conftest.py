"""A book in a folder of its own, so that no test touches the person's."""

import pytest

from enogu.tags.phrases import PhraseBook, UseLog

DAY_S = 86_400.0
NOW = 20_000 * DAY_S + 3_600


@pytest.fixture
def book(tmp_path):
    return PhraseBook(tmp_path / "phrases.db")


@pytest.fixture
def log(book):
    return UseLog(book.path)
