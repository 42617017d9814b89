"""What captions need to know about tags; :class:`enogu.tags.vocabulary.Vocabulary` knows it."""

from typing import Protocol

from enogu.tags.vocabulary.model import Resolution, TagInfo


class KnowsTags(Protocol):
    """The questions that statistics, checks and edits ask of a vocabulary."""

    def get(self, name: str) -> TagInfo | None:
        """Return a tag by any spelling of its name."""
        ...

    def resolve(self, text: str) -> Resolution:
        """Return what a text means, through aliases and other names too."""
        ...

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return all tags that are true whenever this one is."""
        ...

    def exclusive_groups(self, name: str) -> tuple[str, ...]:
        """Return the groups of which one person can have but one member."""
        ...

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Return the tags spelt most like a text."""
        ...


class Remembered:
    """A vocabulary that asks each question once; a data set repeats its tags many times."""

    def __init__(self, source: KnowsTags) -> None:
        self._source = source
        self._infos: dict[str, TagInfo | None] = {}
        self._resolutions: dict[str, Resolution] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._exclusive: dict[str, tuple[str, ...]] = {}

    def get(self, name: str) -> TagInfo | None:
        """Return a tag by any spelling of its name."""
        if name not in self._infos:
            self._infos[name] = self._source.get(name)
        return self._infos[name]

    def resolve(self, text: str) -> Resolution:
        """Return what a text means, through aliases and other names too."""
        if text not in self._resolutions:
            self._resolutions[text] = self._source.resolve(text)
        return self._resolutions[text]

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return all tags that are true whenever this one is."""
        if name not in self._ancestors:
            self._ancestors[name] = self._source.ancestors(name)
        return self._ancestors[name]

    def exclusive_groups(self, name: str) -> tuple[str, ...]:
        """Return the groups of which one person can have but one member."""
        if name not in self._exclusive:
            self._exclusive[name] = self._source.exclusive_groups(name)
        return self._exclusive[name]

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Return the tags spelt most like a text."""
        return self._source.nearest(text, limit)


def head_of(knows: KnowsTags, name: str) -> TagInfo | None:
    """Return the known tag that an unknown one ends with: ``hairband`` of ``white_hairband``.

    Args:
        knows: The vocabulary.
        name: A normal name.
    """
    return next((info for head in _heads(name) if (info := knows.get(head))), None)


def wider_names(knows: KnowsTags | None, name: str) -> tuple[str, ...]:
    """Return what is true whenever a tag is: what it implies, and what it ends with."""
    return (*(knows.ancestors(name) if knows else ()), *_heads(name))


def _heads(name: str) -> tuple[str, ...]:
    words = name.split("_")
    heads = ("_".join(words[start:]) for start in range(1, len(words)))
    return tuple(head for head in heads if head)


def group_of(knows: KnowsTags | None, name: str) -> str:
    """Return the group of a tag, or of the known tag that it ends with, or nothing."""
    if knows is None:
        return ""
    info = knows.get(name) or head_of(knows, name)
    return info.group if info else ""
