"""Writing weighted text in each dialect."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Protocol

from enogu.tags.prompt import a1111, comfy, compel, novelai

Problem = tuple[str, dict[str, str]]
"""Key of a message and its values."""

_MOST_SIGNS: Final = 10
_CLOSE_ENOUGH: Final = 1e-9


def number_text(value: float) -> str:
    """Return a number with at most six decimals and without an exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"


class Writer(Protocol):
    """Takes pieces from left to right."""

    def text(self, value: str, weight: float) -> list[Problem]:
        """Append words with a weight; return what could not be written."""
        ...

    def raw(self, text: str, weight: float = 1.0) -> None:
        """Append text as it is, under a weight."""
        ...

    def new_chunk(self) -> bool:
        """Begin a new chunk; False where the dialect has none."""
        ...

    def network(self, kind: str, name: str, weight: str) -> str | None:
        """Return how an extra network is written; None where it cannot be."""
        ...

    def finish(self) -> str:
        """Return all that was written."""
        ...


class _Pieces:
    """What the writers share: neighbours of equal weight are joined, blanks stay outside."""

    special: ClassVar[Mapping[str, str]] = {}
    """Sign → how it is written as a sign."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._run: list[str] = []
        self._weight = 1.0

    def text(self, value: str, weight: float) -> list[Problem]:
        if weight != self._weight:
            self._end_run()
            self._weight = weight
        self._run.append(value)
        problems = list(self._unwritable(value))
        if value.strip() and not self._can_weigh(weight):
            problems.append(("convert_weight", {"text": value.strip(), "weight": f"{weight:.6g}"}))
        return problems

    def raw(self, text: str, weight: float = 1.0) -> None:
        self._end_run()
        self._parts.append(text if weight == 1.0 else self._weighted(text, weight))

    def new_chunk(self) -> bool:
        return False

    def network(self, kind: str, name: str, weight: str) -> str | None:
        del kind, name, weight
        return None

    def finish(self) -> str:
        self._end_run()
        return "".join(self._parts)

    def _end_run(self) -> None:
        said, self._run = "".join(self._run), []
        if not said:
            return
        body = said.strip()
        if self._weight == 1.0 or not body:
            self._parts.append(self._escaped(said))
            return
        start = len(said) - len(said.lstrip())
        self._parts.append(said[:start])
        self._parts.append(self._weighted(self._escaped(body), self._weight))
        self._parts.append(said[start + len(body) :])

    def _escaped(self, text: str) -> str:
        return "".join(self.special.get(sign, sign) for sign in text)

    def _unwritable(self, value: str) -> Iterator[Problem]:
        del value
        yield from ()

    def _can_weigh(self, weight: float) -> bool:
        return math.isfinite(weight)

    def _weighted(self, body: str, weight: float) -> str:
        raise NotImplementedError


class _A1111Writer(_Pieces):
    """``(x:1.2)``, brackets and backslashes escaped."""

    special = {sign: f"\\{sign}" for sign in "()[]\\"}  # noqa: RUF012 as in the base class

    def new_chunk(self) -> bool:
        self.raw(" BREAK ")
        return True

    def network(self, kind: str, name: str, weight: str) -> str | None:
        return f"<{kind}:{name}:{weight}>"

    def finish(self) -> str:
        text = super().finish()
        # words that end like a weight would weigh the whole prompt
        tail = re.search(r"[^,\n()\[\]]*:\s*[-+]?(?:\d+\.?|\d*\.\d+)\s*\Z", text[-200:])
        if tail and not text.endswith(")"):
            body = text[len(text) - len(tail[0]) :]
            return f"{text[: len(text) - len(tail[0])]}({body.strip()}:1)"
        return text

    def _unwritable(self, value: str) -> Iterator[Problem]:
        for match in re.finditer(r"\bBREAK\b|\bAND\b|<\w+:[^>]+>", value):
            yield "convert_text", {"text": match[0]}

    def _weighted(self, body: str, weight: float) -> str:
        return f"({body}:{number_text(weight)})"


class _ComfyWriter(_Pieces):
    """``(x:1.2)``, round brackets escaped."""

    special = {sign: f"\\{sign}" for sign in "()"}  # noqa: RUF012 as in the base class

    def _weighted(self, body: str, weight: float) -> str:
        return f"({body}:{number_text(weight)})"


class _NovelAIWriter(_Pieces):
    """Braces where they give the weight exactly, else ``1.2::x::``."""

    def _unwritable(self, value: str) -> Iterator[Problem]:
        for match in re.finditer(r"[{}\[\]|]|::", value):
            yield "convert_text", {"text": match[0]}

    def _weighted(self, body: str, weight: float) -> str:
        signs = _power(weight, novelai.FACTOR)
        if signs:
            opener, closer = ("{", "}") if signs > 0 else ("[", "]")
            return f"{opener * abs(signs)}{body}{closer * abs(signs)}"
        before = "".join(self._parts)[-1:]
        apart = " " if before and (before.isalnum() or before in "_.:-") else ""
        end = " ::" if body.endswith(":") else "::"
        return f"{apart}{number_text(weight)}::{body}{end}"


class _CompelWriter(_Pieces):
    """``(x)++`` where it gives the weight exactly, else ``(x)1.2``."""

    special = {sign: f"\\{sign}" for sign in '()"'}  # noqa: RUF012 as in the base class

    def network(self, kind: str, name: str, weight: str) -> str | None:
        if kind not in ("lora", "lyco") or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            return None
        return f" withLora({name}, {weight}) " if re.fullmatch(r"-?[\d.]+", weight) else None

    def _unwritable(self, value: str) -> Iterator[Problem]:
        for match in re.finditer(r"[^\s,]+[+-]+(?=[\s,]|\Z)|\.(?:blend|and|swap|add)\(", value):
            yield "convert_text", {"text": match[0]}

    def _can_weigh(self, weight: float) -> bool:
        return math.isfinite(weight) and weight >= 0

    def _weighted(self, body: str, weight: float) -> str:
        if not self._can_weigh(weight):
            return f"({body})"
        plus, minus = _power(weight, compel.PLUS_FACTOR), _power(weight, compel.MINUS_FACTOR)
        if plus and plus > 0:
            suffix = "+" * plus
        elif minus and minus > 0:
            suffix = "-" * minus
        else:
            suffix = number_text(weight)
        # Compel reads brackets only at the start of a word
        before = "".join(self._parts)[-1:]
        return f"{'' if not before or before.isspace() else ' '}({body}){suffix} "


def _power(weight: float, factor: float) -> int | None:
    """Return n with weight = factor ** n, if there is a small one."""
    if weight <= 0 or not math.isfinite(weight):
        return None
    number = round(math.log(weight) / math.log(factor))
    if number == 0 or abs(number) > _MOST_SIGNS:
        return None
    return number if abs(factor**number - weight) <= _CLOSE_ENOUGH * weight else None


WRITERS: Final[Mapping[str, type[Writer]]] = {
    a1111.DIALECT: _A1111Writer,
    comfy.DIALECT: _ComfyWriter,
    novelai.DIALECT: _NovelAIWriter,
    compel.DIALECT: _CompelWriter,
}
"""Dialect → what writes it."""
