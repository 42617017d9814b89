"""`enogu import kohya` and `enogu export kohya`: runs of sd-scripts become projects, and back."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, counted, print_json
from enogu.cli.stopping import picture_progress
from enogu.config.kohya import Line, Verdict

import_app = App(name="import", help="Take over settings of other programs.")
export_app = App(name="export", help="Write settings for other programs.")

_TITLES: dict[Verdict, str] = {
    "same": "Taken over",
    "renamed": "Taken over under another name, or as another value",
    "nothing": "No meaning here",
    "missing": "Not available here",
    "unknown": "Unknown: no option of sd-scripts",
}


@import_app.command(name="kohya")
def import_kohya(
    *sources: str,
    into: Path | None = None,
    no_pictures: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Make a project out of a run of sd-scripts; what it names is only read.

    Example: enogu import kohya config.toml dataset.toml --into my-character

    Args:
        sources: Settings (.toml), a data set (.toml), a script (.sh, .bat, .txt). A command line
            goes behind two dashes: enogu import kohya -- train_network.py --network_dim 16 …
        into: The project to make. Left out: named as output_name, here.
        no_pictures: Write only the settings file.
    """
    from enogu.project.import_kohya import import_kohya as run_import

    with picture_progress("Importing", quiet=common.json) as progress:
        made = run_import(
            sources,
            into=into,
            assignments=common.set,
            pictures=not no_pictures,
            progress=progress,
        )
    if common.json:
        print_json(made.to_dict())
        return
    show_lines(made.lines)
    for note in made.notes:
        console.print(f"[yellow]note[/] {escape(note)}")
    if made.pictures is not None:
        console.print(f"{counted(len(made.pictures.kept), 'picture')} copied")
        for item in made.pictures.refused:
            console.print(f"[yellow]refused[/] {escape(f'{item.origin}: {item.reason}')}")
        for note in made.pictures.notes:
            console.print(f"[yellow]note[/] {escape(note)}")
    console.print(f"Made [bold]{escape(str(made.root))}[/]. This list: {made.report_path}")
    console.print(f"Next: cd {escape(str(made.root))} && enogu plan")


def show_lines(lines: tuple[Line, ...]) -> None:
    """Print what became of options, one table per verdict."""
    for verdict, title in _TITLES.items():
        rows = [line for line in lines if line.verdict == verdict]
        if not rows:
            continue
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for heading in ("option", "value", "here", ""):
            table.add_column(heading)
        for line in rows:
            value = line.value if line.given else f"{line.value} (by default)"
            here = ", ".join(f"{name} = {_shown(new)}" for name, new in line.settings.items())
            table.add_row(line.option, escape(_shown(value)), escape(here), escape(line.note))
        console.print(table)


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return "" if value is None else str(value)


@export_app.command(name="kohya")
def export_kohya(
    *,
    out: Path,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write the settings of a project as config.toml and dataset.toml for sd-scripts.

    Example: enogu export kohya --out for-kohya

    Args:
        out: The folder to write; it must not hold such files yet.
    """
    from enogu.families.detect import inspect_base
    from enogu.project.export_kohya import export_kohya as run_export

    project = common.open_project()
    config = project.resolved.config
    info = inspect_base(project.base_reference, prediction=config.model.prediction)
    made = run_export(
        project,
        out,
        family=info.spec.name,
        prediction=info.prediction,
        zero_terminal_snr=info.zero_terminal_snr,
        resolution=info.native_resolution,
    )
    if common.json:
        print_json(made.to_dict())
        return
    for name, reason in made.left:
        console.print(f"[yellow]left out[/] {escape(f'{name}: {reason}')}")
    for note in made.notes:
        console.print(f"[yellow]note[/] {escape(note)}")
    console.print(f"Wrote {escape(str(made.config_path))} and {escape(str(made.dataset_path))}")
    console.print(f"Train with: {escape(made.command)}")
