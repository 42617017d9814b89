"""`enogu prep`: the whole chain with its defaults, and one report."""

import json
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import EXIT_INTERRUPTED, Common, console, print_json
from enogu.cli.prep_show import Flag, bounds_of, show_rest, show_step, training_resolution
from enogu.cli.stopping import graceful_stop, picture_progress
from enogu.project import Project
from enogu.project.prep import STEPS, open_prep, run_steps
from enogu.project.prep_report import PrepReport, prep_report, report_as_dict


def prep(
    *,
    redo: Flag = False,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Prepare all pictures: trim, background, regions, quality, duplicates. Originals stay.

    What is unchanged is skipped. Ctrl-C stops without loss; the same command goes on.

    Example: enogu prep --set prep.background=mask

    Args:
        redo: Look at every picture again, whether or not anything changed.
        workers: How many processes to use. Left out: one per core.
    """
    from enogu.project.prep_page import write_prep_page

    project = common.open_project()
    with (
        open_prep(project, training_resolution(project)) as place,
        graceful_stop("after the pictures under way") as wish,
    ):
        with picture_progress("Preparing", quiet=common.json) as progress:
            run = run_steps(
                place,
                STEPS,
                again=redo,
                bounds=bounds_of(workers),
                progress=progress,
                stop=wish.is_set,
            )
        report = prep_report(place, run, steps=STEPS)
        page = write_prep_page(place, report)
    code = EXIT_INTERRUPTED if run.outcome == "stopped" else 0
    if common.json:
        counts = {"looked_at": run.looked_at, "unchanged": run.unchanged}
        print_json({"outcome": run.outcome, **counts, **report_as_dict(report), "page": str(page)})
        return code
    console.print(
        f"{report.pictures:,} pictures: {run.looked_at:,} looked at, {run.unchanged:,} unchanged"
    )
    for step in report.steps:
        show_step(step, shown=5, alike=False)
    show_rest(report)
    console.print(f"All of it, with pictures: {escape(str(page))}")
    if run.outcome == "stopped":
        console.print("Stopped. Run the same command again to go on.")
        return code
    for line in [*advice(report), *_for_this_call(project)]:
        console.print(escape(line))
    console.print("Next: enogu pictures buckets, then enogu train")
    return code


def advice(report: PrepReport) -> list[str]:
    """Return what to do next, as lines that can be copied."""
    lines: list[str] = []
    copies = unsure = 0
    for step in report.steps:
        verdicts = [line.verdict for line in step.lines if not line.decided]
        if step.step == "duplicates":
            copies = verdicts.count("copy")
        elif step.step in ("trim", "background", "regions"):
            unsure += verdicts.count("unsure")
    if copies and not report.left_out:
        lines.append(
            f"To train one of each copy only ({copies}): enogu pictures duplicates --leave-out"
        )
    if unsure:
        lines.append(
            f"{unsure} findings are unsure and change nothing; to look at them: "
            "enogu pictures review"
        )
    if report.mirrorable:
        lines.append(
            f"{report.mirrorable:,} pictures name nothing one-sided; to train them mirrored too: "
            "--set pictures.flip=symmetric"
        )
    return lines


def _for_this_call(project: Project) -> list[str]:
    """Say how settings of the command line are kept, since training reads them too."""
    given = {
        name: value for name, value, origin in project.resolved.rows() if origin == "command line"
    }
    wanted = {name: value for name, value in given.items() if name.startswith("prep.")}
    if not wanted:
        return []
    lines = ", ".join(f"{name} = {json.dumps(value)}" for name, value in wanted.items())
    return [f"For training too, write into enogu.toml or give again: {lines}"]
