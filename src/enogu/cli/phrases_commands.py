"""`enogu phrases`: the phrase book, and what is searched and used most."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, counted, print_json
from enogu.cli.phrases_place import open_book, remembers_use
from enogu.cli.phrases_show import phrase_json, ranking_json, show_entries, show_ranking
from enogu.errors import PhraseError
from enogu.tags.phrases import (
    Phrase,
    PhraseBook,
    UseLog,
    find_phrases,
    phrase_name,
    rank,
    read_phrase_file,
)
from enogu.tags.phrases.book import StarKind
from enogu.tags.phrases.ranking import HALF_LIFE_DAYS, RankKind

phrases_app = App(
    name="phrases", help="A book of everyday words and the tags for them, and what you use most."
)

_Flag = Annotated[bool, Parameter(negative=())]
_Common = Annotated[Common, Parameter(name="*")]
_OWN = "own"


@phrases_app.command(name="list")
def list_entries(
    category: str = "",
    *,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Show the categories of the phrase book, or the entries of one.

    Example: enogu phrases list 表情

    Args:
        category: A category, in either language.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    if category:
        entries = _of_category(book, category)
        show_entries(entries, common)
        return
    categories = book.categories()
    if common.json:
        print_json(
            [
                {
                    "name": part.name,
                    "name_en": part.name_en,
                    "groups": list(part.groups),
                    "count": part.count,
                    "hidden": part.hidden,
                }
                for part in categories
            ]
        )
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("category", "entries", "groups"):
        table.add_column(heading, justify="right" if heading == "entries" else "left")
    for part in categories:
        name = f"{part.name} / {part.name_en}" if part.name_en else part.name
        groups = "、".join(group.split(" / ")[0] for group in part.groups if group)
        table.add_row(
            escape(name) + (" (hidden)" if part.hidden else ""), str(part.count), escape(groups)
        )
    console.print(table)


@phrases_app.command
def search(
    *words: str,
    file: Path | None = None,
    limit: int = 20,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Find entries by kana, kanji, romaji or English, in any order of words.

    Example: enogu phrases search えがお

    Args:
        words: What to look for; every word must be there.
        file: The file of the book. Left out: the setting phrases.file, or your own.
        limit: How many entries to show.
    """
    book = open_book(file, common)
    query = " ".join(words)
    entries = find_phrases(book.phrases(), query, stars=book.stars("phrase"))
    if remembers_use(common):
        UseLog(book.path).record_search(query)
    show_entries(entries[: max(limit, 1)], common)


