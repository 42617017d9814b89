"""`enogu runs`: the runs of a project, listed and compared."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, duration, print_json, run_place
from enogu.project import find_run, list_runs

runs_app = App(name="runs", help="List the runs of a project, and compare them.")


@runs_app.command(name="list")
def list_(
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """List the runs of a project: state, steps, loss and newest adapter.

    Example: enogu runs list
    """
    from enogu.train.run_facts import run_row

    project = common.open_project()
    rows = [run_row(run) for run in list_runs(project.runs_dir)]
    if common.json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        console.print("No runs yet. Train one: enogu train")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "state", "started", "steps", "pictures", "loss", "time", "adapter"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            row.name,
            row.state,
            row.started,
            f"{row.step} of {row.steps}",
            str(row.pictures),
            "" if row.mean_loss is None else f"{row.mean_loss:.4f}",
            duration(row.seconds),
            escape(row.adapter),
        )
    console.print(table)


@runs_app.command
def compare(
    *runs: Path,
    out: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Compare runs: settings that differ, loss curves, and samples side by side on a page.

    Example: enogu runs compare 0001 0002

    Args:
        runs: Two or more: numbers, or run folders, also of other projects.
        out: The page to write. Left out: compare-0001-0002.html in the project's folder work.
    """
    from enogu.train.compare_runs import compare_runs, write_comparison

    project = common.open_project()
    folders = [find_run(run_place(project, run)) for run in runs]
    found = compare_runs(folders)
    names = "-".join(row.name for row in found.runs)
    path = write_comparison(found, out or project.work_dir / f"compare-{names}.html")
    if common.json:
        print_json({**found.to_dict(), "page": str(path)})
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for row in found.runs:
        table.add_column(f"run {row.name}")
    table.add_row("state", *(row.state for row in found.runs))
    table.add_row("steps", *(f"{row.step} of {row.steps}" for row in found.runs))
    table.add_row(
        "loss", *("" if row.mean_loss is None else f"{row.mean_loss:.4f}" for row in found.runs)
    )
    for name, values in found.settings.items():
        table.add_row(name, *("–" if value is None else escape(str(value)) for value in values))
    console.print(table)
    console.print(f"Curves and samples: {escape(str(path))}")
