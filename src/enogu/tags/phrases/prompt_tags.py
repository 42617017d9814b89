"""Which tags stand in a prompt, whatever its dialect."""

import re
from typing import Final

from enogu.tags.names import normal_name
from enogu.tags.prompt import Role, parse_prompt

MAX_TAGS: Final = 2_000
"""More tags in one prompt are not looked at."""

_MAX_TAG: Final = 170
_DIVIDERS: Final = frozenset(
    {Role.SEPARATOR, Role.BREAK, Role.AND, Role.CHARACTER, Role.NETWORK, Role.EMBEDDING}
)
_CUT: Final = re.compile(r"[,\n、，]")


def prompt_tags(prompt: str, dialect: str = "a1111") -> tuple[str, ...]:
    """Return the tags of a prompt in their normal spelling, each once, in order.

    Weights, brackets, comments, extra networks and file names are left out; of a choice or a
    schedule every part counts.

    Args:
        prompt: The text.
        dialect: One of :data:`~enogu.tags.prompt.DIALECTS`.

    Raises:
        PromptError: An unknown dialect.

    Example:
        >>> prompt_tags("1girl, (red hair:1.2), <lora:x:1> [day:night:0.5]")
        ('1girl', 'red_hair', 'day', 'night')
    """
    pieces: list[str] = []
    for token in parse_prompt(prompt, dialect).tokens:
        if token.role is Role.TEXT:
            pieces.append(token.value)
        elif token.role in _DIVIDERS:
            pieces.append(",")
    names = (normal_name(part) for part in _CUT.split("".join(pieces)))
    return tuple(dict.fromkeys(n for n in names if n and len(n) <= _MAX_TAG))[:MAX_TAGS]
