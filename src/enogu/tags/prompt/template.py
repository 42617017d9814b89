"""A template of dynamic prompts as nested pieces, ready to be expanded."""

from dataclasses import dataclass, field

from enogu.tags.prompt.dynamic import (
    choice_range,
    method_of,
    parse_dynamic,
    wildcard_settings,
)
from enogu.tags.prompt.tree import GroupKind, Prompt, Role


@dataclass(slots=True)
class Sequence:
    """Pieces that follow one another."""

    pieces: list["Piece"] = field(default_factory=list["Piece"])
    weight: float = 1.0
    """As an option of a choice."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Some of several options."""

    options: list[Sequence]
    least: int
    most: int
    joint: str
    method: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A value of a file."""

    name: str
    method: str
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Gives a variable its text; nothing stands in its place."""

    name: str
    value: Sequence
    at_once: bool
    """Its choices are made here and not wherever the variable stands."""
    keep: bool
    """A value that is there already stays."""


@dataclass(frozen=True, slots=True)
class Access:
    """The text of a variable."""

    name: str
    default: Sequence | None


@dataclass(frozen=True, slots=True)
class Wrap:
    """Text put into the place of ``...`` of other text."""

    outer: Sequence
    inner: Sequence


Piece = str | Choice | Wildcard | Assignment | Access | Wrap


_MOST_LINES = 1_000_000


def read_template(text: str) -> Sequence:
    """Return the pieces of a template; remarks are gone."""
    return compile_template(parse_dynamic(text))


def compile_template(prompt: Prompt) -> Sequence:
    """Return the pieces of a parsed template; without recursion, however deep it is."""
    stack: list[list[Sequence]] = [[Sequence()]]
    for token in prompt.tokens:
        here = stack[-1][-1]
        if token.role is Role.TEXT:
            here.pieces.append(token.value)
        elif token.role is Role.WILDCARD:
            here.pieces.append(
                Wildcard(token.value, method_of(token.text), wildcard_settings(token.text))
            )
        elif token.role is Role.OPEN:
            stack.append([Sequence(weight=token.weight)])
        elif token.role is Role.SEPARATOR:
            stack[-1].append(Sequence(weight=token.weight))
        elif token.role is Role.CLOSE:
            options = stack.pop()
            stack[-1][-1].pieces.append(_piece(prompt, token.group, options))
    return stack[0][0]


def _piece(prompt: Prompt, number: int, options: list[Sequence]) -> Piece:
    group = prompt.groups[number]
    head = prompt.tokens[group.open].text
    if group.kind is GroupKind.WRAP:
        return Wrap(options[0], options[1] if len(options) > 1 else Sequence())
    if group.kind is GroupKind.VARIABLE:
        name = group.name.rstrip("=!?:")
        sign = group.name[len(name) :]
        if "=" in sign:
            return Assignment(name, options[0], at_once="!" in sign, keep="?" in sign)
        return Access(name, options[0] if sign == ":" else None)
    # a lone wildcard stands for as many options as its file has lines
    lone = len(options) == 1 and any(isinstance(item, Wildcard) for item in options[0].pieces)
    least, most, joint = choice_range(head, _MOST_LINES if lone else len(options))
    return Choice(options, least, most, joint, method_of(head))
