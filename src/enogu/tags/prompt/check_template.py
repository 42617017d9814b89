"""Checks of templates of dynamic prompts."""

from collections.abc import Iterator

from enogu.tags.prompt.findings import Edit, Finding, Fix, Level
from enogu.tags.prompt.tree import Prompt, Role
from enogu.tags.prompt.wildcards import WildcardLibrary


def check_template(prompt: Prompt, wildcards: WildcardLibrary | None) -> Iterator[Finding]:
    """Give braces without a partner, and wildcards that no file fits.

    Args:
        prompt: In the dialect of dynamic prompts.
        wildcards: The files; without them wildcards are not looked up.
    """
    for token in prompt.tokens:
        if token.role is Role.TEXT and token.text in ("{", "}"):
            fix = Fix(edits=(Edit(start=token.start, end=token.end, text=""),), sure=False)
            yield Finding(
                rule="brace",
                level=Level.WARNING,
                start=token.start,
                end=token.end,
                values={"sign": token.text},
                fix=fix,
            )
        elif token.role is Role.WILDCARD and wildcards and not wildcards.matching(token.value):
            yield Finding(
                rule="wildcard_missing",
                level=Level.ERROR,
                start=token.start,
                end=token.end,
                values={"name": token.value},
            )
