r"""Prompts in the grammar of ComfyUI's text encoder nodes.

Only round brackets count: ``(x)`` multiplies by 1.1, ``(x:1.3)`` sets the weight and so replaces
that of the brackets around it. ``\(`` and ``\)`` are the signs themselves, ``embedding:name`` is a
textual inversion. What is in brackets that are never closed is text, brackets included. After a
closing bracket too many as many opening ones are text, too.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass

from enogu.tags.prompt.tree import GroupKind, Prompt, Role, TreeBuilder

DIALECT = "comfy"
ROUND_FACTOR = 1.1

_BRACKET = re.compile(r"\\[()]|[()]")
_EMBEDDING = re.compile(r"(?:^|(?<=[ \n]))embedding:([^\s,():]+)")
_MAX_NUMBER_LENGTH = 64


@dataclass(frozen=True, slots=True)
class _Span:
    """A bracket pair; `tail` is where its number begins, or its end."""

    start: int
    tail: int
    end: int
    number: str


def parse_comfy(text: str) -> Prompt:
    """Parse a prompt; every text is one, and rendering the tree gives it again."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._signs = {match.start(): match[0] for match in _BRACKET.finditer(text)}
        self._pairs, self._unclosed = _matching(self._signs)
        self._colons = [match.start() for match in re.finditer(":", text)]

    def parse(self) -> Prompt:
        builder = TreeBuilder(dialect=DIALECT)
        edges: list[tuple[int, bool, _Span]] = []
        for span in self._spans():
            edges += [(span.start, True, span), (span.tail, False, span)]
        edges.sort(key=lambda edge: edge[0])
        position = 0
        open_groups: list[int] = []
        for place, is_open, span in edges:
            self._emit_text(builder, position, place)
            if is_open:
                factor = float(span.number) if span.number else ROUND_FACTOR
                open_groups.append(
                    builder.open(
                        GroupKind.WEIGHT,
                        "(",
                        "(",
                        factor=factor,
                        number=span.number,
                        replaces=bool(span.number),
                    )
                )
                position = place + 1
            else:
                builder.close(open_groups.pop(), self._text[span.tail : span.end])
                position = span.end
        self._emit_text(builder, position, len(self._text))
        return builder.build()

    def _spans(self) -> list[_Span]:
        """Return all bracket pairs that are weights."""
        end = len(self._text)
        spans: list[_Span] = []
        for start, sign in self._signs.items():
            if start >= end:
                break
            if sign != "(":
                continue
            close = self._pairs.get(start)
            if close is not None and close < end:
                spans.append(self._span(start, close))
            elif close is not None or start in self._unclosed:
                # never closed in what is left: ComfyUI only looks at the two ends of that
                if end - start < 2 or self._signs.get(end - 1) != ")":
                    break
                span = self._span(start, end - 1)
                spans.append(span)
                end = span.tail
        return spans

    def _span(self, start: int, close: int) -> _Span:
        last = bisect_left(self._colons, close) - 1
        colon = self._colons[last] if last >= 0 else -1
        if colon > start + 1 and close - colon <= _MAX_NUMBER_LENGTH:
            number = self._text[colon + 1 : close]
            try:
                float(number)
            except ValueError:
                pass
            else:
                return _Span(start, colon, close + 1, number)
        return _Span(start, close, close + 1, "")

    def _emit_text(self, builder: TreeBuilder, start: int, end: int) -> None:
        segment = self._text[start:end]
        position = 0
        for match in _EMBEDDING.finditer(segment):
            _emit_words(builder, segment[position : match.start()])
            builder.add(Role.EMBEDDING, match[0], match[1])
            position = match.end()
        _emit_words(builder, segment[position:])


def _emit_words(builder: TreeBuilder, text: str) -> None:
    position = 0
    for match in re.finditer(r"\\([()])", text):
        builder.add_text(text[position : match.start()])
        builder.add_text(match[0], match[1])
        position = match.end()
    builder.add_text(text[position:])


def _matching(signs: dict[int, str]) -> tuple[dict[int, int], set[int]]:
    """Return where each opening bracket is closed, and those that never are."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    surplus = 0
    for place, sign in signs.items():
        if sign == ")":
            if stack:
                pairs[stack.pop()] = place
            else:
                surplus += 1
        elif sign == "(":
            if surplus:
                surplus -= 1
            else:
                stack.append(place)
    return pairs, set(stack)
