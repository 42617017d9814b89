r"""Prompts in the grammar of the AUTOMATIC1111 web UI, read as that program reads them.

================== ==================================================
``(x)``            weight 1.1
``[x]``            weight 1 / 1.1
``(x:1.5)``        weight 1.5
``\(``             the sign itself; likewise ``\)``, ``\[``, ``\]``, ``\\``
``BREAK``          a new chunk; inside a bracket it is a word
``[a:b:0.5]``      a, and b from half of the steps on; ``[b:5]``, ``[a::5]``
``[a|b]``          in turn, step by step
``a AND b :0.7``   two prompts that guide the same picture
``<lora:x:1>``     an extra network, cut out before anything else is read
================== ==================================================

Nested weights multiply; a bracket that is never closed acts to the end of the prompt; a closing
bracket without an opening one is text. The order in which the layers are read is A1111's: networks,
``AND``, schedules, weights.
"""

import re
from collections.abc import Iterator

from enogu.tags.prompt.schedule import ScheduleSign, find_schedules
from enogu.tags.prompt.tree import GroupKind, Prompt, Role, TreeBuilder

DIALECT = "a1111"
ROUND_FACTOR = 1.1
SQUARE_FACTOR = 1 / 1.1

_NETWORK = re.compile(r"<(\w+:[^>]+)>")
_AND = re.compile(r"\bAND\b")
_BREAK = re.compile(r"\bBREAK\b")
_PART_WEIGHT = re.compile(r"[-+]?(?:\d+\.?|\d*\.\d+)")
_MAX_PART_WEIGHT_LENGTH = 64
_TOKEN = re.compile(
    r"""
      \\(?P<escaped>[()\[\]\\]?)
    | (?P<open>[(\[])
    | :\s*(?P<weight>[+-]?[.\d]+)\s*\)
    | (?P<close>[)\]])
    | (?P<text>[^\\()\[\]:]+ | :)
    """,
    re.VERBOSE,
)


def parse_a1111(text: str, *, negative: bool = False, schedules: bool = True) -> Prompt:
    """Parse a prompt; every text is one.

    Args:
        text: The prompt.
        negative: Read it as a negative prompt, in which ``AND`` is a word.
        schedules: Whether ``[a:b:0.5]`` and ``[a|b]`` are schedules. Without them it is what
            A1111 reads at one step, and `negative` has no meaning.

    Returns:
        The tree; rendering it gives `text` again.
    """
    return _Parser(text, negative=negative or not schedules, schedules=schedules).parse()


