"""Remembering which tags a person draws with, so that searches show them first."""

from pathlib import Path

from enogu.config.tags import TagsConfig
from enogu.tags.phrases.prompt_tags import prompt_tags
from enogu.tags.vocabulary.chosen import chosen_vocabulary_path, open_chosen_vocabulary
from enogu.tags.vocabulary.store import VocabularyStore
from enogu.tags.vocabulary.usage import record_usage


def remember_prompt(
    settings: TagsConfig, root: Path | None, prompt: str, negative: str = ""
) -> tuple[str, ...]:
    """Count one use of each known tag of a prompt, unless `tags.usage` forbids it.

    Words that are no tags are left out, so free text leaves no trace.

    Args:
        settings: Say whether use is remembered, and in which vocabulary.
        root: The project folder; None outside projects.
        prompt: What was drawn, in A1111's dialect.
        negative: What was not to be in it.

    Returns:
        The tags that were counted, those of the prompt first.

    Raises:
        VocabularyError: The vocabulary cannot be used.
        BusyError: Another process holds the file.
        StorageError: The file cannot be written.
    """
    if not settings.usage:
        return ()
    with open_chosen_vocabulary(settings, root) as vocabulary:
        wanted, unwanted = (
            tuple(
                dict.fromkeys(
                    name for tag in prompt_tags(text) if (name := vocabulary.resolve(tag).name)
                )
            )
            for text in (prompt, negative)
        )
    if not wanted and not unwanted:
        return ()
    path = chosen_vocabulary_path(settings, root)
    if not path.is_file():
        VocabularyStore(path).rebuild()
    record_usage(path, wanted)
    record_usage(path, unwanted, negative=True)
    return (*wanted, *unwanted)
