"""How results of preparing pictures are shown, and what its commands share."""

from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import console, counted
from enogu.pictures.chain import Bounds
from enogu.project import Project
from enogu.project.duplicate_groups import DuplicateGroups
from enogu.project.prep_report import PrepReport, StepReport

Flag = Annotated[bool, Parameter(negative=())]
SHOWN = 12
_GROUPS_SHOWN = 30

TITLES = {
    "trim": "Trimming",
    "background": "Background",
    "regions": "Regions",
    "quality": "Quality",
    "duplicates": "Duplicates",
}


def training_resolution(project: Project) -> int:
    """Return the side in pixels that training will use."""
    settings = project.resolved.config
    if settings.pictures.resolution is not None:
        return settings.pictures.resolution
    from enogu.families.detect import inspect_base

    return inspect_base(project.base_reference).native_resolution


def bounds_of(workers: int | None) -> Bounds | None:
    """Return the bounds that ``--workers`` asks for."""
    return None if workers is None else Bounds(workers=max(1, workers))


def show_step(report: StepReport, *, shown: int = SHOWN, alike: bool = True) -> None:
    """Print what a step found: counts, then the pictures worth a line.

    Args:
        report: What it found.
        shown: How many lines at most.
        alike: Show look-alikes too, which need nothing to be done.
    """
    console.print(f"[bold]{TITLES[report.step]}[/]: {report.counts_text or 'not done yet'}")
    lines = [line for line in report.lines if alike or line.verdict != "variant"]
    for line in lines[:shown]:
        colour = "cyan" if line.decided else "yellow"
        text = f": {line.text}" if line.text else ""
        who = " (you decided)" if line.decided else ""
        console.print(f"  [{colour}]{line.verdict}[/]{who} {escape(line.name + text)}")
    if len(lines) > shown > 0:
        console.print(f"  … and {len(lines) - shown:,} more")
    if report.missing:
        console.print(f"  {counted(report.missing, 'picture')} not looked at")


def show_groups(report: StepReport, groups: DuplicateGroups) -> None:
    """Print copies under the picture that is worth keeping, and look-alikes by group."""
    show_step(report, shown=0)
    for group in groups.copies[:_GROUPS_SHOWN]:
        console.print(f"  [green]keep[/] {escape(group.keep)}")
        for copy in group.copies:
            word = "[yellow]copy[/]" if copy.sure else "[magenta]copy?[/]"
            how = ", ".join(copy.changes) or "saved anew"
            console.print(f"    {word} {escape(f'{copy.name} ({how})')}")
    if len(groups.copies) > _GROUPS_SHOWN:
        console.print(f"  … and {len(groups.copies) - _GROUPS_SHOWN:,} more groups of copies")
    for names in groups.alike[:SHOWN]:
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        console.print(f"  look alike, all stay: {escape(', '.join(names[:4]) + more)}")
    if len(groups.alike) > SHOWN:
        console.print(f"  … and {len(groups.alike) - SHOWN:,} more groups of look-alikes")


def show_rest(report: PrepReport) -> None:
    """Print what was refused, what is left out, and warnings."""
    for name, reason in report.refused[:SHOWN]:
        console.print(f"[red]refused[/] {escape(f'{name}: {reason}')}")
    if len(report.refused) > SHOWN:
        console.print(f"[red]refused[/] {len(report.refused) - SHOWN} more")
    if report.left_out:
        console.print(f"{counted(len(report.left_out), 'picture')} left out by you")
    for warning in report.warnings:
        console.print(f"[yellow]note[/] {escape(warning)}")
