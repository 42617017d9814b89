"""Checks of brackets, weights and signs; no vocabulary needed."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from enogu.tags.prompt.a1111 import DIALECT as A1111
from enogu.tags.prompt.comfy import DIALECT as COMFY
from enogu.tags.prompt.compel import DIALECT as COMPEL
from enogu.tags.prompt.findings import Edit, Finding, Fix, Level
from enogu.tags.prompt.novelai import DIALECT as NOVELAI
from enogu.tags.prompt.tree import Group, GroupKind, Prompt, Role
from enogu.tags.prompt.weights import weighted_tokens

STRONGEST_USUAL = 2.0
"""Weights beyond this, and below minus this, usually break a picture."""

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_LOST_NUMBER = re.compile(r":\s*[+-]?(?:\d+\.?\d*|\.\d+)(?=\s*(?:,|\n|\Z))")
_COMMA_NUMBER = re.compile(r":\s*(\d+),(\d+)\s*(?=\))")
_FACE = re.compile(r"(?:\A|[,(\s])>?[:;=]\Z")
_SERIES_BEFORE = re.compile(r"[^\s,()\[\]]+(?P<blank>[ _])$")
_SERIES_AFTER = re.compile(r"\s*(?:,|\n|\)|\Z)")
_FULL_WIDTH = {
    "（": "(",
    "）": ")",
    "［": "[",
    "］": "]",
    "：": ":",
    "，": ",",
    "、": ",",
    "｛": "{",
    "｝": "}",
}
_FULL_WIDTH_SIGN = re.compile("[" + "".join(_FULL_WIDTH) + "]")
_FOREIGN = {
    A1111: (
        (re.compile(r"\{[^{}\n]{1,200}\}"), "NovelAI / dynamic prompts"),
        (re.compile(r"(?<![\w.:])-?\d+(?:\.\d+)?::"), "NovelAI"),
        (re.compile(r"\bembedding:\w"), "ComfyUI"),
        (re.compile(r"__[\w/*-]{1,80}__"), "dynamic prompts"),
    ),
    COMFY: (
        (re.compile(r"\[[^\[\]\n]{1,200}\]"), "A1111 / NovelAI"),
        (re.compile(r"\bBREAK\b"), "A1111"),
        (re.compile(r"<\w{1,20}:[^<>\n]{1,200}>"), "A1111"),
        (re.compile(r"(?<![\w.:])-?\d+(?:\.\d+)?::"), "NovelAI"),
    ),
    NOVELAI: (
        (re.compile(r"\([^()\n]{1,200}:\s*[+-]?\d*\.?\d+\s*\)"), "A1111 / ComfyUI"),
        (re.compile(r"\bBREAK\b"), "A1111"),
        (re.compile(r"<\w{1,20}:[^<>\n]{1,200}>"), "A1111"),
    ),
    COMPEL: (
        (re.compile(r"\([^()\n]{1,200}:\s*[+-]?\d*\.?\d+\s*\)"), "A1111 / ComfyUI"),
        (re.compile(r"\bBREAK\b"), "A1111"),
        (re.compile(r"<\w{1,20}:[^<>\n]{1,200}>"), "A1111"),
    ),
}
_MOST_NESTED_BREAK = 20
_SHOWN = 40
_NEAR = 200
"""Characters or tokens around a place that are looked at."""


def check_syntax(prompt: Prompt) -> Iterator[Finding]:
    """Give what is wrong with the signs of a prompt, whatever its words mean."""
    text = str(prompt)
    yield from _unclosed(prompt, text)
    yield from _stray_closes(prompt, text)
    yield from _numbers(prompt, text)
    yield from _breaks(prompt)
    yield from _series(prompt, text)
    yield from _strong(prompt)
    yield from _square_weights(prompt, text)
    yield from _special(prompt, text)
    yield from _signs(prompt, text)


def _unclosed(prompt: Prompt, text: str) -> Iterator[Finding]:
    """Find brackets that are never closed; inner ones first, so that repairs come in order."""
    if prompt.dialect not in (A1111, NOVELAI):
        return
    ends = _part_ends(prompt)
    for group in reversed(prompt.groups):
        if (
            group.close is not None
            or group.kind is not GroupKind.WEIGHT
            or group.sign not in _CLOSERS
        ):
            continue
        token = prompt.tokens[group.open]
        end = ends[bisect_left(ends, token.end)]
        near = prompt.tokens[group.open + 1 : group.open + _NEAR]
        stop = next((other.start for other in near if other.role is Role.OPEN), end)
        stop = min(stop, token.end + _NEAR)
        lost = _LOST_NUMBER.search(text, token.end, stop) if group.sign == "(" else None
        place = lost.end() if lost else end
        while place > token.end and text[place - 1].isspace():
            place -= 1
        yield Finding(
            rule="unclosed",
            level=Level.NOTE if prompt.dialect == NOVELAI else Level.WARNING,
            start=token.start,
            end=token.end,
            values={
                "sign": token.text,
                "text": _shown(text[token.start : min(end, token.start + _NEAR)]),
            },
            fix=Fix(edits=(Edit(start=place, end=place, text=_CLOSERS[group.sign]),), sure=True),
        )


def _part_ends(prompt: Prompt) -> list[int]:
    """Return where brackets that are never closed stop acting."""
    ends = [
        token.start
        for token in prompt.tokens
        if token.role in (Role.AND, Role.PART_WEIGHT, Role.CHARACTER)
    ]
    return [*ends, sum(len(token.text) for token in prompt.tokens)]


def _stray_closes(prompt: Prompt, text: str) -> Iterator[Finding]:
    opened = "({[" if prompt.dialect == NOVELAI else "(["
    closers = {_CLOSERS[sign]: sign for sign in opened}
    for token in prompt.tokens:
        if token.role is Role.TEXT and token.text == token.value and prompt.dialect == A1111:
            for place, sign in enumerate(token.text):
                if sign in closers and not _is_face(text, token.start + place):
                    yield _stray(token.start + place, sign, closers[sign])
        elif token.role is Role.TEXT and token.text in closers and prompt.dialect == NOVELAI:
            yield _stray(token.start, token.text, closers[token.text])
        elif (
            token.role is Role.TEXT
            and token.text == token.value
            and prompt.dialect in (COMFY, COMPEL)
        ):
            for match in re.finditer(r"[()]", token.text):
                yield Finding(
                    rule="literal_bracket",
                    level=Level.WARNING,
                    start=token.start + match.start(),
                    end=token.start + match.end(),
                    values={"sign": match[0]},
                )
        elif (
            token.role is Role.CLOSE
            and token.text == ")"
            and prompt.dialect in (A1111, COMFY)
            and _is_face(text, token.start)
        ):
            yield Finding(
                rule="face",
                level=Level.WARNING,
                start=token.start - 1,
                end=token.end,
                values={"face": text[token.start - 1 : token.end]},
                fix=Fix(edits=(Edit(start=token.start, end=token.end, text=r"\)"),), sure=True),
            )


def _stray(place: int, sign: str, opener: str) -> Finding:
    return Finding(
        rule="stray_close",
        level=Level.WARNING,
        start=place,
        end=place + 1,
        values={"sign": sign, "opener": opener},
        fix=Fix(edits=(Edit(start=place, end=place + 1, text=""),), sure=True),
    )


def _numbers(prompt: Prompt, text: str) -> Iterator[Finding]:
    for group in prompt.groups:
        if group.factor is None and group.close is not None:
            token = prompt.tokens[group.close]
            good = re.match(r"[+-]?(?:\d+\.?\d*|\.\d+)", group.number)
            edit = Edit(start=token.start, end=token.end, text=f":{good[0]})" if good else ")")
            yield Finding(
                rule="bad_number",
                level=Level.ERROR,
                start=token.start,
                end=token.end,
                values={"number": group.number, "text": _shown(_source(prompt, group))},
                fix=Fix(edits=(edit,), sure=False),
            )
    if prompt.dialect in (A1111, COMFY):
        for match in _COMMA_NUMBER.finditer(text):
            yield Finding(
                rule="comma_number",
                level=Level.WARNING,
                start=match.start(),
                end=match.end(),
                values={"number": match[0].lstrip(": "), "better": f"{match[1]}.{match[2]}"},
                fix=Fix(
                    edits=(
                        Edit(start=match.start(), end=match.end(), text=f":{match[1]}.{match[2]}"),
                    ),
                    sure=True,
                ),
            )


def _breaks(prompt: Prompt) -> Iterator[Finding]:
    """Find the word BREAK under a bracket, where A1111 takes it for a word."""
    for token in prompt.tokens:
        if token.role is not Role.BREAK or token.group < 0:
            continue
        chain = [
            prompt.groups[number]
            for number in islice(prompt.ancestors(token.group), _MOST_NESTED_BREAK + 1)
        ]
        if any(group.kind is not GroupKind.WEIGHT for group in chain):
            continue
        fix = None
        if len(chain) <= _MOST_NESTED_BREAK:
            closing = "".join(
                prompt.tokens[group.close].text if group.close is not None else _CLOSERS[group.sign]
                for group in chain
            )
            opening = "".join(group.sign for group in reversed(chain))
            fix = Fix(
                edits=(Edit(start=token.start, end=token.end, text=f"{closing} BREAK {opening}"),),
                sure=True,
            )
        yield Finding(
            rule="break_in_brackets",
            level=Level.WARNING,
            start=token.start,
            end=token.end,
            values={},
            fix=fix,
        )


def _series(prompt: Prompt, text: str) -> Iterator[Finding]:
    """Find ``name_(series)``, whose brackets became a weight."""
    if prompt.dialect not in (A1111, COMFY):
        return
    for group in prompt.groups:
        if group.sign != "(" or group.number or group.close is None:
            continue
        first, last = prompt.tokens[group.open], prompt.tokens[group.close]
        before = _SERIES_BEFORE.search(text[max(0, first.start - 80) : first.start])
        inside = text[first.end : last.start]
        if (
            before is None
            or not 1 <= len(inside) <= 80
            or re.search(r"[,\n()\[\]]", inside)
            or not _SERIES_AFTER.match(text, last.end)
        ):
            continue
        yield Finding(
            rule="series",
            level=Level.WARNING,
            start=first.start,
            end=last.end,
            values={"series": inside, "tag": _tag_around(text, first.start, last.end)},
            fix=Fix(
                edits=(
                    Edit(start=first.start, end=first.end, text=r"\("),
                    Edit(start=last.start, end=last.end, text=r"\)"),
                ),
                sure=before["blank"] == "_",
            ),
        )


def _tag_around(text: str, start: int, end: int) -> str:
    """Return the tag whose end a bracket is, with its brackets."""
    lowest = max(0, start - _NEAR)
    begin = max(text.rfind(sign, lowest, start) for sign in ",\n(") + 1
    return text[max(begin, lowest) : end].strip()


def _is_face(text: str, place: int) -> bool:
    """Tell whether the bracket at `place` is the mouth of a face such as ``:)``."""
    return _FACE.search(text, max(0, place - 4), place) is not None


def _strong(prompt: Prompt) -> Iterator[Finding]:
    told: set[float] = set()
    for piece in weighted_tokens(prompt):
        weight = piece.weight
        if piece.token.role is not Role.TEXT or not piece.token.value.strip() or math.isnan(weight):
            continue
        if abs(weight) > STRONGEST_USUAL and weight not in told:
            told.add(weight)
            yield Finding(
                rule="strong" if math.isfinite(weight) else "endless",
                level=Level.NOTE if math.isfinite(weight) else Level.ERROR,
                start=piece.token.start,
                end=piece.token.end,
                values={"text": _shown(piece.token.value.strip()), "weight": f"{weight:.4g}"},
            )


def _square_weights(prompt: Prompt, text: str) -> Iterator[Finding]:
    """Find ``[x:0.5]``, which looks like a weight and is a schedule."""
    for group in prompt.groups:
        if group.kind is GroupKind.SCHEDULE and not group.separators and group.close is not None:
            first, last = prompt.tokens[group.open], prompt.tokens[group.close]
            inside = text[first.end : last.start]
            if "." not in group.number or not inside or inside[:1].isspace():
                continue
            yield Finding(
                rule="square_weight",
                level=Level.NOTE,
                start=first.start,
                end=last.end,
                values={"text": _shown(inside), "number": group.number},
                fix=Fix(
                    edits=(
                        Edit(start=first.start, end=first.end, text="("),
                        Edit(start=last.start, end=last.end, text=f":{group.number})"),
                    ),
                    sure=False,
                ),
            )


def _special(prompt: Prompt, text: str) -> Iterator[Finding]:
    """Find networks, and a weight at the very end that acts on the whole prompt."""
    joined = any(token.role is Role.AND for token in prompt.tokens)
    for token in prompt.tokens:
        if token.role is Role.NETWORK and prompt.dialect == A1111:
            name = token.value.partition(":")[2].partition(":")[0]
            yield Finding(
                rule="network",
                level=Level.NOTE,
                start=token.start,
                end=token.end,
                values={"text": _shown(token.text), "name": _shown(name)},
            )
        elif token.role is Role.PART_WEIGHT and not joined:
            begin = max(text.rfind(sign, 0, token.start) for sign in ",\n") + 1
            begin += len(text[begin : token.start]) - len(text[begin : token.start].lstrip())
            edits = (
                Edit(start=begin, end=begin, text="("),
                Edit(start=token.start, end=token.end, text=f":{token.weight:g})"),
            )
            yield Finding(
                rule="part_weight",
                level=Level.WARNING,
                start=token.start,
                end=token.end,
                values={"text": token.text.strip()},
                fix=Fix(edits=edits, sure=False),
            )


def _signs(prompt: Prompt, text: str) -> Iterator[Finding]:
    for pattern, dialect in _FOREIGN.get(prompt.dialect, ()):
        for match in pattern.finditer(text):
            yield Finding(
                rule="foreign",
                level=Level.NOTE,
                start=match.start(),
                end=match.end(),
                values={"text": _shown(match[0]), "dialect": dialect},
            )
    for match in _FULL_WIDTH_SIGN.finditer(text):
        better = _FULL_WIDTH[match[0]]
        yield Finding(
            rule="full_width",
            level=Level.WARNING,
            start=match.start(),
            end=match.end(),
            values={"sign": match[0], "better": better},
            fix=Fix(edits=(Edit(start=match.start(), end=match.end(), text=better),), sure=True),
        )
    for match in re.finditer(r",(?:[ \t]*,)+", text):
        yield Finding(
            rule="empty_tag",
            level=Level.NOTE,
            start=match.start(),
            end=match.end(),
            values={},
            fix=Fix(edits=(Edit(start=match.start(), end=match.end(), text=","),), sure=True),
        )


def _source(prompt: Prompt, group: Group) -> str:
    end = len(prompt.tokens) if group.close is None else group.close + 1
    return "".join(token.text for token in prompt.tokens[group.open : min(end, group.open + 20)])


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
