"""Settings of the vocabulary and of what is kept about its use."""

from typing import Literal

from enogu.config.section import Section


class TagsConfig(Section):
    """Which vocabulary is used, what it shows, and what is remembered."""

    vocabulary: Literal["user", "project"] = "user"
    """Whose tags: those of the person, shared by all projects, or those of this project alone, in
    `tags.db` beside the settings."""

    rating: Literal["general", "sensitive", "questionable", "explicit"] = "general"
    """The highest rating of tags that lists and searches show. Sites do not rate tags, so imported
    ones are judged by their words and by what they imply."""

    usage: bool = True
    """Remember on this machine which tags are used, to show them first. `enogu tags usage` shows
    what is remembered, and `--forget` deletes it."""