class _Parser:
    def __init__(self, text: str, *, negative: bool, schedules: bool) -> None:
        self._source = text
        self._negative = negative
        self._schedules = schedules
        self._builder = TreeBuilder(dialect=DIALECT)
        self._networks = list(_networks(text)) if schedules else []
        # the text as A1111 reads it once networks are cut out, and where its pieces stand
        self._text = _without(text, self._networks)
        self._next_network = 0
        self._removed = 0
        self._round: list[int] = []
        self._square: list[int] = []

    def parse(self) -> Prompt:
        start = 0
        for match in [] if self._negative else _AND.finditer(self._text):
            weight = self._parse_part(start, match.start())
            self._emit(Role.AND, match.start(), match.end(), weight=weight)
            start = match.end()
        self._parse_part(start, len(self._text))
        self._emit_networks(len(self._text))
        return self._builder.build()

    def _parse_part(self, start: int, end: int) -> float:
        """Parse one prompt of several and return its weight."""
        body, number = (end, "") if self._negative else self._part_weight(start, end)
        self._round, self._square = [], []
        position = start
        part = self._text[start:body]
        opened: list[int] = []
        for sign in find_schedules(part) if self._schedules else []:
            self._parse_weights(position, start + sign.start)
            self._emit_schedule(sign, start, opened)
            position = start + sign.end
        self._parse_weights(position, body)
        # brackets do not reach from one prompt into the next
        self._builder.forget_open()
        if body < end:
            self._emit(Role.PART_WEIGHT, body, end, weight=float(number))
        return float(number) if number else 1.0

    def _part_weight(self, start: int, end: int) -> tuple[int, str]:
        """Return where the weight at the end of a prompt begins, and its number."""
        colon = self._text.rfind(":", start, end)
        if colon < 0 or end - colon > _MAX_PART_WEIGHT_LENGTH:
            return end, ""
        number = self._text[colon + 1 : end].strip()
        if not _PART_WEIGHT.fullmatch(number):
            return end, ""
        return start + len(self._text[start:colon].rstrip()), number

    def _emit_schedule(self, sign: ScheduleSign, offset: int, opened: list[int]) -> None:
        start, end = offset + sign.start, offset + sign.end
        self._emit_networks(start)
        if sign.role == "open":
            text = self._raw(start, end)
            opened.append(self._builder.open(sign.kind, "[", text))
            return
        group = opened[-1]
        text = self._split_marks(start, end, group)
        if sign.role == "separator":
            self._builder.separate(group, text)
        else:
            opened.pop()
            self._builder.close(group, text, number=sign.time)

    def _parse_weights(self, start: int, end: int) -> None:
        for token in _TOKEN.finditer(self._text, start, end):
            kind, found = token.lastgroup, token[0]
            first, last = token.span()
            if kind == "open":
                self._open(found, first, last)
            elif kind == "weight" and self._round:
                self._close(self._round.pop(), first, last, number=token["weight"])
            elif found == ")" and self._round:
                self._close(self._round.pop(), first, last)
            elif found == "]" and self._square:
                self._close(self._square.pop(), first, last)
            elif kind == "escaped":
                self._emit(Role.TEXT, first, last, value=token["escaped"])
            else:
                self._emit_words(first, last)

    def _open(self, sign: str, first: int, last: int) -> None:
        self._emit_networks(first)
        factor = ROUND_FACTOR if sign == "(" else SQUARE_FACTOR
        group = self._builder.open(GroupKind.WEIGHT, sign, self._raw(first, last), factor=factor)
        (self._round if sign == "(" else self._square).append(group)

    def _close(self, group: int, first: int, last: int, *, number: str = "") -> None:
        self._emit_networks(first)
        text = self._split_marks(first, last)
        self._builder.close(group, text, factor=_read_number(number), number=number)

    def _emit_words(self, start: int, end: int) -> None:
        """Emit text, with each ``BREAK`` and the blanks around it as a token of its own."""
        text = self._text
        offset = start
        for match in _BREAK.finditer(text[start:end]):
            first, last = offset + match.start(), offset + match.end()
            while first > start and text[first - 1].isspace():
                first -= 1
            self._emit(Role.TEXT, start, first)
            network = self._network_place()
            while last < end and last != network and text[last].isspace():
                last += 1
            self._emit(Role.BREAK, first, last)
            start = last
        self._emit(Role.TEXT, start, end)

    def _emit(
        self, role: Role, start: int, end: int, *, value: str | None = None, weight: float = 1.0
    ) -> None:
        """Emit a stretch of the text with the networks that stand before or in it."""
        if start == end:
            return
        self._emit_networks(start)
        if role is Role.TEXT and value is None:
            while (place := self._network_place()) is not None and place < end:
                self._builder.add_text(self._raw(start, place))
                self._emit_networks(place)
                start = place
            self._builder.add_text(self._raw(start, end))
        else:
            text = self._split_marks(start, end)
            self._builder.add(role, text, value or "", weight=weight)

    def _split_marks(self, start: int, end: int, group: int | None = None) -> str:
        """Emit networks inside punctuation, and what stands before them; return the rest."""
        while (place := self._network_place()) is not None and place < end:
            if place > start:
                self._builder.mark(self._raw(start, place), group)
            self._emit_networks(place)
            start = place
        return self._raw(start, end)

    def _network_place(self) -> int | None:
        """Return where the next network stands in the text without networks."""
        if self._next_network == len(self._networks):
            return None
        return self._networks[self._next_network].start() - self._removed

    def _emit_networks(self, place: int) -> None:
        """Emit the networks that stand at `place` or before."""
        while (next_place := self._network_place()) is not None and next_place <= place:
            match = self._networks[self._next_network]
            self._builder.add(Role.NETWORK, match[0], match[1])
            self._removed += len(match[0])
            self._next_network += 1

    def _raw(self, start: int, end: int) -> str:
        return self._text[start:end]


def _networks(text: str) -> Iterator[re.Match[str]]:
    # nothing can match after the last bracket, and trying there would be quadratic
    return _NETWORK.finditer(text, 0, text.rfind(">") + 1)


def _without(text: str, matches: list[re.Match[str]]) -> str:
    parts: list[str] = []
    position = 0
    for match in matches:
        parts.append(text[position : match.start()])
        position = match.end()
    return "".join([*parts, text[position:]])


def _read_number(number: str) -> float | None:
    try:
        return float(number) if number else ROUND_FACTOR
    except ValueError:
        return None
