"""`enogu tags`: importing tag files, looking up tags and groups, own use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, counted, errors, print_json
from enogu.errors import VocabularyError
from enogu.tags.names import spoken_name
from enogu.tags.vocabulary import (
    RATINGS,
    ImportReport,
    Measure,
    TagInfo,
    Usage,
    Vocabulary,
    VocabularyStore,
    chosen_vocabulary_path,
    forget_usage,
    open_chosen_vocabulary,
    read_usage,
)
from enogu.tags.vocabulary.importing.detect import Content

tags_app = App(name="tags", help="Look up tags, and import the tag files of other tools.")
tags_app.command("enogu.cli.tags_search_command:search")

_PROBLEMS_SHOWN = 10
_LISTED = 12


def vocabulary_path(common: Common) -> Path:
    """Return the vocabulary file that the settings choose, whether or not it exists."""
    project, resolved = common.open_project_or_none()
    return chosen_vocabulary_path(resolved.config.tags, project.root if project else None)


def open_vocabulary(common: Common) -> Vocabulary:
    """Open the vocabulary that the settings choose; the embedded words where there is none."""
    project, resolved = common.open_project_or_none()
    return open_chosen_vocabulary(resolved.config.tags, project.root if project else None)


@tags_app.command(name="import")
def import_files(
    *files: Path,
    kind: Content | None = None,
    site: Literal["danbooru", "e621"] | None = None,
    licence: str = "",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Import tag files of any known format into the vocabulary.

    Example: enogu tags import danbooru.csv danbooru-jp.csv

    Args:
        files: The files, plain or packed with gzip. They are only read.
        kind: What the files hold, where their content does not say it clearly enough.
        site: The site of the tags. Without it the file name decides.
        licence: The licence of the data, kept as a note with each source.
    """
    if not files:
        raise VocabularyError("no file was named", hint="enogu tags import danbooru.csv")
    store = VocabularyStore(vocabulary_path(common))
    report = store.import_files(
        [file.expanduser() for file in files], content=kind, site=site or "", licence=licence
    )
    if common.json:
        print_json(_report_json(report))
        return
    for file in report.files:
        console.print(f"[bold]{escape(str(file.path))}[/]")
        if file.skipped or file.format is None:
            console.print(f"  left out: {escape(file.skipped)}")
            continue
        console.print(f"  {file.format.title}, {counted(file.rows, 'row')}")
        if file.problems.count:
            console.print(f"  [yellow]left out: {counted(file.problems.count, 'broken row')}[/]")
            for problem in file.problems.first[:_PROBLEMS_SHOWN]:
                console.print(f"    {escape(str(problem))}")
    if report.num_conflicts:
        console.print(f"Decided {counted(report.num_conflicts, 'conflict')}, for example:")
        for conflict in report.conflicts[:5]:
            decision = f"{conflict.kept} has it, not {conflict.lost}"
            if not conflict.kept:
                decision = f"implied {conflict.lost}; cut"
            console.print(f"  {conflict.kind}: {escape(conflict.text)} ({escape(decision)})")
    if report.waiting:
        names = counted(report.waiting, "name")
        console.print(f"No file counts {names} that these files speak of")
    console.print(f"Wrote {escape(str(report.path))}: {counted(report.num_tags, 'tag')}")


def _report_json(report: ImportReport) -> dict[str, object]:
    return {
        "vocabulary": str(report.path),
        "num_tags": report.num_tags,
        "waiting": report.waiting,
        "files": [
            {
                "path": str(file.path),
                "format": file.format.title if file.format else None,
                "rows": file.rows,
                "broken": file.problems.count,
                "problems": [
                    {"line": problem.line, "reason": problem.reason}
                    for problem in file.problems.first
                ],
                "skipped": file.skipped,
            }
            for file in report.files
        ],
        "num_conflicts": report.num_conflicts,
        "conflicts": [
            {
                "kind": conflict.kind,
                "text": conflict.text,
                "kept": conflict.kept,
                "lost": conflict.lost,
            }
            for conflict in report.conflicts
        ],
    }


