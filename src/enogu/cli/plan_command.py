"""`enogu plan`: what a run would do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, duration, gib, print_json

if TYPE_CHECKING:
    from enogu.train.fit import Measure
    from enogu.train.plan import BlockRow, FolderRow


def plan(
    *,
    memory: str | None = None,
    gpus: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Say what a run would do and need; trains nothing.

    Example: enogu plan --memory 8GB

    Args:
        memory: Memory that training may use, such as 8GB; says what is switched on to fit in.
        gpus: GPUs that train together; on a CPU the number of processes.
    """
    from enogu.files import make_dirs
    from enogu.train.plan import make_plan, plan_as_dict, write_contact_sheet
    from enogu.train.setup import open_setup

    project = common.open_project(machine__memory=memory, machine__gpus=gpus)
    made = make_plan(open_setup(project))
    setup = made.setup
    sheet = write_contact_sheet(setup, make_dirs(project.work_dir) / "contact-sheet.png")
    if common.json:
        print_json({**plan_as_dict(made), "contact_sheet": str(sheet)})
        return
    info, prediction = setup.info, made.forecast
    console.print(
        f"Base [bold]{escape(info.title)}[/]: {info.spec.title}, predicts {info.prediction} "
        f"({info.certainty})"
    )
    console.print(f"Computes in {setup.precision.name} on {setup.device}: {setup.precision.reason}")
    table = Table(title="Buckets", title_justify="left", box=None)
    for heading in ("size", "pictures", "batches", "cropped (mean, worst)", "enlarged (most)"):
        table.add_column(heading, justify="right")
    for row in made.buckets:
        table.add_row(
            str(row.bucket),
            str(row.pictures),
            str(row.batches),
            f"{row.mean_lost:.0%}, {row.worst_lost:.0%}",
            f"{row.enlarged} ({row.largest_upscale:.2f}x)" if row.enlarged else "none",
        )
    console.print(table)
    if made.folders:
        console.print(_folder_table(made.folders))
    train = setup.config.train
    if train.blocks.used:
        console.print(_block_table(made.blocks))
    at_most = train.batch_size * train.accumulate * setup.config.machine.gpus
    console.print(
        f"{train.steps} steps of up to {at_most} pictures, {made.epochs:.1f} times through all"
    )
    if train.rounds > 1:
        console.print(
            f"In {train.rounds} rounds: each begins with a fresh adapter on the base with those "
            f"before merged into it; the file has {train.rounds} times the ranks"
        )
    if held := [item.record.name for item in setup.prepared.held_out]:
        shown = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
        console.print(f"Held out and measured, never trained: {escape(shown)}")
    console.print(
        f"Memory about [bold]{gib(prediction.peak_bytes)}[/] "
        f"(base {gib(prediction.weights_bytes + prediction.layout_bytes)}, "
        f"one step {gib(prediction.activations_bytes)}, "
        f"adapter and optimiser {gib(prediction.adapter_bytes)})"
    )
    if setup.config.machine.memory:
        _print_measures(made.measures, setup.config.machine.memory)
    console.print(
        f"Time about [bold]{duration(prediction.seconds)}[/] "
        f"({prediction.seconds_per_step:.2f} s per step); disk {gib(prediction.cache_bytes)}, of "
        f"which {gib(prediction.text_cache_bytes)} for caption variants"
    )
    for name, text in made.captions:
        console.print(f"  [dim]{escape(name)}[/]: {escape(text)}")
    for item in setup.prepared.refused:
        console.print(f"[yellow]left out[/] {escape(f'{item.path}: {item.reason}')}")
    for warning in made.warnings:
        console.print(f"[yellow]note[/] {escape(warning)}")
    console.print(f"Pictures exactly as they will be trained: {escape(str(sheet))}")
    console.print("Next: enogu train")


def _print_measures(measures: "Sequence[Measure]", asked: str) -> None:
    if not measures:
        console.print(f"This fits into {asked} as it is")
        return
    table = Table(title=f"Switched on to fit into {asked}", title_justify="left", box=None)
    for heading in ("setting", "what it does", "saves", "step takes", "costs beside time"):
        table.add_column(heading)
    for measure in measures:
        settings = ", ".join(f"{name} = {value}" for name, value in measure.settings.items())
        table.add_row(
            settings,
            measure.does,
            gib(measure.saved_bytes),
            f"{measure.step_factor:.2f} times as long",
            measure.costs,
        )
    console.print(table)


def _folder_table(rows: "Sequence[FolderRow]") -> Table:
    table = Table(title="Folders with settings of their own", title_justify="left", box=None)
    for heading in ("pictures", "trained an epoch", "share"):
        table.add_column(heading, justify="right")
    table.add_column("folder")
    table.add_column("its own settings")
    for row in rows:
        kind = " (regularisation)" if row.regularisation else ""
        own = ", ".join(f"{name} = {value}" for name, value in row.own.items())
        table.add_row(
            str(row.pictures),
            str(row.draws),
            f"{row.share:.0%}",
            escape((row.folder or "all others") + kind),
            escape(own),
        )
    return table


def _block_table(rows: "Sequence[BlockRow]") -> Table:
    table = Table(title="Blocks", title_justify="left", box=None)
    for heading in ("block", "layers", "rank", "rate", "numbers"):
        table.add_column(heading, justify="right")
    for row in rows:
        ranks = ", ".join(map(str, row.ranks)) or "left out"
        table.add_row(
            row.label or "others",
            str(row.layers),
            ranks,
            f"{row.rate:g}",
            f"{row.parameters:,}",
        )
    return table
