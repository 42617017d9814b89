r"""Prompts in the grammar of the Compel library.

``word++`` is 1.1 twice and ``word-`` 0.9 once, ``(two words)+`` and ``(two words)1.3`` weigh what
is in brackets, nested weights multiply. Brackets and quotes without a weight only hold together
and are not read. ``("a", "b").blend(1, 0.5)`` mixes prompts, ``("a", "b").and()`` lets both guide,
``cat.swap(dog)`` swaps words in attention, ``withLora(name, 0.8)`` loads a LoRA. ``\(``, ``\)``
and ``\"`` are the signs themselves. What is never closed is text, and so is a bracket in the
middle of a word, as in ``hu_tao_(genshin_impact)``.
"""

import re
from dataclasses import dataclass

from enogu.tags.prompt.tree import GroupKind, Prompt, Role, TreeBuilder

DIALECT = "compel"
PLUS_FACTOR = 1.1
MINUS_FACTOR = 0.9

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_SIGN = re.compile(r'\\[()",.+\-=]|[()"]')
_SUFFIX = re.compile(rf"\++|-+|{_NUMBER}|\.attend\(\s*(?P<attend>\++|-+|{_NUMBER})\s*\)")
_OPERATOR = re.compile(r"\.(?P<name>blend|and|add)\((?P<arguments>[^()\"]*)\)\s*\Z")
_SWAP = re.compile(r"\.swap\(")
_WORD = re.compile(
    r"""
      (?P<word> (?: \\[()",.+\-=] | [+-](?![\s()",.+\-=]|\Z) | [^\s()",.+\-=\\] )++ )
      (?: (?P<suffix> \++ | -+ ) | (?P<swap> \.swap\( ) )
    """,
    re.VERBOSE,
)
_LORA = re.compile(
    rf"(?:with|use)Lora\(\s*(?P<name>[\w-]+)\s*(?:,\s*(?P<weight>-?{_NUMBER})\s*)?\)"
)
_FREE_WORD = re.compile(r"[^\s,]*,|[^\s,]+")
_MOST_SIGNS = 5_000
"""More make no difference to a picture, but numbers too large to be kept."""
_ESCAPED = re.compile(r'\\([()"])')


def parse_compel(text: str) -> Prompt:
    """Parse a prompt; every text is one, and rendering the tree gives it again."""
    return _Parser(text).parse()


def suffix_factor(suffix: str) -> float:
    """Return the weight that ``++``, ``-`` or ``1.3`` stands for."""
    signs = min(len(suffix), _MOST_SIGNS)
    if suffix[0] == "+":
        return PLUS_FACTOR**signs
    if suffix[0] == "-":
        return MINUS_FACTOR**signs
    return float(suffix)


