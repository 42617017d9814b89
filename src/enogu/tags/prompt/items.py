"""The tags of a prompt: what stands between commas, wherever brackets are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from enogu.tags.prompt.tree import NO_GROUP, GroupKind, Prompt, Role
from enogu.tags.prompt.weights import weighted_tokens

_DIVIDER = re.compile(r"[,\n]")
_COMMA_BEHIND = re.compile(r"[ \t]*,[ \t]*")
_MOST_LEVELS = 50
"""Depth to which the options around two tags are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TagItem:
    """One tag of a prompt."""

    text: str
    """What it says: escapes and weights gone, no blanks around it."""
    start: int
    """Place of its first character in the prompt."""
    end: int
    """Place after its last character."""
    weight: float
    """Of its first character."""
    group: int
    """The innermost group around its first character."""
    first_token: int
    last_token: int
    mixed: bool
    """Part of it depends on a schedule, a choice or a wildcard, so it is not one tag."""
    section: int
    """Prompts joined with ``AND``, and characters, are told apart by this."""


@dataclass(slots=True)
class _Draft:
    parts: list[tuple[str, int, int, int]]
    """(said, start, end, token)."""
    mixed: bool = False


def prompt_tags(prompt: Prompt) -> list[TagItem]:
    """Return the tags of a prompt in order; empty ones are left out."""
    return list(_tags(prompt))


def _tags(prompt: Prompt) -> Iterator[TagItem]:
    weights = {piece.token.start: piece.weight for piece in weighted_tokens(prompt)}
    text = str(prompt)
    draft = _Draft([])
    section = 0
    touched = False
    for index, token in enumerate(prompt.tokens):
        if token.role is Role.TEXT:
            draft.mixed |= touched and not draft.parts and not _begins_apart(token.value)
            touched = False
            for said, start, end, divides in _pieces(token.text, token.value, token.start):
                if divides:
                    yield from _finished(prompt, draft, weights, section)
                    draft = _Draft([])
                else:
                    draft.parts.append((said, start, end, index))
        elif token.role is Role.WILDCARD or (
            token.role in (Role.OPEN, Role.SEPARATOR, Role.CLOSE)
            and prompt.groups[token.group].kind is not GroupKind.WEIGHT
        ):
            # what stands beside it without a comma is part of the same tag
            glued = token.role is Role.WILDCARD or _is_glued(prompt, text, token.group)
            draft.mixed |= glued and any(said.strip() for said, *_ in draft.parts)
            yield from _finished(prompt, draft, weights, section)
            draft, touched = _Draft([]), glued
        elif token.role in (Role.BREAK, Role.AND, Role.CHARACTER, Role.EMBEDDING, Role.PART_WEIGHT):
            yield from _finished(prompt, draft, weights, section)
            draft = _Draft([])
            section += token.role in (Role.AND, Role.CHARACTER)
    yield from _finished(prompt, draft, weights, section)


def _begins_apart(text: str) -> bool:
    return text.lstrip(" \t")[:1] in ("", ",", "\n")


def _is_glued(prompt: Prompt, text: str, number: int) -> bool:
    """Tell whether a choice is only part of a tag: words stand beside it without a comma."""
    group = prompt.groups[number]
    before = prompt.tokens[group.open].start - 1
    while before >= 0 and text[before] in " \t":
        before -= 1
    after = len(text) if group.close is None else prompt.tokens[group.close].end
    while after < len(text) and text[after] in " \t":
        after += 1
    return (before >= 0 and text[before] not in ",\n([{|:") or (
        after < len(text) and text[after] not in ",\n)]}|:"
    )


def _pieces(text: str, value: str, start: int) -> Iterator[tuple[str, int, int, bool]]:
    """Give (said, start, end, whether it divides tags) of one text token."""
    if text != value:
        yield value, start, start + len(text), False
        return
    position = 0
    for match in _DIVIDER.finditer(text):
        if match.start() > position:
            yield text[position : match.start()], start + position, start + match.start(), False
        yield match[0], start + match.start(), start + match.end(), True
        position = match.end()
    if position < len(text):
        yield text[position:], start + position, start + len(text), False


def _finished(
    prompt: Prompt, draft: _Draft, weights: dict[int, float], section: int
) -> Iterator[TagItem]:
    said = "".join(part for part, *_ in draft.parts)
    if not said.strip():
        return
    parts = [part for part in draft.parts if part[0].strip()]
    first, last = parts[0], parts[-1]
    token = prompt.tokens[first[3]]
    yield TagItem(
        text=said.strip(),
        start=first[1] + len(first[0]) - len(first[0].lstrip()),
        end=last[2] - (len(last[0]) - len(last[0].rstrip())),
        weight=weights[token.start],
        group=token.group,
        first_token=first[3],
        last_token=last[3],
        mixed=draft.mixed,
        section=section,
    )


def may_meet(prompt: Prompt, one: TagItem, other: TagItem) -> bool:
    """Tell whether two tags can be read together: not as options of the same choice.

    Tags of prompts joined with ``AND`` and of different characters do not meet either.
    """
    if one.section != other.section:
        return False
    options = _options(prompt, one)
    return all(
        options.get(group, option) == option for group, option in _options(prompt, other).items()
    )


def _options(prompt: Prompt, item: TagItem) -> dict[int, int]:
    """Return which option of each choice around it a tag stands in."""
    found: dict[int, int] = {}
    if item.group == NO_GROUP:
        return found
    for level, number in enumerate(prompt.ancestors(item.group)):
        group = prompt.groups[number]
        if level == _MOST_LEVELS:
            break
        if group.kind in (GroupKind.SCHEDULE, GroupKind.ALTERNATE, GroupKind.CHOICE):
            found[number] = sum(index < item.first_token for index in group.separators)
    return found


def removal(prompt: Prompt, text: str, item: TagItem) -> tuple[int, int]:
    """Return the stretch to delete so that a tag is gone with its brackets and its comma.

    Args:
        prompt: The prompt.
        text: The same as text; putting it together for each of many tags would take long.
        item: One of its tags.
    """
    first, last = item.first_token, item.last_token
    start, end = item.start, item.end
    while first > 0 and last + 1 < len(prompt.tokens):
        before, after = prompt.tokens[first - 1], prompt.tokens[last + 1]
        alone = start == before.end and end == after.start
        if not (alone and before.role is Role.OPEN and after.role is Role.CLOSE):
            break
        if before.group != after.group or prompt.groups[before.group].kind is not GroupKind.WEIGHT:
            break
        first, last, start, end = first - 1, last + 1, before.start, after.end
    behind = _COMMA_BEHIND.match(text, end)
    if behind:
        return start, behind.end()
    comma = start - 1
    while comma >= 0 and text[comma] in " \t":
        comma -= 1
    return (comma, end) if comma >= 0 and text[comma] == "," else (start, end)
