"""`enogu tags search`: finding a tag in any spelling."""

from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, print_json
from enogu.cli.phrases_place import log_search
from enogu.cli.tags_commands import open_vocabulary
from enogu.tags.search import Hit, TagSearch
from enogu.tags.vocabulary import RATINGS

_MARK_STYLES = {"present": "green", "implied": "dim", "excluded": "red", "deprecated": "dim"}


def search(
    *text: str,
    in_prompt: str = "",
    limit: Annotated[int, Parameter(alias="-n")] = 10,
    copy_form: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Find tags: kana, kanji, romaji, fragments, initials, typing errors, meaning.

    Example: enogu tags search ねこみみ

    Args:
        text: What to look for; * stands for any characters.
        in_prompt: The prompt so far, tags with commas between: marks what it has already, and
            lifts what often stands beside it.
        limit: At most so many tags, 1 to 1000.
        copy_form: Print only the tags, one a line, as prompts need them: blanks, and brackets
            with a backslash.
    """
    prompt = [tag.strip() for tag in in_prompt.split(",") if tag.strip()]
    with open_vocabulary(common) as vocabulary:
        hits = TagSearch(vocabulary).search(
            " ".join(text),
            limit=limit,
            in_prompt=prompt,
            ratings=RATINGS[: vocabulary.rating_limit + 1],
        )
    log_search(" ".join(text), common)
    if common.json:
        print_json([hit.to_dict() for hit in hits])
    elif copy_form:
        for hit in hits:
            console.print(escaped_for_prompt(hit.spoken), markup=False)
    elif not hits:
        console.print("Nothing found.")
    else:
        _print_table(hits)


def escaped_for_prompt(spoken: str) -> str:
    r"""Return a tag as prompts need it: ``hu tao \(genshin impact\)``."""
    return spoken.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _print_table(hits: list[Hit]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("tag")
    table.add_column("posts", justify="right")
    table.add_column("Japanese")
    table.add_column("found by")
    table.add_column("note")
    for hit in hits:
        style = next((_MARK_STYLES[mark] for mark in hit.marks), "")
        note = ", ".join(hit.marks)
        if hit.heirs:
            note += f": use {', '.join(hit.heirs)}"
        table.add_row(
            escape(hit.spoken),
            f"{hit.count:,}",
            escape(hit.japanese),
            f"{hit.tier}: {escape(hit.matched)}",
            escape(note),
            style=style,
        )
    console.print(table)
