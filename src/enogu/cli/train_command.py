"""`enogu train` and what belongs to a run: report, TensorBoard export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from enogu.cli.common import EXIT_INTERRUPTED, Common, console, errors, print_json, run_place
from enogu.cli.stopping import graceful_stop
from enogu.config import EMBEDDED_BASES
from enogu.errors import ConfigError
from enogu.project import Project, RunFolder, find_run

if TYPE_CHECKING:
    from enogu.train.sample_scores import Judging

_STAGES = {
    "look": "Looking at base and pictures",
    "latents": "Encoding pictures",
    "captions": "Encoding captions",
    "load": "Loading the base",
    "samples": "Drawing samples",
    "train": "Training",
}


class ProgressDisplay:
    """Shows stages and events of a run; keeps no state that is not in the events.

    Args:
        progress: Where to draw.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage: TaskID | None = None
        self._train: TaskID | None = None
        self._total = 0

    def stage(self, name: str, done: int, total: int) -> None:
        """Show how far a stage is."""
        if self._stage is None:
            self._stage = self._progress.add_task("", total=1, info="")
        finished = done >= total
        self._progress.update(
            self._stage,
            description=_STAGES[name],
            completed=done,
            total=total,
            info="",
            visible=not finished,
        )

    def observe(self, event: dict[str, Any]) -> None:
        """Show a training event."""
        if event["event"] in ("start", "resume"):
            self._total = event["steps"]
        if event["event"] != "step":
            return
        if self._train is None:
            self._train = self._progress.add_task(_STAGES["train"], total=self._total, info="")
        self._progress.update(
            self._train, completed=event["step"], info=f"loss {event['loss']:.4f}"
        )


def train(
    *,
    new: Annotated[bool, Parameter(negative=())] = False,
    resume: Path | None = None,
    memory: str | None = None,
    gpus: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Train the LoRA. Ctrl-C stops without loss; the same command goes on.

    Example: enogu train --set train.steps=800

    Args:
        new: Begin a new run even when one could go on.
        resume: Go on with this run under the present settings; what changes is listed.
        memory: Memory that training may use, such as 8GB; what saves memory is switched on.
        gpus: GPUs that train together; on a CPU the number of processes.
    """
    if new and resume is not None:
        raise ConfigError("--new begins a run and --resume goes on with one: choose one of them")
    project = common.open_project(machine__memory=memory, machine__gpus=gpus)
    place = None if resume is None else run_place(project, resume)
    return run_training(project, new=new, resume=place, as_json=common.json)


def run_training(
    project: Project, *, new: bool = False, resume: Path | None = None, as_json: bool = False
) -> int:
    """Train with progress on the terminal, then write the report; return the exit code."""
    from enogu.project.prep import advice_before_training
    from enogu.train.advice import advise
    from enogu.train.events import read_events
    from enogu.train.session import train_project

    advice = advice_before_training(project)
    if advice is not None and not as_json:
        errors.print(f"[yellow]note[/] {escape(advice)}")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[info]}"),
        TimeRemainingColumn(),
    )
    with (
        graceful_stop("after this step") as wish,
        Progress(*columns, console=errors, disable=as_json) as progress,
    ):
        display = ProgressDisplay(progress)
        result = train_project(
            project,
            new=new,
            resume=resume,
            judging=_judging(project),
            observe=display.observe,
            stage=display.stage,
            stop=wish.is_set,
        )
    report = make_report(project, result.run)
    found = advise(read_events(result.run.events_path))
    if as_json:
        print_json(
            {
                "run": str(result.run.path),
                "outcome": result.outcome,
                "step": result.step,
                "adapter": str(result.adapter) if result.adapter else None,
                "report": str(report),
                "best": found.to_dict(),
            }
        )
    else:
        console.print(escape(result.note))
        if result.outcome == "stopped":
            console.print(f"Stopped at step {result.step}. To go on: enogu train")
        else:
            console.print(f"LoRA:   [bold]{escape(str(result.adapter))}[/]")
            if result.outcome == "nothing":
                console.print("To train once more from the start: enogu train --new")
        console.print(f"{escape(found.headline)} More: enogu best")
        console.print(f"Report: {escape(str(report))}")
    return EXIT_INTERRUPTED if result.outcome == "stopped" else 0


def _judging(project: Project) -> "Judging | None":
    """Return the judge for the samples, where it knows what the base draws."""
    config = project.resolved.config
    if config.base not in EMBEDDED_BASES or not config.validation.judge or not config.samples.drawn:
        return None
    from enogu.train.sample_scores import Judging
    from enogu.world.axes import KNOWN_TAGS
    from enogu.world.judge.judge import load_judge

    return Judging(tagger=load_judge(), known=KNOWN_TAGS)


def best(
    run: Path = Path("runs/latest"),
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Say which step of a run is the best and why, or that nothing says so.

    Example: enogu best runs/0001

    Args:
        run: A run folder; it may still be training.
    """
    from enogu.train.advice import advise
    from enogu.train.events import read_events

    project = common.open_project()
    folder = find_run(run_place(project, run))
    found = advise(read_events(folder.events_path))
    if common.json:
        print_json({"run": str(folder.path), **found.to_dict()})
        return
    console.print(f"[bold]{escape(found.headline)}[/]")
    for sentence in (*found.reasons, *found.notes):
        console.print(f"- {escape(sentence)}")
    if found.file is not None:
        mean = folder.ema_dir / found.file
        file = mean if mean.is_file() else folder.path / found.file
        console.print(f"Draw with it: enogu draw PROMPT --lora {escape(str(file))}")


def make_report(project: Project, run: RunFolder) -> Path:
    """Write the report of a run, with the contact sheet of its pictures."""
    from enogu.train.report import write_report

    sheet = project.work_dir / "contact-sheet.png"
    trigger = run.read_config().captions.trigger
    return write_report(run, contact_sheet=sheet if sheet.is_file() else None, trigger=trigger)


def report(
    run: Path = Path("runs/latest"),
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write the report page of a run again.

    Example: enogu report runs/0001

    Args:
        run: A run folder.
    """
    project = common.open_project()
    path = make_report(project, find_run(run_place(project, run)))
    if common.json:
        print_json({"report": str(path)})
    else:
        console.print(f"Report: {escape(str(path))}")


def tensorboard(
    run: Path = Path("runs/latest"),
    *,
    out: Path = Path("tensorboard"),
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write the events of a run as a folder for TensorBoard.

    Example: enogu tensorboard runs/latest --out logs && tensorboard --logdir logs

    Args:
        run: A run folder.
        out: The folder to write; each run gets its own inside it.
    """
    from enogu.train.tensorboard import export_tensorboard

    project = common.open_project()
    folder = find_run(run_place(project, run))
    written = export_tensorboard(folder, out / folder.name)
    if common.json:
        print_json({"folder": str(out / folder.name), "values": written})
    else:
        console.print(f"{written} values in {escape(str(out / folder.name))}")