@phrases_app.command
def show(
    label: str,
    *,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Print the tags of one entry, to be put into a prompt.

    Example: enogu phrases show 満面の笑み

    Args:
        label: The label in either language; category/label where two entries share it.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    phrase = book.get(label)
    if remembers_use(common):
        UseLog(book.path).record_phrase(phrase_name(phrase))
    if common.json:
        print_json(phrase_json(phrase))
        return
    console.print(escape(phrase.prompt), style="bold")
    if phrase.negative:
        console.print(f"Negative prompt: {escape(phrase.negative)}")
    place = " / ".join(part for part in (phrase.category, phrase.group) if part)
    console.print(f"{escape(phrase.names)} · {escape(place)} · {phrase.source}", style="dim")


@phrases_app.command
def add(
    label: str,
    prompt: str,
    *,
    category: str = "自分の言葉",
    group: str = "",
    negative: str = "",
    english: str = "",
    reading: str = "",
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Add an entry of your own, or change one.

    Example: enogu phrases add うちの子 "1girl, blue hair, cat ears" --reading うちのこ

    Args:
        label: What you call it.
        prompt: The tags.
        category: The part of the book.
        group: The part of the category.
        negative: What shall not be in the picture.
        english: The label in English.
        reading: Its reading, and other words to find it by.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    phrase = Phrase(
        label=label.strip(),
        prompt=prompt.strip(),
        negative=negative.strip(),
        category=category.strip(),
        group=group.strip(),
        label_en=english.strip(),
        reading=reading.strip(),
        source=_OWN,
    )
    report = book.add([phrase])
    state = "added" if report.added else "changed" if report.changed else "unchanged"
    if common.json:
        print_json({"state": state, "entry": phrase_json(phrase), "file": str(book.path)})
    else:
        console.print(
            f"{state.capitalize()}: {escape(phrase_name(phrase))} in {escape(str(book.path))}"
        )


@phrases_app.command
def remove(
    label: str = "",
    *,
    source: str = "",
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Remove an own entry, or all entries of an imported file.

    Example: enogu phrases remove --source styles.csv

    Args:
        label: The label of the entry.
        source: The name of the imported file.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    if bool(label) == bool(source):
        raise PhraseError("say either which entry to remove, or which --source")
    book = open_book(file, common)
    gone = book.remove(label=label, source=source)
    if common.json:
        print_json([phrase_json(phrase) for phrase in gone])
    else:
        console.print(f"Removed {len(gone)} from {escape(str(book.path))}")


@phrases_app.command(name="import")
def import_files(
    *files: Path,
    category: str = "",
    hidden: _Flag = False,
    dry_run: _Flag = False,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Take in phrase books: markdown tables, CSV, A1111's styles.csv, tagcomplete's chants.

    Example: enogu phrases import notes.md styles.csv --dry-run

    Args:
        files: The files.
        category: What to file entries under that name no category. Left out: the file's name.
        hidden: Hide the categories that come in.
        dry_run: Only show what would be added or changed.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    if not files:
        raise PhraseError("no file to import was given")
    book = open_book(file, common)
    read = [read_phrase_file(path, category=category) for path in files]
    reports = [(one, book.add(one.phrases, dry_run=dry_run)) for one in read]
    if hidden and not dry_run:
        for name in dict.fromkeys(phrase.category for one in read for phrase in one.phrases):
            book.hide(name)
    if common.json:
        print_json(
            [
                {
                    "file": str(one.path),
                    "format": one.format,
                    "added": len(report.added),
                    "changed": len(report.changed),
                    "unchanged": report.unchanged,
                    "left_out": one.problems.count,
                    "problems": [str(problem) for problem in one.problems.first],
                    "written": not dry_run,
                }
                for one, report in reports
            ]
        )
        return
    for one, report in reports:
        console.print(
            f"{escape(str(one.path))} ({one.format}): {len(report.added)} new, "
            f"{len(report.changed)} changed, {report.unchanged} known, "
            f"{one.problems.count} left out"
        )
        for problem in one.problems.first[:10]:
            console.print(f"  {escape(str(problem))}", style="yellow")
    console.print(
        "Nothing was written (--dry-run)." if dry_run else f"Wrote {escape(str(book.path))}"
    )


@phrases_app.command
def hide(
    category: str,
    *,
    undo: _Flag = False,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Hide a category; the setting phrases.show_hidden shows all of them again.

    Example: enogu phrases hide 画風

    Args:
        category: A category, in either language.
        undo: Show it again.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    name = book.hide(category, hidden=not undo)
    if common.json:
        print_json({"category": name, "hidden": not undo})
    else:
        console.print(f"{'Shown' if undo else 'Hidden'}: {escape(name)}")


@phrases_app.command
def star(
    text: str,
    *,
    stars: int = 1,
    kind: StarKind = "phrase",
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Give stars to an entry, a tag or a prompt, so that it ranks higher and does not fade.

    Example: enogu phrases star 満面の笑み --stars 3

    Args:
        text: The label of the entry, the tag, or the prompt.
        stars: 0 to 5; 0 takes them away.
        kind: What the text is: phrase, tag or prompt.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    name = book.star(kind, text, stars)
    if common.json:
        print_json({"kind": kind, "text": name, "stars": stars})
    else:
        console.print(f"{'★' * stars or 'No stars'} {escape(name)}")


@phrases_app.command(name="rank")
def show_rank(
    kind: RankKind = "tags",
    *,
    limit: int = 20,
    half_life: float = HALF_LIFE_DAYS,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Show what is used most: uses fade to half in 30 days, a star counts five uses.

    Example: enogu phrases rank prompts

    Args:
        kind: tags, negative-tags, prompts, searches or phrases.
        limit: How many rows.
        half_life: After how many days a use counts half.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    ranking = rank(kind, book, limit=limit, half_life_days=half_life)
    if common.json:
        print_json(ranking_json(ranking))
    else:
        show_ranking(ranking, kind)


phrases_log_app = App(
    name="log", help="The log of what you search and use. It stays on this machine."
)
phrases_app.command(phrases_log_app)


@phrases_log_app.command
def state(
    *,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Show where the log is, whether it is on, and how much it holds.

    Example: enogu phrases log state

    Args:
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    held = UseLog(book.path).state()
    if common.json:
        print_json(
            {
                "file": str(held.path),
                "on": held.on,
                "searches": held.searches,
                "prompts": held.prompts,
                "uses": held.uses,
                "pictures": held.pictures,
                "first_day": held.first_day,
            }
        )
        return
    console.print(f"The log is {'on' if held.on else 'off'}: {escape(str(held.path))}")
    console.print(
        f"{counted(held.uses, 'use')} since {held.first_day or 'never'}: "
        f"{counted(held.searches, 'different search text')}, "
        f"{counted(held.prompts, 'different prompt')}, {counted(held.pictures, 'picture')} read"
    )


@phrases_log_app.command
def on(*, file: Path | None = None, common: _Common = Common()) -> None:  # noqa: B008 frozen
    """Switch the log on.

    Example: enogu phrases log on

    Args:
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    _switch(True, file, common)


@phrases_log_app.command
def off(*, file: Path | None = None, common: _Common = Common()) -> None:  # noqa: B008 frozen
    """Switch the log off; what it holds stays until it is emptied.

    Example: enogu phrases log off

    Args:
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    _switch(False, file, common)


@phrases_log_app.command
def empty(*, file: Path | None = None, common: _Common = Common()) -> None:  # noqa: B008 frozen
    """Delete everything in the log; entries and stars stay.

    Example: enogu phrases log empty

    Args:
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    book = open_book(file, common)
    count = UseLog(book.path).empty()
    if common.json:
        print_json({"deleted": count, "file": str(book.path)})
    else:
        console.print(f"Deleted {counted(count, 'use')} from {escape(str(book.path))}")


@phrases_log_app.command
def pictures(
    *places: Path,
    file: Path | None = None,
    common: _Common = Common(),  # noqa: B008 frozen
) -> None:
    """Read the prompts of pictures into the log (A1111, ComfyUI, NovelAI, Enogu).

    Example: enogu phrases log pictures outputs

    Args:
        places: Pictures, and folders with pictures at any depth. A picture counts once.
        file: The file of the book. Left out: the setting phrases.file, or your own.
    """
    from enogu.pictures.prompts.picture_prompts import log_pictures

    if not places:
        raise PhraseError("no picture or folder was given")
    book = open_book(file, common)
    log = UseLog(book.path)
    if not log.is_on():
        raise PhraseError("the log is off", hint="enogu phrases log on")
    result = log_pictures(places, log)
    if common.json:
        print_json(
            {
                "pictures": result.pictures,
                "with_prompt": result.told,
                "new": result.new,
                "unreadable": list(result.unreadable),
                "file": str(book.path),
            }
        )
        return
    console.print(
        f"{counted(result.pictures, 'picture')}, {result.told} with a prompt, {result.new} new in "
        f"{escape(str(book.path))}"
    )
    for reason in result.unreadable[:10]:
        console.print(f"  {escape(reason)}", style="yellow")


def _of_category(book: PhraseBook, category: str) -> tuple[Phrase, ...]:
    from enogu.tags.names import normal_name

    wanted = normal_name(category)
    entries = tuple(
        phrase
        for phrase in book.phrases()
        if wanted in (normal_name(phrase.category), normal_name(phrase.category_en))
    )
    if not entries:
        raise PhraseError(
            f"the phrase book has no category {category!r}",
            hint="Known: " + ", ".join(part.name for part in book.categories()),
        )
    return entries


def _switch(on: bool, file: Path | None, common: Common) -> None:
    book = open_book(file, common)
    UseLog(book.path).switch(on)
    if common.json:
        print_json({"on": on, "file": str(book.path)})
    else:
        console.print(f"The log is {'on' if on else 'off'}: {escape(str(book.path))}")
