"""What a prompt says and how strongly: text with weights, in chunks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from enogu.errors import PromptError
from enogu.tags.prompt.tree import Group, GroupKind, Prompt, Role, Token


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A token with the weight it stands under."""

    token: Token
    weight: float
    """Product of the groups around it; 1 outside of all. NaN under an unreadable number."""


def weighted_tokens(prompt: Prompt) -> Iterator[Piece]:
    """Give every token that is not punctuation, with its weight.

    Schedules and choices are not decided: all their options are given.
    """
    for piece in all_tokens(prompt):
        if piece.token.role not in (Role.OPEN, Role.CLOSE, Role.SEPARATOR, Role.MARK):
            yield piece


def all_tokens(prompt: Prompt) -> Iterator[Piece]:
    """Give every token with the weight around it; what opens or closes a weight stands inside."""
    # one row of products per sign, since A1111's round and square brackets may cross
    levels: dict[str, list[float]] = {}
    weight = 1.0
    for token in prompt.tokens:
        if token.role in (Role.AND, Role.CHARACTER):
            levels.clear()
            weight = 1.0
        group = prompt.groups[token.group] if token.role in (Role.OPEN, Role.CLOSE) else None
        if group is None or group.kind is not GroupKind.WEIGHT:
            yield Piece(token=token, weight=weight)
            continue
        row = levels.setdefault(_row(group), [1.0])
        if token.role is Role.CLOSE:
            yield Piece(token=token, weight=weight)
            row.pop()
        else:
            factor = math.nan if group.factor is None else group.factor
            row.append(factor if group.replaces else row[-1] * factor)
        weight = math.prod(products[-1] for products in levels.values())
        if token.role is Role.OPEN:
            yield Piece(token=token, weight=weight)


def _row(group: Group) -> str:
    return group.sign if group.sign in "([{" or group.sign == "::" else ""


def prompt_sections(prompt: Prompt) -> list[list[tuple[str, float]]]:
    """Return the texts of a prompt with their weights, in sections that start a new chunk each.

    Args:
        prompt: Without schedules and choices; see :mod:`enogu.tags.prompt.schedule`.

    Returns:
        At least one section with at least one text. Neighbours of equal weight are joined. As in
        A1111 a ``BREAK`` under a weight is the word, at minus that weight.

    Raises:
        PromptError: A weight is not a number, as in ``(a:1.2.3)``, or weights multiply to
            more than a number can hold.
    """
    check_numbers(prompt)
    sections: list[list[tuple[str, float]]] = [[]]
    for piece in weighted_tokens(prompt):
        text, weight = piece.token.value, piece.weight
        if piece.token.role is Role.BREAK:
            if weight == 1.0:
                sections.append([])
                continue
            text, weight = "BREAK", -weight
        elif piece.token.role is Role.EMBEDDING:
            text = piece.token.text
        elif piece.token.role is not Role.TEXT:
            continue
        _refuse_infinite(piece.token, weight)
        _append(sections[-1], text, weight)
    return [section or [("", 1.0)] for section in sections]


def _append(section: list[tuple[str, float]], text: str, weight: float) -> None:
    if section and section[-1][1] == weight:
        section[-1] = (section[-1][0] + text, weight)
    else:
        section.append((text, weight))


def check_numbers(prompt: Prompt) -> None:
    """Refuse a prompt with a weight that cannot be read.

    Raises:
        PromptError: A weight is not a number.
    """
    for group in prompt.groups:
        if group.factor is None:
            end = len(prompt.tokens) if group.close is None else group.close + 1
            shown = "".join(token.text for token in prompt.tokens[max(group.open, end - 4) : end])
            raise PromptError(
                f"the weight {group.number!r} in the prompt is not a number: …{shown[-40:]}",
                hint=_HINT,
            )


_HINT = r"A weight is written (red hair:1.2). For plain brackets write \( and \)."


def _refuse_infinite(token: Token, weight: float) -> None:
    if not math.isfinite(weight):
        raise PromptError(
            f"the weight of {token.text[:40]!r} is {weight}, which is not a finite number",
            hint=_HINT,
        )
