"""`enogu pictures export`: the prepared pictures for other programs."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import EXIT_INTERRUPTED, Common, console, counted, print_json
from enogu.cli.prep_show import Flag, bounds_of
from enogu.cli.stopping import graceful_stop, picture_progress

if TYPE_CHECKING:
    from enogu.pictures.exporting import ExportReport

_SHOWN = 12


def export(
    out: Path,
    *,
    form: Annotated[
        Literal["kohya", "folder", "webdataset", "diffusers"], Parameter(name="--as")
    ] = "kohya",
    fitted: Flag = False,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Write the prepared pictures with captions and masks for another program.

    Example: enogu pictures export ../for-kohya --as kohya

    Args:
        out: The folder to make.
        form: kohya: folders 10_words and dataset.toml. folder: pictures, captions and masks side
            by side, as OneTrainer reads them. webdataset: tar shards. diffusers: metadata.jsonl.
        fitted: Scale and crop every picture to its bucket, so that nothing is cropped later.
        workers: How many processes to use. Left out: one per core.
    """
    from enogu.families.detect import inspect_base
    from enogu.project.export_pictures import export_pictures
    from enogu.train.ways import bucket_rule

    project = common.open_project()
    info = inspect_base(project.base_reference)
    rule_of = partial(
        bucket_rule, native_resolution=info.native_resolution, base_step=info.bucket_step
    )
    with (
        graceful_stop("after the pictures under way") as wish,
        picture_progress("Exporting", quiet=common.json) as progress,
    ):
        report = export_pictures(
            project,
            out,
            form,
            rule_of,
            fitted=fitted,
            bounds=bounds_of(workers),
            progress=progress,
            stop=wish.is_set,
        )
    code = EXIT_INTERRUPTED if report.outcome == "stopped" else 0
    if common.json:
        print_json(
            {
                "outcome": report.outcome,
                "folder": str(report.folder),
                "written": report.written,
                "masks": report.masks,
                "without_caption": report.without_caption,
                "refused": [{"name": name, "reason": why} for name, why in report.refused],
                "notes": report.notes,
            }
        )
        return code
    if report.outcome == "stopped":
        console.print("Stopped. Run the same command again to go on.")
    else:
        _show(report)
    return code


def _show(report: "ExportReport") -> None:
    console.print(f"{counted(report.written, 'picture')}, {report.masks} with a mask")
    if report.without_caption:
        names = ", ".join(report.without_caption[:3])
        console.print(
            f"[yellow]note[/] {len(report.without_caption)} have no caption, and nothing is known "
            f"to say of them: {escape(names)}"
        )
    for name, why in report.refused[:_SHOWN]:
        console.print(f"[red]refused[/] {escape(f'{name}: {why}')}")
    for note in report.notes:
        console.print(f"[yellow]note[/] {escape(note)}")
    console.print(f"Written: {escape(str(report.folder))}")
