"""The tree of a prompt: every sign of the text, and what it does.

A prompt is a row of tokens that together are the text, so rendering loses nothing; groups are the
brackets over them. The tree is kept flat (groups name their tokens and their parent by number),
because prompts may nest ten thousand deep and nothing here recurses. In A1111's grammar a round
and a square bracket may cross, as in ``(a [b) c]``; such groups overlap, and each keeps its own
tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

NO_GROUP = -1
"""Stands for the outermost level."""


class Role(StrEnum):
    """What a token does in its prompt."""

    TEXT = "text"
    """Words; `value` is what they say once escapes are gone."""
    OPEN = "open"
    """Begins a group; empty where a dialect marks only the end, as in ``word++``."""
    CLOSE = "close"
    """Ends a group."""
    SEPARATOR = "separator"
    """Stands between the options of a group."""
    MARK = "mark"
    """Part of the punctuation around it, without a meaning of its own."""
    BREAK = "break"
    """A new chunk of 75 tokens."""
    AND = "and"
    """A new prompt that guides the same picture; `weight` is that of the prompt before it."""
    PART_WEIGHT = "part weight"
    """The weight of a whole prompt, at its end."""
    CHARACTER = "character"
    """A new character (NovelAI)."""
    NETWORK = "network"
    """``<lora:name:1>``; `value` is what stands between the brackets."""
    EMBEDDING = "embedding"
    """A textual inversion; `value` is its name."""
    WILDCARD = "wildcard"
    """A line of a file; `value` is the file's name."""
    COMMENT = "comment"
    """A remark for people."""


class GroupKind(StrEnum):
    """What a group does."""

    WEIGHT = "weight"
    SCHEDULE = "schedule"
    """Text that changes at a step."""
    ALTERNATE = "alternate"
    """Text that changes at every step."""
    CHOICE = "choice"
    """One or several of its options (dynamic prompts)."""
    VARIABLE = "variable"
    """A named piece of text (dynamic prompts)."""
    WRAP = "wrap"
    """Text put into the ``...`` of other text (dynamic prompts)."""
    BLEND = "blend"
    """Prompts mixed by their vectors (Compel)."""
    CONJUNCTION = "conjunction"
    """Prompts that guide one picture together (Compel)."""
    SWAP = "swap"
    """Text that takes the place of other text in attention (Compel)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One piece of the text."""

    role: Role
    text: str
    """As it is written."""
    start: int
    """Place of its first character in the prompt."""
    value: str = ""
    """What it says; for the roles that say something."""
    group: int = NO_GROUP
    """The group that it opens, divides or closes; for other roles the innermost around it."""
    weight: float = 1.0
    """Of a part (`AND`, `PART_WEIGHT`) or of the option that begins here."""

    @property
    def end(self) -> int:
        """Place after its last character."""
        return self.start + len(self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A bracket over tokens."""

    kind: GroupKind
    sign: str
    """How the dialect writes it: ``(``, ``[``, ``{``, ``::`` or ``word``."""
    open: int
    """Number of its first token."""
    parent: int
    """The group around it, or `NO_GROUP`."""
    close: int | None = None
    """Number of its last token; None where it is never closed and acts to the end."""
    factor: float | None = 1.0
    """Weight; None where the number cannot be read."""
    replaces: bool = False
    """The weight stands in for that of the groups around instead of multiplying it."""
    number: str = ""
    """The weight or the time as it is written; empty where the sign alone says it."""
    separators: tuple[int, ...] = ()
    """Numbers of the tokens between its options."""
    name: str = ""
    """Of a variable, with its operator; arguments of an operator."""
    weights: tuple[float, ...] = ()
    """Of its options, where they are given apart from them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A parsed prompt."""

    dialect: str
    tokens: tuple[Token, ...]
    groups: tuple[Group, ...]

    def __str__(self) -> str:
        return render(self)

    def ancestors(self, group: int) -> Iterator[int]:
        """Give a group and those around it, from the inside out."""
        while group != NO_GROUP:
            yield group
            group = self.groups[group].parent


def render(prompt: Prompt) -> str:
    """Return the text of a prompt; for a parsed one the very text it was parsed from."""
    return "".join(token.text for token in prompt.tokens)


@dataclass(slots=True)
class TreeBuilder:
    """Puts a tree together from left to right."""

    dialect: str
    position: int = 0
    """Characters written so far."""
    tokens: list[Token] = field(default_factory=list[Token])
    groups: list[Group] = field(default_factory=list[Group])
    _opened: list[int] = field(default_factory=list[int])
    _closed: set[int] = field(default_factory=set[int])
    _separators: dict[int, list[int]] = field(default_factory=dict[int, list[int]])

    @property
    def innermost(self) -> int:
        """The group that what comes next belongs to."""
        # crossing brackets close out of order, so closed ones can lie below the top
        while self._opened and self._opened[-1] in self._closed:
            self._opened.pop()
        return self._opened[-1] if self._opened else NO_GROUP

    def add(self, role: Role, text: str, value: str = "", *, weight: float = 1.0) -> None:
        """Append a token that belongs to the innermost group."""
        self._append(role, text, self.innermost, value=value, weight=weight)

    def add_text(self, text: str, value: str | None = None) -> None:
        """Append words, unless there are none."""
        if text:
            self.add(Role.TEXT, text, text if value is None else value)

    def open(
        self,
        kind: GroupKind,
        sign: str,
        text: str,
        *,
        factor: float | None = 1.0,
        weight: float = 1.0,
        number: str = "",
        name: str = "",
        replaces: bool = False,
    ) -> int:
        """Begin a group and return its number; arguments are those of the group and token."""
        index = len(self.groups)
        self.groups.append(
            Group(
                kind=kind,
                sign=sign,
                open=len(self.tokens),
                parent=self.innermost,
                factor=factor,
                number=number,
                name=name,
                replaces=replaces,
            )
        )
        self._opened.append(index)
        self._append(Role.OPEN, text, index, weight=weight)
        return index

    def separate(self, group: int, text: str, *, weight: float = 1.0) -> None:
        """Append what stands between two options of a group."""
        self._separators.setdefault(group, []).append(len(self.tokens))
        self._append(Role.SEPARATOR, text, group, weight=weight)

    def has_separator(self, group: int) -> bool:
        """Tell whether a second option of a group has begun."""
        return group in self._separators

    def close(self, group: int, text: str, *, factor: float | None = 1.0, number: str = "") -> None:
        """End a group; `factor` and `number` count where its end says them."""
        old = self.groups[group]
        if number:
            old = replace(old, factor=factor, number=number)
        self.groups[group] = replace(old, close=len(self.tokens))
        self._closed.add(group)
        self._append(Role.CLOSE, text, group)

    def mark(self, text: str, group: int | None = None) -> None:
        """Append punctuation without meaning; `group` where it is that of a schedule."""
        self._append(Role.MARK, text, NO_GROUP if group is None else group)

    def forget_open(self) -> None:
        """Let no open group reach further; what comes next stands outside of all."""
        self._opened.clear()

    def build(self) -> Prompt:
        """Return the tree."""
        groups = [
            replace(group, separators=tuple(self._separators[index]))
            if index in self._separators
            else group
            for index, group in enumerate(self.groups)
        ]
        return Prompt(dialect=self.dialect, tokens=tuple(self.tokens), groups=tuple(groups))

    def _append(
        self, role: Role, text: str, group: int, *, value: str = "", weight: float = 1.0
    ) -> None:
        self.tokens.append(
            Token(
                role=role, text=text, start=self.position, value=value, weight=weight, group=group
            )
        )
        self.position += len(text)
