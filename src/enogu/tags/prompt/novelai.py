"""Prompts in the grammar of NovelAI.

``{x}`` multiplies by 1.05 and ``[x]`` divides by it; brackets need not be balanced and act to the
end. ``1.3::x::`` sets a weight (from version 4 of the model on); another ``0.8::`` takes its place,
``::`` ends it, and brackets around or inside multiply it. ``|`` begins the next character. There is
no way to write a bracket as text.

NovelAI's own parser is not public; the rules of ``::`` follow what other tools read.
"""

import re

from enogu.tags.prompt.tree import GroupKind, Prompt, Role, TreeBuilder

DIALECT = "novelai"
FACTOR = 1.05

_TOKEN = re.compile(
    r"""
      (?P<number> (?<![\w.:]) -?(?:\d++(?:\.\d*+)?|\.\d++) ) ::
    | (?P<end> :: )
    | (?P<open> [{\[] )
    | (?P<close> [}\]] )
    | (?P<character> \| )
    """,
    re.VERBOSE,
)
_MAX_NUMBER_LENGTH = 64


def parse_novelai(text: str) -> Prompt:
    """Parse a prompt; every text is one, and rendering the tree gives it again."""
    builder = TreeBuilder(dialect=DIALECT)
    stacks: dict[str, list[int]] = {"{": [], "[": []}
    numbered: int | None = None
    position = 0
    for match in _TOKEN.finditer(text):
        found = match[0]
        if match["number"] and len(match["number"]) > _MAX_NUMBER_LENGTH:
            continue
        builder.add_text(text[position : match.start()])
        position = match.end()
        if match["number"]:
            if numbered is not None:
                builder.close(numbered, "")
            numbered = builder.open(
                GroupKind.WEIGHT,
                "::",
                found,
                factor=float(match["number"]),
                number=match["number"],
            )
        elif match["end"] and numbered is not None:
            builder.close(numbered, found)
            numbered = None
        elif match["open"]:
            factor = FACTOR if found == "{" else 1 / FACTOR
            stacks[found].append(builder.open(GroupKind.WEIGHT, found, found, factor=factor))
        elif match["close"] and stacks[opener := "{" if found == "}" else "["]:
            builder.close(stacks[opener].pop(), found)
        elif match["character"]:
            builder.forget_open()
            stacks = {"{": [], "[": []}
            numbered = None
            builder.add(Role.CHARACTER, found)
        else:
            builder.add_text(found)
    builder.add_text(text[position:])
    return builder.build()
