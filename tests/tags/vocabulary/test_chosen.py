import pytest

from enogu.config.tags import TagsConfig
from enogu.errors import VocabularyError
from enogu.tags.vocabulary import (
    VocabularyStore,
    chosen_vocabulary_path,
    open_chosen_vocabulary,
    user_vocabulary_path,
)

PROJECT = TagsConfig(vocabulary="project", rating="sensitive")


pytestmark = pytest.mark.usefixtures("few_words")


def test_the_project_has_its_own_file_and_everything_else_the_persons(tmp_path):
    assert chosen_vocabulary_path(PROJECT, tmp_path) == tmp_path / "tags.db"
    assert chosen_vocabulary_path(TagsConfig(), tmp_path) == user_vocabulary_path()


def test_the_vocabulary_of_no_project_is_refused():
    with pytest.raises(VocabularyError, match="no project here"):
        chosen_vocabulary_path(PROJECT, None)


def test_a_project_without_imports_has_the_embedded_words_and_not_the_persons(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text("zz_mine,0,5,\n", encoding="utf-8")
    VocabularyStore().import_files([mine])
    with open_chosen_vocabulary(TagsConfig(), None) as vocabulary:
        assert "zz_mine" in vocabulary
    with open_chosen_vocabulary(PROJECT, tmp_path) as vocabulary:
        assert "zz_mine" not in vocabulary
        assert "smile" in vocabulary
        assert vocabulary.max_rating == "sensitive"
