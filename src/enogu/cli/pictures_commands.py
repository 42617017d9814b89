"""`enogu pictures`: from a heap of files to pictures worth training on."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.markup import escape

from enogu.cli.common import EXIT_INTERRUPTED, Common, console, counted, print_json
from enogu.cli.stopping import graceful_stop, picture_progress
from enogu.pictures.importing import Kept, notes_by_text

pictures_app = App(
    name="pictures", help="Bring pictures in, look at each of them, and get them ready to train."
)

_Flag = Annotated[bool, Parameter(negative=())]
_SHOWN = 12


@pictures_app.command(name="import")
def import_(
    *sources: Path,
    into: Path | None = None,
    rename: _Flag = False,
    use_prompts: _Flag = False,
    follow_links: _Flag = False,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Copy pictures into a project with their captions; the sources are only read.

    Example: enogu pictures import ~/drawings --into my-character

    Args:
        sources: Folders, ZIP or TAR archives, dataset.toml files, metadata JSON files, pictures.
        into: The project; made when it is not there. Left out: the project you are in.
        rename: Take pictures that share one caption with another under new names, each with a
            copy of the caption. Otherwise they are refused.
        use_prompts: Make the prompt inside a picture the caption of one that has none.
        follow_links: Follow links that lead out of a folder.
        workers: How many processes to use. Left out: one per core.
    """
    from enogu.errors import PictureError
    from enogu.files import write_text_atomic
    from enogu.pictures.chain import Bounds
    from enogu.project.import_pictures import import_into, report_as_dict, report_as_text

    if not sources:
        raise PictureError(
            "no source was given", hint="enogu pictures import ~/drawings --into my-character"
        )
    root = common.open_project().root if into is None else into
    with (
        graceful_stop("after the pictures under way") as wish,
        picture_progress("Importing", quiet=common.json) as progress,
    ):
        imported = import_into(
            root,
            sources,
            assignments=common.set,
            rename=rename,
            use_prompts=use_prompts,
            follow_links=follow_links,
            bounds=None if workers is None else Bounds(workers=max(1, workers)),
            progress=progress,
            stop=wish.is_set,
        )
    report = imported.report
    path = imported.project.work_dir / "import-report.json"
    write_text_atomic(path, report_as_text(imported))
    code = EXIT_INTERRUPTED if report.outcome == "stopped" else 0
    if common.json:
        print_json({**report_as_dict(imported), "report": str(path)})
        return code
    made = "Made" if imported.is_new else "Added to"
    console.print(f"{made} [bold]{escape(str(imported.project.root))}[/]")
    captioned = sum(one.has_caption for one in report.kept)
    console.print(f"  kept: {counted(len(report.kept), 'picture')}, {captioned} with a caption")
    if imported.trigger_reason:
        console.print(
            f"  trigger word: [bold]{escape(imported.trigger)}[/] ({imported.trigger_reason})"
        )
    if report.already:
        console.print(f"  there already: {counted(len(report.already), 'picture')}, left alone")
    _show_notes(report.kept)
    for item in report.refused[:_SHOWN]:
        proposal = f"; {item.proposal}" if item.proposal else ""
        console.print(f"  [yellow]refused[/] {escape(f'{item.origin}: {item.reason}{proposal}')}")
    if len(report.refused) > _SHOWN:
        console.print(f"  [yellow]refused[/] {len(report.refused) - _SHOWN} more, see the report")
    for note in report.notes:
        console.print(f"  [yellow]note[/] {escape(note)}")
    console.print(f"All of it: {escape(str(path))}")
    if report.outcome == "stopped":
        console.print("Stopped. Run the same command again to go on.")
    else:
        console.print(f"Next: cd {escape(str(imported.project.root))} && enogu prep")
    return code


def _show_notes(kept: list[Kept]) -> None:
    for note, places in notes_by_text(kept).items():
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        console.print(
            f"  [cyan]repaired or odd[/] {escape(', '.join(places[:3]) + more)}: {escape(note)}"
        )


# By path, as all commands are: importing pictures needs nothing of the steps.
for place in (
    "pictures_caption:caption",
    "pictures_step_commands:duplicates",
    "pictures_step_commands:trim",
    "pictures_step_commands:background",
    "pictures_step_commands:regions",
    "pictures_step_commands:quality",
    "pictures_buckets_command:buckets",
    "pictures_export_command:export",
    "pictures_review:review",
):
    pictures_app.command(f"enogu.cli.{place}")
