import pytest

from enogu.errors import VocabularyError
from enogu.tags.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The embedded words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        with Vocabulary.open() as vocabulary:
            yield vocabulary


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Cat Ears", "tag"),
        ("nekomimi", "alias"),
        ("ネコミミ", "other_name"),
        ("ねこみみ", "other_name"),
    ],
)
def test_a_tag_is_found_under_each_of_its_names(words, text, how):
    found = words.resolve(text)
    assert (found.name, found.how, found.text) == ("cat_ears", how, text)


def test_a_word_nobody_knows_is_unknown(words):
    found = words.resolve("no such tag")
    assert (found.name, found.how) == (None, "unknown")


def test_info_holds_names_and_relations(words):
    info = words.get("cat ears")
    assert info.category == "general"
    assert info.rating == "general"
    assert "animal_ears" in info.implies
    assert "ねこみみ" in info.readings
    assert "cat_ears" in words.get("animal_ears").implied_by
    assert words.get("nekomimi") is None


def test_ancestors_are_every_tag_that_follows(words):
    assert "animal_ears" in words.ancestors("cat_ears")
    assert words.ancestors("no such tag") == ()


def test_exclusive_tags_exclude_each_other(words):
    assert "short_hair" in words.excluded_by("long hair")
    assert "long_hair" not in words.excluded_by("long hair")


def test_an_unknown_group_names_the_known_ones(words):
    assert "long_hair" in words.group_members("hair")
    with pytest.raises(VocabularyError, match="hair"):
        words.group_members("hairs")


def test_a_misspelt_name_has_a_near_one(words):
    assert words.nearest("long_hiar")[0] == "long_hair"


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path):
    wrong = tmp_path / "tags.db"
    wrong.write_text("hello", encoding="utf-8")
    with pytest.raises(VocabularyError, match="not a vocabulary"):
        Vocabulary.open(wrong)
    with pytest.raises(VocabularyError, match="no such"):
        Vocabulary.open(tmp_path / "missing.db")
