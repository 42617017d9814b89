"""The dialects of prompts by name."""

from collections.abc import Callable, Mapping
from typing import Final

from enogu.errors import PromptError
from enogu.tags.prompt import a1111, comfy, compel, dynamic, novelai
from enogu.tags.prompt.tree import Prompt

DIALECTS: Final[Mapping[str, Callable[[str], Prompt]]] = {
    a1111.DIALECT: a1111.parse_a1111,
    comfy.DIALECT: comfy.parse_comfy,
    novelai.DIALECT: novelai.parse_novelai,
    compel.DIALECT: compel.parse_compel,
    dynamic.DIALECT: dynamic.parse_dynamic,
}
"""Name → parser."""


def parse_prompt(text: str, dialect: str = a1111.DIALECT) -> Prompt:
    """Parse a prompt; rendering the tree gives the text again, whatever it is.

    Args:
        text: The prompt.
        dialect: One of `DIALECTS`.

    Raises:
        PromptError: An unknown dialect.

    Example:
        >>> str(parse_prompt("1girl, (red hair:1.2"))
        '1girl, (red hair:1.2'
    """
    return parser_of(dialect)(text)


def parser_of(dialect: str) -> Callable[[str], Prompt]:
    """Return the parser of a dialect.

    Raises:
        PromptError: It is not known.
    """
    if dialect not in DIALECTS:
        raise PromptError(
            f"unknown prompt dialect {dialect!r}; known: {', '.join(DIALECTS)}",
            hint="a1111 is the one of the AUTOMATIC1111 web UI, Forge and enogu draw.",
        )
    return DIALECTS[dialect]
