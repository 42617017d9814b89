import pytest

from enogu.errors import BusyError, EnoguError
from enogu.tags.vocabulary import Vocabulary, VocabularyStore, forget_usage, read_usage
from enogu.tags.vocabulary.usage import Usage, merge_usage, record_usage

pytestmark = pytest.mark.usefixtures("few_words")


@pytest.fixture
def path(tmp_path):
    store = VocabularyStore(tmp_path / "tags.db")
    store.rebuild()
    return store.place.path


def used(path):
    with Vocabulary.open(path) as words:
        return read_usage(words.connection)


def test_use_is_counted_by_name_and_the_latest_comes_first(path):
    assert record_usage(path, ["Cat Ears", "cat_ears", ""], now=10.0) == 1
    record_usage(path, ["smile"], now=20.0)
    assert [(entry.name, entry.positive) for entry in used(path)] == [
        ("smile", 1),
        ("cat_ears", 1),
    ]
    assert record_usage(path, []) == 0


def test_counts_made_elsewhere_are_added(path):
    record_usage(path, ["smile"], now=20.0)
    entry = Usage(name="smile", kind="tag", positive=4, negative=2, last_used=5.0)
    merge_usage(path, [entry])
    assert used(path) == (Usage(name="smile", kind="tag", positive=5, negative=2, last_used=20.0),)


def test_what_is_forgotten_leaves_no_trace_in_the_file(path):
    record_usage(path, ["a_secret_word_of_mine"])
    assert b"a_secret_word_of_mine" in path.read_bytes()
    forget_usage(path)
    assert used(path) == ()
    assert b"a_secret_word_of_mine" not in path.read_bytes()


def test_a_file_that_is_no_vocabulary_is_said(tmp_path):
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"")
    with pytest.raises((BusyError, EnoguError)):
        record_usage(wrong, ["smile"])
