"""Templates in the grammar of dynamic prompts: choices, wildcards and variables.

======================== ====================================================
``{a|b}``                one of the options; ``{0.5::a|b}`` weighs them
``{2$$a|b|c}``           two of them, joined with a comma; ``{1-2$$ and $$a|b}``
``{!a|b}``               all of them in turn; ``~`` at random, ``@`` cyclic
``__hair/colour__``      a line of a file; ``*`` and ``**`` stand for names
``__t(v=x)__``           the same with a variable set
``${v=x}`` ``${v=!x}``   sets a variable; ``!`` chooses once and for all
``${v}`` ``${v:x}``      its text, or x
``%{a ... b$$c}``        c in the place of ``...``
``# remark``             to the end of the line
======================== ====================================================

What is none of this is text for the dialect that is read afterwards. Templates are expanded
(:mod:`enogu.tags.prompt.expand`) before weights are read.
"""

import re

from enogu.tags.prompt.tree import GroupKind, Prompt, Role, TreeBuilder

DIALECT = "dynamic"

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_SIGN = re.compile(r"[${%]\{|[{}|#]|\$\$|__|(?<![^\n])//[^\n]*")
_CHOICE_HEAD = re.compile(
    r"""
    \{ \s* (?P<method> [!~@] )? \s*
    (?: (?P<low> \d+ )? (?P<dash> - )? (?P<high> \d+ )? \$\$
        (?: (?P<joint> [^${}]+ ) \$\$ )? )?
    """,
    re.VERBOSE,
)
_OPTION_WEIGHT = re.compile(rf"\s*(?P<weight>{_NUMBER})::")
_WILDCARD = re.compile(
    r"__(?P<method>[!~@])?(?P<name>(?:(?!__)[^(){}#|$\n])+)(?:\s*\((?P<settings>[^()\n]*)\))?__"
)
_VARIABLE = re.compile(
    r"\$\{\s*(?P<name>[A-Za-z_-][\w-]*)\s*(?:(?P<sign>\?=!|\?=|=!|=|:)\s*)?", re.ASCII
)
_MAX_NUMBER_LENGTH = 32
_COMMENT = re.compile(r"#[^\n]*")


def parse_dynamic(text: str) -> Prompt:
    """Parse a template; every text is one, and rendering the tree gives it again."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._builder = TreeBuilder(dialect=DIALECT)
        self._closes = _matching(text)
        self._stack: list[int] = []
        self._position = 0

    def parse(self) -> Prompt:
        while match := _SIGN.search(self._text, self._position):
            self._builder.add_text(self._text[self._position : match.start()])
            self._position = match.start()
            self._take(match)
        self._builder.add_text(self._text[self._position :])
        return self._builder.build()

    def _take(self, match: re.Match[str]) -> None:
        sign, place = match[0], match.start()
        if sign == "#" or sign.startswith("//"):
            comment = _COMMENT.match(self._text, place)
            self._emit(Role.COMMENT, sign if comment is None else comment[0])
        elif sign == "__":
            self._take_wildcard(place)
        elif sign.endswith("{") and place + len(sign) - 1 in self._closes:
            self._open(sign, place)
        elif sign == "}" and self._stack:
            self._builder.close(self._stack.pop(), sign)
            self._position += 1
        elif sign == "|" and self._inner_kind() is GroupKind.CHOICE:
            weight = self._option_weight(place + 1)
            text = self._text[place : weight.end()] if weight else sign
            self._builder.separate(
                self._stack[-1], text, weight=float(weight["weight"]) if weight else 1.0
            )
            self._position += len(text)
        elif sign == "$$" and self._inner_kind() is GroupKind.WRAP:
            self._builder.separate(self._stack[-1], sign)
            self._position += len(sign)
        else:
            self._builder.add_text(sign)
            self._position += len(sign)

    def _inner_kind(self) -> GroupKind | None:
        return self._builder.groups[self._stack[-1]].kind if self._stack else None

    def _option_weight(self, place: int) -> re.Match[str] | None:
        match = _OPTION_WEIGHT.match(self._text, place, place + 2 * _MAX_NUMBER_LENGTH)
        return match if match and len(match["weight"]) <= _MAX_NUMBER_LENGTH else None

    def _take_wildcard(self, place: int) -> None:
        match = _WILDCARD.match(self._text, place)
        if match is None:
            self._builder.add_text("__")
            self._position += 2
            return
        self._emit(Role.WILDCARD, match[0], match["name"].strip())

    def _open(self, sign: str, place: int) -> None:
        if sign == "${":
            match = _VARIABLE.match(self._text, place)
            end = self._closes[place + 1]
            if match is None or (not match["sign"] and match.end() != end):
                self._builder.add_text("$")
                self._position += 1
                return
            self._start(GroupKind.VARIABLE, "${", match[0], name=match["name"] + _sign(match))
        elif sign == "%{":
            self._start(GroupKind.WRAP, "%{", sign)
        else:
            head = _CHOICE_HEAD.match(self._text, place)
            assert head is not None  # it also matches the bracket alone
            text = head[0] if not _too_long(head) else "{"
            weight = self._option_weight(place + len(text))
            if weight:
                text = self._text[place : weight.end()]
            self._start(
                GroupKind.CHOICE,
                "{",
                text,
                weight=float(weight["weight"]) if weight else 1.0,
            )

    def _start(
        self, kind: GroupKind, sign: str, text: str, *, name: str = "", weight: float = 1.0
    ) -> None:
        self._stack.append(self._builder.open(kind, sign, text, name=name, weight=weight))
        self._position += len(text)

    def _emit(self, role: Role, text: str, value: str = "") -> None:
        self._builder.add(role, text, value)
        self._position += len(text)


def _sign(match: re.Match[str]) -> str:
    return match["sign"] or ""


def _too_long(head: re.Match[str]) -> bool:
    return any(len(head[name] or "") > _MAX_NUMBER_LENGTH for name in ("low", "high"))


def _matching(text: str) -> dict[int, int]:
    """Return where each ``{`` is closed; those in comments and those never closed are left out."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for match in re.finditer(r"[{}]|#[^\n]*|(?<![^\n])//[^\n]*", text):
        if match[0] == "{":
            stack.append(match.start())
        elif match[0] == "}" and stack:
            pairs[stack.pop()] = match.start()
    return pairs


def choice_range(head: str, num_options: int) -> tuple[int, int, str]:
    """Return how many options a choice takes, at least and at most, and what joins them.

    Args:
        head: The text that opens it, as in ``{1-2$$ and $$``.
        num_options: How many there are.
    """
    match = _CHOICE_HEAD.match(head)
    if match is None or "$$" not in match[0]:
        return min(1, num_options), min(1, num_options), ", "
    low = int(match["low"]) if match["low"] else None
    high = int(match["high"]) if match["high"] else None
    if match["dash"] is None:
        low = high = low if low is not None else high
    most = num_options if high is None else min(high, num_options)
    least = min(low or 0, most) if low is not None else min(1, most)
    return least, most, match["joint"] if match["joint"] is not None else ","


def method_of(text: str) -> str:
    """Return the sign of the sampling method in a choice or wildcard; empty for the usual one."""
    match = re.match(r"(?:\{\s*|__)([!~@])", text)
    return match[1] if match else ""


def wildcard_settings(text: str) -> dict[str, str]:
    """Return the variables that ``__t(v=x, w=y)__`` sets."""
    match = _WILDCARD.fullmatch(text)
    settings: dict[str, str] = {}
    for pair in (match["settings"] or "").split(",") if match else []:
        name, equals, value = pair.partition("=")
        if equals:
            settings[name.strip()] = value.strip()
    return settings
