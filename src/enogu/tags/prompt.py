r"""Weights in prompts, in the grammar of the AUTOMATIC1111 web UI.

========== =====================================
``(x)``    weight 1.1
``[x]``    weight 1 / 1.1
``(x:1.5)``  weight 1.5
``\(``     the sign itself; likewise ``\)``, ``\[``, ``\]``, ``\\``
========== =====================================

Nested weights multiply; a bracket that is never closed acts to the end of the prompt; a closing
bracket without an opening one is text. ``BREAK`` is left in the text.
"""

import re

from enogu.errors import PromptError

_ROUND_FACTOR = 1.1
_SQUARE_FACTOR = 1 / 1.1

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


def parse_prompt_weights(text: str) -> list[tuple[str, float]]:
    """Split a prompt into pieces of equal weight.

    Args:
        text: The prompt.

    Returns:
        Pieces in order; neighbours of equal weight are joined. At least one piece, so an empty
        prompt gives ``[("", 1.0)]``.

    Raises:
        PromptError: A weight is not a number, as in ``(a:1.2.3)``.
    """
    texts: list[str] = []
    weights: list[float] = []
    open_round: list[int] = []
    open_square: list[int] = []

    def multiply(start: int, factor: float) -> None:
        weights[start:] = [weight * factor for weight in weights[start:]]

    for token in _TOKEN.finditer(text):
        kind, found = token.lastgroup, token[0]
        if kind == "open":
            (open_round if found == "(" else open_square).append(len(texts))
        elif kind == "weight" and open_round:
            multiply(open_round.pop(), _weight(text, token))
        elif found == ")" and open_round:
            multiply(open_round.pop(), _ROUND_FACTOR)
        elif found == "]" and open_square:
            multiply(open_square.pop(), _SQUARE_FACTOR)
        else:
            texts.append(token["escaped"] if kind == "escaped" else found)
            weights.append(1.0)
    for start in open_round:
        multiply(start, _ROUND_FACTOR)
    for start in open_square:
        multiply(start, _SQUARE_FACTOR)
    return _joined(texts, weights)


def _weight(text: str, token: re.Match[str]) -> float:
    try:
        return float(token["weight"])
    except ValueError as error:
        raise PromptError(
            f"the weight {token['weight']!r} in the prompt is not a number: "
            f"…{text[max(0, token.start() - 20) : token.end()]}",
            hint=r"A weight is written (red hair:1.2). For plain brackets write \( and \).",
        ) from error


def _joined(texts: list[str], weights: list[float]) -> list[tuple[str, float]]:
    pieces: list[tuple[str, float]] = []
    for text, weight in zip(texts, weights, strict=True):
        if pieces and pieces[-1][1] == weight:
            pieces[-1] = (pieces[-1][0] + text, weight)
        else:
            pieces.append((text, weight))
    return pieces or [("", 1.0)]
