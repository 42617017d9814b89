"""The language that chooses pictures by their captions: ``blue_hair AND NOT hat AND count>20``.

::

    query   = both { "OR" both }
    both    = single { ("AND" | ",") single }
    single  = "NOT" single | "(" query ")" | test
    test    = tag | number | field

- A tag is written in any spelling, with ``*`` for any signs and ``?`` for one: ``*_hair``. Words
  that stand side by side are one tag (``blue hair``); quotation marks take everything literally
  but ``*`` and ``?``.
- A number is ``count>20`` (tags of a caption; ``tags`` is the same), ``chars<300`` or ``lines=1``,
  with ``< <= = != >= >``.
- A field is ``name:`` (file name without ending), ``folder:``, ``first:`` (the first tag) or
  ``text:`` (anywhere in the text), each with ``*`` and ``?``.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from enogu.errors import QueryError

Field = Literal["name", "folder", "first", "text"]
Number = Literal["count", "chars", "lines"]
Comparison = Literal["<", "<=", "=", "!=", ">=", ">"]

MOST_SIGNS: Final = 10_000
MOST_NESTED: Final = 50


@dataclass(frozen=True, slots=True)
class HasTag:
    """The picture has a tag that fits."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A number of the caption compared with a fixed one."""

    number: Number
    comparison: Comparison
    value: int


@dataclass(frozen=True, slots=True)
class FieldFits:
    """A name or text fits."""

    field: Field
    pattern: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: "Query"


@dataclass(frozen=True, slots=True)
class And:
    """All of several."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of several."""

    parts: tuple["Query", ...]


Query: TypeAlias = HasTag | Compare | FieldFits | Not | And | Or

_NUMBER: Final = re.compile(r"(count|tags|chars|lines)\s*(<=|>=|!=|<|>|=)\s*(\d{1,9})(?=[\s,()]|$)")
_NUMBER_BEGINS: Final = re.compile(r"(?:count|tags|chars|lines)\s*(?:<=|>=|!=|<|>|=)\s*")
_FIELD: Final = re.compile(r"(name|folder|first|text):\s*")
_WORD_OPERATORS: Final = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["AND", "OR", "NOT", "(", ")", "test", "end"]
    start: int
    test: "Query | None" = None


def parse_query(text: str) -> Query:
    """Read a query.

    Args:
        text: At most :data:`MOST_SIGNS` signs, brackets at most :data:`MOST_NESTED` deep.

    Returns:
        The query as a tree.

    Raises:
        QueryError: It cannot be understood; the message shows the place.
    """
    if len(text) > MOST_SIGNS:
        raise QueryError(
            f"the query has {len(text):,} signs; at most {MOST_SIGNS:,} are read",
            hint="Put long lists of pictures into a folder of their own instead.",
        )
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def parse(self) -> Query:
        query = self._either()
        token = self._peek()
        if token.kind == ")":
            raise _error(self._text, token.start, "this bracket was never opened")
        if token.kind != "end":
            raise _error(self._text, token.start, "AND or OR is missing before this")
        return query

    def _either(self) -> Query:
        parts = [self._both()]
        while self._peek().kind == "OR":
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Query:
        parts = [self._single()]
        while self._peek().kind == "AND":
            self._take()
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _single(self) -> Query:
        negated = False
        while self._peek().kind == "NOT":
            self._take()
            negated = not negated
        token = self._take()
        if token.kind == "(":
            inner = self._in_brackets(token)
        elif token.test is not None:
            inner = token.test
        elif token.kind == "end":
            raise _error(self._text, token.start, "a tag is missing at the end")
        else:
            raise _error(self._text, token.start, f"a tag is missing before {token.kind!r}")
        return Not(inner) if negated else inner

    def _in_brackets(self, opened: _Token) -> Query:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise _error(
                self._text, opened.start, f"brackets are nested deeper than {MOST_NESTED} levels"
            )
        inner = self._either()
        token = self._take()
        if token.kind == "end":
            raise _error(self._text, opened.start, "this bracket is never closed")
        if token.kind != ")":
            raise _error(self._text, token.start, "AND or OR is missing before this")
        self._depth -= 1
        return inner

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        sign = text[place]
        if sign.isspace():
            place += 1
        elif sign == ",":
            tokens.append(_Token("AND", place))
            place += 1
        elif sign in "()":
            tokens.append(_Token(cast(Literal["(", ")"], sign), place))
            place += 1
        else:
            token, place = _read_test(text, place)
            tokens.append(token)
    tokens.append(_Token("end", len(text)))
    return tokens


def _read_test(text: str, start: int) -> tuple[_Token, int]:
    number = _NUMBER.match(text, start)
    if number is not None:
        name = "count" if number[1] == "tags" else number[1]
        test = Compare(cast(Number, name), cast(Comparison, number[2]), int(number[3]))
        return _Token("test", start, test), number.end()
    field = _FIELD.match(text, start)
    if field is not None:
        pattern, end = _read_words(text, field.end())
        if not pattern:
            raise _error(text, field.end(), f"{field[1]}: needs a text after it")
        return _Token("test", start, FieldFits(cast(Field, field[1]), pattern)), end
    unfinished = _NUMBER_BEGINS.match(text, start)
    if unfinished is not None:
        problem = f"a whole number must follow {unfinished[0].strip()!r}"
        raise _error(text, unfinished.end(), problem)
    word = _word_at(text, start)
    if word in _WORD_OPERATORS:
        return _Token(word, start), start + len(word)
    pattern, end = _read_words(text, start)
    return _Token("test", start, HasTag(pattern)), end


def _read_words(text: str, start: int) -> tuple[str, int]:
    """Return what stands in quotation marks, or words up to an operator, comma or bracket."""
    if text[start : start + 1] == '"':
        end = text.find('"', start + 1)
        if end < 0:
            raise _error(text, start, "this quotation mark is never closed")
        if not text[start + 1 : end].strip():
            raise _error(text, start, "there is nothing between these quotation marks")
        return text[start + 1 : end].strip(), end + 1
    words: list[str] = []
    place = start
    while word := _word_at(text, place):
        if word in _WORD_OPERATORS or _NUMBER_BEGINS.match(text, place):
            break
        words.append(word)
        place += len(word)
        blanks = len(text[place:]) - len(text[place:].lstrip())
        if text[place + blanks : place + blanks + 1] == '"':
            raise _error(text, place + blanks, "AND or OR is missing before this")
        place += blanks
    return " ".join(words), place


def _word_at(text: str, start: int) -> str:
    """Return the word that begins here; brackets inside it (``star_(symbol)``) belong to it."""
    depth = 0
    for place in range(start, len(text)):
        sign = text[place]
        if sign == "(" and place > start:
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif sign in "()" or (not depth and (sign == "," or sign.isspace())):
            return text[start:place]
    return text[start:]


def _error(text: str, place: int, problem: str) -> QueryError:
    """Return an error that shows a part of the query with a mark under the place."""
    left, right = max(0, place - 50), place + 30
    shown = "".join(" " if sign.isspace() else sign for sign in text[left:right])
    width = sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text[left:place])
    return QueryError(
        f"the query cannot be understood: {problem} (sign {place + 1})\n"
        f"  {shown}\n  {' ' * width}^",
        hint="For example: blue_hair AND NOT (hat OR *_helmet) AND count>20. "
        'Names with brackets or signs stand in quotation marks: "star (symbol)".',
    )
