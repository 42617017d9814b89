import pytest

from enogu.config.tags import TagsConfig
from enogu.tags.own_use import remember_prompt
from enogu.tags.vocabulary import Vocabulary, read_usage, sources, user_vocabulary_path
from enogu.tags.vocabulary.claims import FormClaim, TagClaim


@pytest.fixture(autouse=True)
def own_words(tmp_path, monkeypatch):
    """A folder of the test alone, and two words instead of thousands."""
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path))
    claims = (
        TagClaim("cat_ears", "danbooru", 0, 50),
        FormClaim("cat_ears", "nekomimi", "alias", ""),
        TagClaim("lowres", "danbooru", 5, 40),
    )
    monkeypatch.setattr(sources, "read_embedded_claims", lambda: iter(claims))


def remembered():
    with Vocabulary.open() as vocabulary:
        entries = read_usage(vocabulary.connection)
    return {entry.name: (entry.positive, entry.negative) for entry in entries}


def test_known_tags_are_counted_under_their_own_name_and_other_words_are_not():
    counted = remember_prompt(TagsConfig(), None, "(nekomimi:1.2), my secret words", "lowres")
    assert counted == ("cat_ears", "lowres")
    remember_prompt(TagsConfig(), None, "cat ears, cat_ears")
    assert remembered() == {"cat_ears": (2, 0), "lowres": (0, 1)}


@pytest.mark.parametrize(
    ("settings", "prompt"),
    [(TagsConfig(usage=False), "cat ears"), (TagsConfig(), "mychar by the sea at dawn")],
)
def test_nothing_is_written_where_it_is_forbidden_or_no_tag_is_known(settings, prompt):
    assert remember_prompt(settings, None, prompt) == ()
    assert not user_vocabulary_path().exists()
