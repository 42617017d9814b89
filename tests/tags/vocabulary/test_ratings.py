import json

import pytest

from enogu.tags.vocabulary import Vocabulary, VocabularyStore, ratings
from enogu.tags.vocabulary.model import RATINGS

pytestmark = pytest.mark.usefixtures("few_words")


@pytest.fixture
def made_up_words(monkeypatch):
    """Words that mean nothing stand in for those of the list."""
    words = {"zzhush": "explicit", "zzcoy": "sensitive"}
    levels = {ratings.fingerprint(word): RATINGS.index(of) for word, of in words.items()}
    monkeypatch.setattr(ratings, "_levels", lambda: levels)


def test_a_name_has_the_rating_of_its_worst_word(made_up_words):
    assert ratings.rating_level("blue_zzcoy_hat") == RATINGS.index("sensitive")
    assert ratings.rating_level("zzcoy_(zzhush)") == RATINGS.index("explicit")
    assert ratings.rating_level("zzhushed_hat") == 0
    assert ratings.word_levels("a zzcoy, a hat") == {"zzcoy": 1}


def test_the_list_holds_fingerprints_and_levels_only():
    lines = ratings._LIST.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 100
    for line in lines:
        mark, level = line.split(" ")
        assert len(mark) == 12 and int(mark, 16) >= 0
        assert level in RATINGS[1:]


def test_lists_show_only_what_the_setting_allows(tmp_path, made_up_words):
    tags = tmp_path / "a.csv"
    tags.write_text("zzhush_hat,0,900,\nplain_zz_hat,0,800,\nzzcoy_hat,0,700,\n")
    relations = [
        {"antecedent_name": "plain_zz_hat", "consequent_name": "zzcoy_hat", "status": "active"}
    ]
    implications = tmp_path / "tag_implications.json"
    implications.write_text(json.dumps(relations))
    store = VocabularyStore(tmp_path / "tags.db")
    store.import_files([tags, implications])
    with Vocabulary.open(store.place.path) as words:
        assert words.get("zzhush hat").rating == "explicit"
        # What implies a sensitive tag is sensitive itself.
        assert words.get("plain_zz_hat").rating == "sensitive"
        assert words.get("smile").rating == "general"
        assert words.nearest("zzhush_hatt") == ()
        assert words.resolve("zzhush hat").name == "zzhush_hat"
    with Vocabulary.open(store.place.path, max_rating="explicit") as words:
        assert words.nearest("zzhush_hatt")[0] == "zzhush_hat"
