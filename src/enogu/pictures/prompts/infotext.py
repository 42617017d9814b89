"""The parameter text of A1111, which its relatives and the picture sites read.

Layout: the prompt; `Negative prompt: …` when there is one; and one last line of
`Key: value, Key: value`. A value with a comma, a colon or a line end is written as a JSON
string. Written and read here as text; what the keys mean is :mod:`enogu.draw.infotext_recipe`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NEGATIVE = "Negative prompt:"
# Lengths are bounded so that a hostile text cannot make the search quadratic.
_KEY = re.compile(r"(\w[\w \-/]{1,80}):\s*")
_QUOTED = re.compile(r'"(?:\\.|[^\\"])+"')
_VALUE_END = re.compile(r" {0,8}(?:,|$)")
_PLAIN = re.compile(r"[^,]*")
_MIN_PAIRS = 3
"""With fewer pairs the last line belongs to the prompt, as A1111 decides it."""


@dataclass(frozen=True, kw_only=True)
class Infotext:
    """The three parts of a parameter text."""

    prompt: str
    """May have several lines."""
    negative_prompt: str = ""
    """May have several lines."""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """The last line, in its order; values unquoted."""


def format_infotext(info: Infotext) -> str:
    """Return the parameter text; :func:`parse_infotext` reads it back.

    Example:
        >>> print(format_infotext(Infotext(prompt="1girl", fields={"Steps": "20", "Note": "a, b"})))
        1girl
        Steps: 20, Note: "a, b"
    """
    lines = [info.prompt]
    if info.negative_prompt:
        lines.append(f"{_NEGATIVE} {info.negative_prompt}")
    lines.append(", ".join(f"{key}: {_quote(value)}" for key, value in info.fields.items()))
    return "\n".join(lines)


def parse_infotext(text: str) -> Infotext:
    r"""Read a parameter text, also those of other tools.

    Values that are bare JSON objects (`Hashes: {"model": …}`) are kept whole. Lines lose the
    spaces around them, as in A1111. Nothing is refused: a text without a parameter line is all
    prompt.

    Example:
        >>> parse_infotext("a cat\nNegative prompt: dog\nSteps: 4, Seed: 1, Size: 64x64").fields
        {'Steps': '4', 'Seed': '1', 'Size': '64x64'}
    """
    lines = text.strip().split("\n")
    fields = _parse_fields(lines[-1])
    if len(fields) >= _MIN_PAIRS:
        lines = lines[:-1]
    else:
        fields = {}
    prompt: list[str] = []
    negative: list[str] | None = None
    for line in (line.strip() for line in lines):
        if line.startswith(_NEGATIVE):
            negative = [*(negative or []), line.removeprefix(_NEGATIVE).strip()]
        else:
            (prompt if negative is None else negative).append(line)
    return Infotext(
        prompt="\n".join(prompt), negative_prompt="\n".join(negative or []), fields=fields
    )


def _quote(value: str) -> str:
    # a leading quote and outer spaces would be lost by every reader; A1111 leaves them bare
    if any(c in value for c in ",:\n") or value.startswith('"') or value != value.strip():
        return json.dumps(value, ensure_ascii=False)
    return value


def _parse_fields(line: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    position = 0
    while match := _KEY.search(line, position):
        value, position = _parse_value(line, match.end())
        fields[match[1]] = value
        if position < len(line) and line[position] == ",":
            position += 1
    return fields


def _parse_value(line: str, start: int) -> tuple[str, int]:
    """Return the value that begins at `start` and the place after it."""
    quoted = _QUOTED.match(line, start)
    if quoted and _VALUE_END.match(line, quoted.end()):
        try:
            return str(json.loads(quoted[0])), quoted.end()
        except ValueError:
            return quoted[0], quoted.end()
    if line[start : start + 1] in ("{", "["):
        end = _json_end(line, start)
        if end is not None and _VALUE_END.match(line, end):
            return line[start:end], end
    plain = _PLAIN.match(line, start)
    assert plain is not None  # it also matches nothing at all
    return plain[0].rstrip(), plain.end()


def _json_end(line: str, start: int) -> int | None:
    """Return the place after the JSON value at `start`; None where there is no such value."""
    try:
        return json.JSONDecoder().raw_decode(line, start)[1]
    except (ValueError, RecursionError):
        return None