@dataclass(frozen=True, slots=True)
class _End:
    """What ends an open group: a bracket, a quote or the bracket of an operator."""

    place: int
    group: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._pairs = _matching(text)
        self._builder = TreeBuilder(dialect=DIALECT)
        self._ends: list[_End] = []
        self._position = 0
        self._pending = 0
        """Where the text that is not emitted yet begins."""
        self._token_start = 0

    def parse(self) -> Prompt:
        text = self._text
        while self._position < len(text):
            place = self._position
            if self._ends and place == self._ends[-1].place:
                self._close()
            elif place in self._pairs:
                self._open()
            elif self._at_word_start(place) and self._take_word(place):
                pass
            elif text[place] == "," and self._splits_here():
                self._flush()
                self._builder.separate(self._ends[-1].group, ",")
                self._skip(place + 1)
            elif self._ends or text[place].isspace():
                self._take_text(place + 1)
            else:
                # outside of brackets Compel reads on to the next blank, whatever signs come
                self._take_text(self._end_of_free_word(place))
        self._flush()
        return self._builder.build()

    def _end_of_free_word(self, place: int) -> int:
        match = _FREE_WORD.match(self._text, place)
        return match.end() if match else place + 1

    def _take_text(self, end: int) -> None:
        """Read on to `end` at least, and past an escaped sign that begins before it."""
        for match in _ESCAPED.finditer(self._text, self._position, end + 1):
            self._position = match.start()
            self._flush()
            self._builder.add_text(match[0], match[1])
            self._skip(match.end())
        self._position = max(self._position, end)

    def _splits_here(self) -> bool:
        if not self._ends:
            return False
        kind = self._builder.groups[self._ends[-1].group].kind
        return kind in (GroupKind.BLEND, GroupKind.CONJUNCTION)

    def _at_word_start(self, place: int) -> bool:
        return (
            place == self._token_start
            or self._text[place - 1] in ' \t\r\n(",'
            or (self._text[place - 1] == "." and bool(self._ends))
        )

    def _take_word(self, place: int) -> bool:
        """Emit a word with a weight, a swapped word or a LoRA that begins here."""
        if lora := _LORA.match(self._text, place):
            self._flush()
            self._builder.add(Role.NETWORK, lora[0], f"lora:{lora['name']}:{lora['weight'] or '1'}")
            self._skip(lora.end())
            return True
        match = _WORD.match(self._text, place)
        if match is None:
            return False
        if match["swap"]:
            close = self._pairs.get(match.end() - 1)
            if close is None:
                return False
            self._flush()
            group = self._builder.open(GroupKind.SWAP, "swap", "")
            self._builder.add_text(match["word"], _said(match["word"]))
            self._builder.separate(group, match["swap"])
            self._ends.append(_End(close, group))
        else:
            self._flush()
            factor, number = suffix_factor(match["suffix"]), match["suffix"]
            group = self._builder.open(GroupKind.WEIGHT, "word", "", factor=factor)
            self._builder.add_text(match["word"], _said(match["word"]))
            self._builder.close(group, number, factor=factor, number=number)
        self._skip(match.end())
        return True

    def _open(self) -> None:
        self._flush()
        place = self._position
        sign, close = self._text[place], self._pairs[place]
        operator = _OPERATOR.match(self._text, close + 1)
        if sign == "(" and operator and not self._ends and not self._text[:place].strip():
            kind = GroupKind.BLEND if operator["name"] == "blend" else GroupKind.CONJUNCTION
            group = self._builder.open(kind, sign, sign, name=operator["arguments"])
        elif _SWAP.match(self._text, close + 1) and close + 6 in self._pairs:
            group = self._builder.open(GroupKind.SWAP, sign, sign)
        else:
            group = self._builder.open(GroupKind.WEIGHT, sign, sign)
        self._ends.append(_End(close, group))
        self._skip(place + 1)

    def _close(self) -> None:
        self._flush()
        end = self._ends.pop()
        place, group = end.place, end.group
        kind = self._builder.groups[group].kind
        text, number, factor = self._text[place], "", 1.0
        if kind in (GroupKind.BLEND, GroupKind.CONJUNCTION):
            operator = _OPERATOR.match(self._text, place + 1)
            text += operator[0] if operator else ""
        elif kind is GroupKind.SWAP and not self._is_swapped(group):
            self._builder.separate(group, self._text[place : place + 7])
            self._ends.append(_End(self._pairs[place + 6], group))
            self._skip(place + 7)
            return
        elif kind is GroupKind.WEIGHT and (suffix := _SUFFIX.match(self._text, place + 1)):
            text += suffix[0]
            number = suffix["attend"] or suffix[0]
            factor = suffix_factor(number)
        self._builder.close(group, text, factor=factor, number=number)
        self._skip(place + len(text))

    def _is_swapped(self, group: int) -> bool:
        """Tell whether the replacement of a swap is already being read."""
        return self._builder.has_separator(group)

    def _flush(self) -> None:
        self._builder.add_text(self._text[self._pending : self._position])
        self._pending = self._position

    def _skip(self, place: int) -> None:
        self._position = self._pending = self._token_start = place


def _said(word: str) -> str:
    return re.sub(r'\\([()"])', r"\1", word)


def _matching(text: str) -> dict[int, int]:
    """Return where each bracket and quote is closed; what never is, is left out."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    quotes = _quotes(text)
    open_quote: int | None = None
    for match in _SIGN.finditer(text):
        place, sign = match.start(), match[0]
        if sign == "(":
            stack.append(place)
        elif sign == ")":
            # a bracket inside quotes does not close one outside
            if stack and (open_quote is None or stack[-1] > open_quote):
                pairs[stack.pop()] = place
        elif place in quotes:
            open_quote = place
        elif open_quote is not None and quotes[open_quote] == place:
            while stack and stack[-1] > open_quote:
                stack.pop()
            pairs[open_quote] = place
            open_quote = None
    return pairs


def _quotes(text: str) -> dict[int, int]:
    """Return where quotes begin and end; one begins after a blank, a bracket or a comma."""
    quotes: dict[int, int] = {}
    start: int | None = None
    for match in _SIGN.finditer(text):
        place = match.start()
        if match[0] != '"':
            continue
        if start is not None:
            quotes[start] = place
            start = None
        elif place == 0 or text[place - 1] in ' \t\n(,")+-':
            start = place
    return quotes
