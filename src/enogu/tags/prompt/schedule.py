"""Prompts that change while a picture is drawn: ``[a:b:0.5]`` and ``[a|b]`` of A1111.

Where they stand is found as A1111's grammar finds it: inside a schedule every bracket must be
balanced, a prompt with a stray ``|`` or a lone backslash at its end has no schedules at all, and
what cannot be a schedule is left to the weights. One accident of that grammar is not repeated: with
exactly two unmatched signs right behind a schedule, as in ``[a:b:3]))``, A1111 sees none.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from enogu.tags.prompt.tree import GroupKind, Prompt, Role

_TIME = re.compile(
    r"\s*([+-]?(?:[0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+))\s*"
)
_MAX_TIME_LENGTH = 64
# an escaped sign is any but a line end; a lone backslash stops A1111's grammar
_SIGN = re.compile(r"\\(?P<escaped>.)?|[()\[\]:|]")

SyntaxRole = Literal["open", "separator", "close"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSign:
    """Punctuation of a schedule: a stretch of the text."""

    start: int
    end: int
    role: SyntaxRole
    kind: GroupKind
    time: str = ""
    """The number of a schedule, at its end."""


@dataclass(slots=True)
class _Open:
    sign: str
    start: int
    colons: list[int] = field(default_factory=list[int])
    pipes: list[int] = field(default_factory=list[int])


def find_schedules(text: str) -> list[ScheduleSign]:
    """Return the punctuation of all schedules and alternations, in order.

    Args:
        text: One prompt; what stands before and after ``AND`` are two.
    """
    found: list[ScheduleSign] = []
    stack: list[_Open] = []
    for match in _SIGN.finditer(text):
        sign, place = match[0], match.start()
        if sign[0] == "\\":
            if match["escaped"] is None:
                return []
        elif sign in "([":
            stack.append(_Open(sign, place))
        elif sign == ":":
            if stack:
                stack[-1].colons.append(place)
        elif sign == "|":
            if not stack:
                return []
            stack[-1].pipes.append(place)
        else:
            group = stack.pop() if stack else None
            signs = None if group is None else _signs(text, group, place)
            if signs is not None:
                found += signs
            elif any(item.pipes for item in stack) or (group is not None and group.pipes):
                return []
            else:
                # a stray bracket makes strays of all that are open around it
                stack.clear()
    if any(item.pipes for item in stack):
        return []
    found.sort(key=lambda item: item.start)
    return found


def _signs(text: str, group: _Open, close: int) -> list[ScheduleSign] | None:
    """Return the schedule punctuation of a bracket pair; None where it is no pair at all."""
    if group.sign == "(":
        return [] if text[close] == ")" and not group.pipes and len(group.colons) <= 1 else None
    if text[close] != "]":
        return None
    if group.pipes:
        if group.colons:
            return None
        return [
            ScheduleSign(start=group.start, end=group.start + 1, role="open", kind=_ALTERNATE),
            *(
                ScheduleSign(start=pipe, end=pipe + 1, role="separator", kind=_ALTERNATE)
                for pipe in group.pipes
            ),
            ScheduleSign(start=close, end=close + 1, role="close", kind=_ALTERNATE),
        ]
    if not group.colons:
        return []
    *between, last = group.colons
    if len(between) > 1 or close - last > _MAX_TIME_LENGTH:
        return None
    time = _TIME.fullmatch(text, last + 1, close)
    if time is None:
        return None
    return [
        ScheduleSign(start=group.start, end=group.start + 1, role="open", kind=_SCHEDULE),
        *(
            ScheduleSign(start=colon, end=colon + 1, role="separator", kind=_SCHEDULE)
            for colon in between
        ),
        ScheduleSign(start=last, end=close + 1, role="close", kind=_SCHEDULE, time=time[1]),
    ]


_SCHEDULE = GroupKind.SCHEDULE
_ALTERNATE = GroupKind.ALTERNATE


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledText:
    """The text of some of the steps."""

    until: int
    """Last step, counted from 1, that it is read at."""
    text: str
    """A prompt without schedules; weights are still in it."""


def switch_step(time: str, steps: int) -> int:
    """Return the last step before a schedule changes, as A1111 counts it since version 1.6.

    Args:
        time: The number in the schedule. With a dot it is a fraction of the steps, without one a
            step.
        steps: Steps in all, at least 1.

    Returns:
        At most `steps`; 0 or less where the change comes before the first step.
    """
    value = float(time) * steps if "." in time else float(time)
    return int(max(min(value, steps), -1))


def scheduled_texts(prompt: Prompt, steps: int) -> list[ScheduledText]:
    """Return what is read at which step, for one prompt without ``AND``.

    Args:
        prompt: In A1111's dialect.
        steps: Steps in all, at least 1.

    Returns:
        In order of `until`; the last one lasts to the end. Neighbours differ.
    """
    ends = {steps}
    for group in prompt.groups:
        if group.kind is GroupKind.ALTERNATE:
            ends.update(range(1, steps + 1))
            break
        if group.kind is GroupKind.SCHEDULE:
            ends.add(max(switch_step(group.number, steps), 1))
    texts: list[ScheduledText] = []
    for end in sorted(ends):
        text = text_at_step(prompt, end, steps)
        if texts and texts[-1].text == text:
            texts.pop()
        texts.append(ScheduledText(until=end, text=text))
    return texts


def text_at_step(prompt: Prompt, step: int, steps: int) -> str:
    """Return a prompt as it is at one step: schedules decided, weights left in.

    Args:
        prompt: In A1111's dialect.
        step: 1 to `steps`.
        steps: Steps in all.
    """
    parts: list[str] = []
    hidden_by: int | None = None
    options: dict[int, int] = {}
    for token in prompt.tokens:
        group = prompt.groups[token.group] if token.group >= 0 else None
        if (
            token.role in (Role.OPEN, Role.SEPARATOR, Role.CLOSE)
            and group is not None
            and group.kind in (GroupKind.SCHEDULE, GroupKind.ALTERNATE)
        ):
            if hidden_by not in (None, token.group):
                continue
            if token.role is Role.CLOSE:
                hidden_by = None
                continue
            option = 0 if token.role is Role.OPEN else options[token.group] + 1
            options[token.group] = option
            shown = _shown_option(group.kind, group.number, len(group.separators), step, steps)
            hidden_by = None if option == shown else token.group
        elif token.role is Role.NETWORK or (token.role is Role.MARK and group is not None):
            continue
        elif hidden_by is None:
            parts.append(token.text)
    return "".join(parts)


def _shown_option(kind: GroupKind, time: str, num_separators: int, step: int, steps: int) -> int:
    """Return which option of a group is read at a step; -1 for none of them."""
    if kind is GroupKind.ALTERNATE:
        return (step - 1) % (num_separators + 1)
    before = step <= switch_step(time, steps)
    if num_separators == 0:
        return -1 if before else 0
    return 0 if before else 1
