"""How `enogu captions` shows what it found."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.markup import escape
from rich.table import Table

from enogu.cli.captions_place import CaptionPlace
from enogu.cli.common import console, counted, print_json
from enogu.tags.dataset import CaptionSet, Choice, EditPlan, Finding, Statistics, Written
from enogu.tags.dataset.change import LineChange
from enogu.tags.dataset.checks import KINDS
from enogu.tags.dataset.documents import related_rows, together_rows
from enogu.tags.dataset.journal import JournalHead
from enogu.tags.names import spoken_name
from enogu.tags.vocabulary.model import Measure

_ROLES = {
    "people": "how many there are",
    "trait": "part of the subject: the trigger alone brings it back. --prune-traits takes it out",
    "setting": "learnt with the rest: right for a style; for a character add pictures without it",
    "other": "learnt as part of the subject, worn or done every time",
}
_SINGLES_SHOWN = 40


def show_statistics(
    found: Statistics, *, tag: str, measure: Measure, rows: int, picture: Path | None
) -> None:
    """Print statistics as tables for people."""
    captions = found.captions
    fewest, mean, most = found.tags_per_caption
    console.print(
        f"[bold]{escape(str(captions.folder))}[/]: {counted(len(captions.files), 'file')}, "
        f"{counted(captions.num_captions, 'caption')}, {len(captions.names)} different tags; "
        f"{fewest} to {most} tags a caption, {mean:.1f} on average"
    )
    _show_files(captions)
    if found.empty:
        console.print(f"[yellow]note[/] {counted(found.empty, 'empty caption')}")
    if found.pairs.left_out:
        console.print(
            f"[yellow]note[/] {counted(found.pairs.left_out, 'caption')} with too many tags to "
            "be counted in pairs"
        )
    _show_trigger(found)
    _show_absorbed(found)
    _table(
        "Tags", ("tag", "captions", "share", "group"),
        ((spoken_name(row.name), row.count, f"{row.share:.0%}", row.group) for row in found.tags),
        rows, len(found.tags),
    )  # fmt: skip
    _show_together(found, tag, measure, rows)
    _table(
        "Never together, though both are frequent (do not expect the LoRA to combine them)",
        ("tag", "captions", "and", "captions", "would be expected"),
        (
            (spoken_name(pair.first), pair.count_first, spoken_name(pair.second),
             pair.count_second, f"{pair.expected:.1f}")
            for pair in found.apart
        ),
        rows, len(found.apart),
    )  # fmt: skip
    _show_single(found.single)
    _show_drift(found, rows)
    if picture is not None:
        console.print(f"Picture of what stands together: {escape(str(picture))}")
    console.print("Next: enogu captions check")


def _show_trigger(found: Statistics) -> None:
    if not found.trigger:
        return
    name = escape(spoken_name(found.trigger))
    if found.with_trigger:
        console.print(
            f"Trigger [bold]{name}[/]: in {found.with_trigger} of "
            f"{counted(found.captions.num_captions, 'caption')}"
        )
    else:
        console.print(
            f"Trigger [bold]{name}[/]: in no caption yet; training puts it in front of each"
        )


def _show_absorbed(found: Statistics) -> None:
    if not found.absorbed:
        return
    whose = "the captions with the trigger" if found.with_trigger else "all captions"
    console.print(f"\n[bold]Absorbed by the trigger[/] (nearly always there, of {whose})")
    for role, meaning in _ROLES.items():
        rows = [row for row in found.absorbed if row.role == role]
        if rows:
            shown = ", ".join(f"{spoken_name(row.name)} {row.share:.0%}" for row in rows)
            console.print(f"  {escape(shown)}\n    [dim]{escape(meaning)}[/]")


def _show_together(found: Statistics, tag: str, measure: Measure, rows: int) -> None:
    headings = ("tag", "and", "together", "cosine", "Jaccard", "overlap", "frequency")
    if tag:
        title = f"What stands with {tag}, by {measure}"
        listed = related_rows(found, tag, measure)
    else:
        title = "Most often together, by " + measure
        listed = together_rows(found, measure, least=2, obvious=False)
    _table(
        title, headings,
        (
            (
                spoken_name(str(row["first"])), spoken_name(str(row["second"])), row["together"],
                *(f"{row[name]:.2f}" for name in ("cosine", "jaccard", "overlap", "frequency")),
            )
            for row in listed
        ),
        rows, len(listed),
    )  # fmt: skip


def _show_single(single: Sequence[str]) -> None:
    if not single:
        return
    shown = ", ".join(spoken_name(name) for name in single[:_SINGLES_SHOWN])
    more = f" and {len(single) - _SINGLES_SHOWN} more" if len(single) > _SINGLES_SHOWN else ""
    console.print(
        f"\n[bold]In one caption only[/] ({counted(len(single), 'tag')}, hardly learnt)\n  "
        f"{escape(shown + more)}"
    )


def _show_drift(found: Statistics, rows: int) -> None:
    if not found.drift:
        return
    console.print("\n[bold]Folders against the others[/] (0 the same mixture, 1 nothing in common)")
    for folder in found.drift[:rows]:
        tags = ", ".join(
            f"{spoken_name(tag.name)} {tag.here:.0%} here, {tag.elsewhere:.0%} elsewhere"
            for tag in folder.tags[:4]
        )
        console.print(
            f"  {escape(folder.folder)}: {folder.distance:.2f}, "
            + counted(folder.captions, "caption")
            + (f"\n    [dim]{escape(tags)}[/]" if tags else "")
        )


def _show_files(captions: CaptionSet) -> None:
    for item in captions.unusable:
        console.print(f"[yellow]left out[/] {escape(f'{item.path}: {item.reason}')}")
    for warning in captions.warnings:
        console.print(f"[yellow]note[/] {escape(warning)}")
    for paths, text in (
        (captions.without_caption, ("picture", "without caption")),
        (captions.without_picture, ("caption", "without picture")),
    ):
        if paths:
            console.print(
                f"[yellow]note[/] {counted(len(paths), text[0])} {text[1]} "
                f"(first: {escape(paths[0].name)})"
            )


def _table(
    title: str,
    headings: Sequence[str],
    cells: Iterable[Sequence[object]],
    rows: int,
    total: int,
) -> None:
    if not total:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for place, heading in enumerate(headings):
        is_text = heading in ("tag", "and", "group") or not place
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=True)
    for _, row in zip(range(rows), cells, strict=False):
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print()
    console.print(table)
    if total > rows:
        console.print(f"  [dim]… and {total - rows} more: --rows {total}[/]")


def show_findings(captions: CaptionSet, findings: Sequence[Finding], *, rows: int) -> None:
    """Print what a check found."""
    console.print(
        f"[bold]{escape(str(captions.folder))}[/]: {counted(len(captions.files), 'file')}, "
        f"{counted(captions.num_captions, 'caption')} checked"
    )
    _show_files(captions)
    for kind, (title, meaning) in KINDS.items():
        of_kind = [finding for finding in findings if finding.kind == kind]
        if not of_kind:
            continue
        console.print(f"\n[bold]{title}[/] ({len(of_kind)})\n  [dim]{escape(meaning)}[/]")
        for finding in of_kind[:rows]:
            better = f" → {', '.join(finding.better)}" if finding.better else ""
            note = f" ({finding.note})" if finding.note else ""
            where = ", ".join(finding.where) + (" …" if finding.count > len(finding.where) else "")
            console.print(
                f"  {escape(finding.subject + better + note)}: {counted(finding.count, 'caption')} "
                f"[dim]{escape(where)}[/]"
            )
        if len(of_kind) > rows:
            console.print(f"  [dim]… and {len(of_kind) - rows} more: --rows {len(of_kind)}[/]")
    if not findings:
        console.print("Nothing looks wrong.")


def show_choice(captions: CaptionSet, choice: Choice, *, paths: bool) -> None:
    """Print the captions that a query chose."""
    files = [captions.files[index] for index in np.flatnonzero(choice.files)]
    if paths:
        for file in files:
            console.print(escape(str(file.path)))
        return
    for file in files:
        text = " ⏎ ".join(file.text.strip().splitlines())
        console.print(f"[bold]{escape(file.relative)}[/]  [dim]{escape(text)}[/]")
    console.print(f"Fits: {len(files)} of {counted(len(captions.files), 'file')}")
    show_unmatched(choice)


def show_unmatched(choice: Choice) -> None:
    """Name the tags of a query that no caption has."""
    for tag in choice.unmatched:
        console.print(f"[yellow]note[/] no caption has {escape(tag)}")


def show_plan(
    plan: EditPlan,
    choice: Choice | None,
    *,
    rows: int,
    will_write: bool,
    pending: JournalHead | None,
) -> None:
    """Print what edits change as a difference, caption by caption."""
    if pending is not None:
        console.print(
            "[yellow]note[/] an earlier edit was interrupted "
            f"({escape('; '.join(pending.titles))}). Run it again with --apply to finish it, or "
            "take it back: enogu captions undo"
        )
    if choice is not None:
        show_unmatched(choice)
    console.print("Edits: " + escape("; ".join(plan.titles)))
    for change in plan.changes[:rows]:
        console.print(f"[bold]{escape(change.file.relative)}[/]")
        for line in change.lines:
            _show_line(line)
    if len(plan.changes) > rows:
        console.print(f"[dim]… and {counted(len(plan.changes) - rows, 'file')} more: --rows …[/]")
    for item in plan.refused:
        console.print(f"[yellow]cannot be edited[/] {escape(f'{item.path}: {item.reason}')}")
    _show_sums("taken out", plan.removed.most_common(), "red")
    _show_sums("put in", plan.added.most_common(), "green")
    console.print(
        f"Changes: {len(plan.changes)} of {counted(plan.considered, 'file')}"
        + ("" if plan.changes else ", the captions are so already")
    )
    if plan.changes and not will_write:
        console.print("Nothing was written. To write it, run the same command with --apply")


def _show_line(line: LineChange) -> None:
    old, new = list(line.removed), list(line.added)
    console.print("  [red]-[/] " + _marked(line.before, old, "bold red"))
    console.print("  [green]+[/] " + _marked(line.after, new, "bold green"))


def _marked(tags: Sequence[str], changed: list[str], style: str) -> str:
    parts: list[str] = []
    for tag in tags:
        if tag in changed:
            changed.remove(tag)
            parts.append(f"[{style}]{escape(tag)}[/]")
        else:
            parts.append(f"[dim]{escape(tag)}[/]")
    return ", ".join(parts) or "[dim](empty)[/]"


def _show_sums(title: str, counted: Sequence[tuple[str, int]], style: str) -> None:
    if counted:
        shown = ", ".join(f"{tag} {count}" for tag, count in counted[:12])
        more = f" and {len(counted) - 12} more" if len(counted) > 12 else ""
        console.print(f"[{style}]{title}[/]: {escape(shown + more)}")


def show_written(
    written: Written, place: CaptionPlace, *, json: bool, undone: bool = False
) -> None:
    """Say what was written, and how it is taken back."""
    if json:
        print_json(
            {
                "folder": str(place.folder),
                "files": written.num_files,
                "edits": list(written.titles),
                "continued": written.continued,
                "undone": undone,
                "left_alone": [str(path) for path in written.left_alone],
                "journal": str(written.journal) if written.journal else None,
            }
        )
        return
    for path in written.left_alone:
        console.print(f"[yellow]left as it is[/] {escape(str(path))}")
    if undone:
        console.print(
            f"Took back ({escape('; '.join(written.titles))}): "
            f"{counted(written.num_files, 'file')} as before"
        )
    elif written.journal is None:
        console.print("Nothing to write.")
    else:
        done = "Finished an edit that was interrupted" if written.continued else "Wrote"
        console.print(
            f"{done}: {counted(written.num_files, 'file')} in {escape(str(place.folder))}"
        )
        console.print(f"To take it back: enogu captions undo {escape(str(place.folder))}")
