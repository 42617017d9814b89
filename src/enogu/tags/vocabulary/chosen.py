"""The vocabulary that settings choose: the person's own, or that of one project."""

from pathlib import Path

from enogu.config.tags import TagsConfig
from enogu.errors import VocabularyError
from enogu.tags.vocabulary.opening import open_file, readable_file
from enogu.tags.vocabulary.places import VOCABULARY_NAME, user_vocabulary_path
from enogu.tags.vocabulary.vocabulary import Vocabulary


def chosen_vocabulary_path(settings: TagsConfig, root: Path | None) -> Path:
    """Return the vocabulary file that settings choose, whether or not it exists.

    Args:
        settings: Of the person, or of a project.
        root: The project folder; None outside projects.

    Raises:
        VocabularyError: The vocabulary of a project is wanted where there is none.
    """
    if settings.vocabulary == "user":
        return user_vocabulary_path()
    if root is None:
        raise VocabularyError(
            "tags.vocabulary is 'project', but there is no project here",
            hint="Run it inside a project, or with --set tags.vocabulary=user",
        )
    return root / VOCABULARY_NAME


def open_chosen_vocabulary(settings: TagsConfig, root: Path | None) -> Vocabulary:
    """Open the vocabulary that settings choose; the embedded words where none was made yet.

    Args:
        settings: Of the person, or of a project; they also say up to which rating lists show tags.
        root: The project folder; None outside projects.

    Raises:
        VocabularyError: The vocabulary of a project is wanted where there is none, or the file is
            not one.
        StorageError: The place for the embedded words cannot be written.
    """
    file = readable_file(chosen_vocabulary_path(settings, root))
    return Vocabulary(open_file(file), file, settings.rating)
