"""How entries and rankings of the phrase book are printed."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, print_json
from enogu.tags.phrases import Phrase, Ranking


def phrase_json(phrase: Phrase) -> dict[str, object]:
    """Return an entry for programs."""
    return {
        "label": phrase.label,
        "label_en": phrase.label_en,
        "reading": phrase.reading,
        "prompt": phrase.prompt,
        "negative": phrase.negative,
        "category": phrase.category,
        "group": phrase.group,
        "source": phrase.source,
    }


def show_entries(entries: Sequence[Phrase], common: Common) -> None:
    """Print entries, under the headings they stand under."""
    if common.json:
        print_json([phrase_json(phrase) for phrase in entries])
        return
    if not entries:
        console.print("No entry.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("label", style="bold")
    table.add_column("tags")
    table.add_column("in", style="dim")
    for phrase in entries:
        place = " / ".join(part for part in (phrase.category, phrase.group) if part)
        prompt = phrase.prompt + (f"  (not: {phrase.negative})" if phrase.negative else "")
        table.add_row(escape(phrase.names), escape(prompt), escape(place))
    console.print(table)


def ranking_json(ranking: Ranking) -> dict[str, object]:
    """Return a ranking for programs."""
    return {
        "rows": [
            {
                "text": row.text,
                "negative": row.negative,
                "score": round(row.score, 3),
                "uses": row.uses,
                "stars": row.stars,
                "last_day": row.last_day,
            }
            for row in ranking.rows
        ],
        "hidden": ranking.hidden,
    }


def show_ranking(ranking: Ranking, kind: str) -> None:
    """Print a ranking."""
    if not ranking.rows:
        console.print(
            f"No {kind} were used yet. Read some pictures: enogu phrases log pictures DIR"
        )
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("score", "uses", "last", "", kind):
            table.add_column(heading, justify="right" if heading in ("score", "uses") else "left")
        for row in ranking.rows:
            text = row.text + (f"\nNegative prompt: {row.negative}" if row.negative else "")
            table.add_row(
                f"{row.score:.1f}", str(row.uses), row.last_day, "★" * row.stars, escape(text)
            )
        console.print(table)
    if ranking.hidden:
        console.print(f"{ranking.hidden} more are hidden (phrases.show_hidden, tags.rating).")