@tags_app.command
def sources(
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """List what the vocabulary is made of, with the number of each import.

    Example: enogu tags sources
    """
    path = vocabulary_path(common)
    found = VocabularyStore(path).sources()
    if common.json:
        print_json(
            [
                {
                    "import": source.batch,
                    "name": source.name,
                    "kind": source.kind,
                    "licence": source.licence,
                    "date": source.date,
                    "rows": source.rows,
                    "broken": source.broken,
                    "sha256": source.sha256,
                }
                for source in found
            ]
        )
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("import", "file", "kind", "rows", "broken", "date", "licence"):
        table.add_column(heading)
    for source in found:
        table.add_row(
            str(source.batch or ""),
            escape(source.name),
            source.kind,
            f"{source.rows:,}",
            f"{source.broken:,}" if source.broken else "",
            source.date,
            escape(source.licence or "not stated"),
        )
    console.print(table)
    console.print(f"Vocabulary: {escape(str(path if path.is_file() else 'embedded words only'))}")


@tags_app.command
def undo(
    number: int | None = None,
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Take an import back, with every file of it.

    Example: enogu tags undo

    Args:
        number: The number of the import, from `enogu tags sources`. Without it, the last one.
    """
    store = VocabularyStore(vocabulary_path(common))
    gone = store.undo(number)
    if common.json:
        print_json({"vocabulary": str(store.place.path), "removed": [s.name for s in gone]})
        return
    for source in gone:
        console.print(f"Took back {escape(source.name)} ({counted(source.rows, 'row')})")
    console.print(f"Wrote {escape(str(store.place.path))}")


@tags_app.command
def info(
    tag: str,
    *,
    measure: Measure = "cosine",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show everything the vocabulary knows about a tag.

    Example: enogu tags info "cat ears"

    Args:
        tag: A tag in any spelling, one of its aliases, or its Japanese name.
        measure: How tags that stand together are ranked, where co-occurrence counts were imported.
    """
    with open_vocabulary(common) as vocabulary:
        found = vocabulary.resolve(tag)
        entry = vocabulary.get(found.name) if found.name else None
        if entry is None:
            near = ", ".join(vocabulary.nearest(tag)) or "none is close"
            raise VocabularyError(
                f"the tag {tag!r} is not in the vocabulary; nearest known tags: {near}",
                hint=f"enogu tags search {tag!r}   looks further",
            )
        if RATINGS.index(entry.rating) > vocabulary.rating_limit:
            raise VocabularyError(
                f"the tag {tag!r} is not shown: its rating is above {vocabulary.max_rating}",
                hint="The setting tags.rating says up to which rating tags are shown.",
            )
        related = vocabulary.related(entry.name, limit=_LISTED, measure=measure)
        implied = vocabulary.ancestors(entry.name)
        excluded = vocabulary.excluded_by(entry.name)
        exclusive = vocabulary.exclusive_groups(entry.name)
    if common.json:
        print_json(
            {
                "name": entry.name,
                "found_as": found.how,
                **_facts(entry),
                "all_implied": list(implied),
                "exclusive_groups": list(exclusive),
                "excluded_by": list(excluded),
                "related": [
                    {"name": other.name, "together": other.together, "score": other.score}
                    for other in related
                ],
            }
        )
        return
    lines = {
        **_info_lines(entry),
        "Implies": _listed(implied),
        "Implied by": _listed(entry.implied_by),
        "Excluded by": _listed(excluded),
        "Related": ", ".join(f"{spoken_name(other.name)} ({other.score:.2f})" for other in related),
    }
    console.print(f"[bold]{escape(spoken_name(entry.name))}[/]  ({escape(entry.name)})")
    for heading, text in lines.items():
        if text:
            console.print(f"{heading:<13} {escape(text)}")


def _facts(entry: TagInfo) -> dict[str, object]:
    return {
        "site": entry.site,
        "category": entry.category,
        "count": entry.count,
        "rating": entry.rating,
        "deprecated": entry.deprecated,
        "heirs": list(entry.heirs),
        "group": entry.group,
        "japanese": list(entry.japanese),
        "readings": list(entry.readings),
        "aliases": list(entry.aliases),
        "implies": list(entry.implies),
        "implied_by": list(entry.implied_by),
        "series": list(entry.series),
        "explanation": entry.explanation,
        "explanation_ja": entry.explanation_ja,
    }


def _info_lines(entry: TagInfo) -> dict[str, str]:
    deprecated = "deprecated; use " + (_listed(entry.heirs) or "another tag")
    return {
        "Meaning": entry.explanation,
        "意味": entry.explanation_ja,
        "Category": f"{entry.category} on {entry.site}, {entry.count:,} posts",
        "State": deprecated if entry.deprecated else "",
        "Rating": "" if entry.rating == "general" else entry.rating,
        "Group": entry.group,
        "Japanese": " / ".join(entry.japanese),
        "Readings": " / ".join(entry.readings),
        "Aliases": _listed(entry.aliases),
        "Series": _listed(entry.series),
    }


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(spoken_name(name) for name in names[:_LISTED])
    return f"{shown}, and {len(names) - _LISTED:,} more" if len(names) > _LISTED else shown


@tags_app.command
def groups(
    group: str | None = None,
    *,
    exclusive: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """List the groups of tags, or the tags of one group.

    Example: enogu tags groups hair

    Args:
        group: The name of a group. Without it, all groups are listed.
        exclusive: List the groups of which one person can have only one tag.
    """
    with open_vocabulary(common) as vocabulary:
        if group is None:
            rows = [
                (name, en, ja, len(vocabulary.group_members(name)))
                for name, en, ja in vocabulary.groups("exclusive" if exclusive else "group")
            ]
            if common.json:
                print_json([{"name": n, "en": e, "ja": j, "tags": c} for n, e, j, c in rows])
                return
            table = Table(box=None, pad_edge=False)
            for heading in ("group", "English", "日本語", "tags"):
                table.add_column(heading)
            for name, en, ja, count in rows:
                table.add_row(name, escape(en), escape(ja), str(count))
            console.print(table)
            return
        entries = [vocabulary.get(name) for name in vocabulary.group_members(group)]
    known = [entry for entry in entries if entry is not None]
    if common.json:
        print_json([{"name": entry.name, **_facts(entry)} for entry in known])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("tag", "日本語", "posts", "meaning"):
        table.add_column(heading)
    for entry in known:
        japanese = entry.japanese[0] if entry.japanese else ""
        table.add_row(
            escape(spoken_name(entry.name)),
            escape(japanese),
            f"{entry.count:,}",
            escape(entry.explanation),
        )
    console.print(table)


@tags_app.command
def export(
    out: Path,
    *,
    form: Annotated[
        Literal["tagcomplete", "translations", "ja"], Parameter(name="--format")
    ] = "tagcomplete",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write the vocabulary as a file for other tools.

    Example: enogu tags export my-tags.csv

    Args:
        out: The file to write.
        form: tagcomplete: name, category, count, aliases. translations: tag and its Japanese name.
            ja: tag, Japanese name and further ones, with a header.
    """
    from enogu.tags.vocabulary.export import export_vocabulary

    with open_vocabulary(common) as vocabulary:
        number = export_vocabulary(
            vocabulary.connection, out, form, rating_limit=vocabulary.rating_limit
        )
    if common.json:
        print_json({"file": str(out), "rows": number})
        return
    console.print(f"Wrote {escape(str(out))}: {counted(number, 'row')}")


@tags_app.command
def usage(
    *,
    forget: Annotated[bool, Parameter(negative=())] = False,
    take: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show which tags were used, as remembered on this machine, or forget them.

    Example: enogu tags usage --forget

    Args:
        forget: Delete everything that is remembered.
        take: Add the counts of tagcomplete's `tag_frequency.db`.
    """
    path = vocabulary_path(common)
    if take is not None:
        _take_usage(take.expanduser(), path)
    if forget and path.is_file():
        forget_usage(path)
    entries: tuple[Usage, ...] = ()
    if path.is_file():
        with open_vocabulary(common) as vocabulary:
            entries = read_usage(vocabulary.connection)
    if common.json:
        print_json(
            [
                {
                    "name": entry.name,
                    "positive": entry.positive,
                    "negative": entry.negative,
                    "last_used": entry.last_used,
                }
                for entry in entries
            ]
        )
        return
    if not entries:
        console.print("Nothing is remembered.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("tag", "used", "in negative prompts"):
        table.add_column(heading)
    for entry in entries:
        table.add_row(escape(spoken_name(entry.name)), str(entry.positive), str(entry.negative))
    console.print(table)


def _take_usage(file: Path, path: Path) -> None:
    from enogu.tags.vocabulary.importing.problems import Problems
    from enogu.tags.vocabulary.importing.usage_import import read_tagcomplete_usage
    from enogu.tags.vocabulary.usage import merge_usage

    problems = Problems()
    entries = read_tagcomplete_usage(file, problems)
    if not path.is_file():
        VocabularyStore(path).rebuild()
    merge_usage(path, entries)
    errors.print(
        f"Added {len(entries):,} counts from {escape(str(file))}; "
        + counted(problems.count, "broken row")
    )
