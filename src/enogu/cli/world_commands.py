"""`enogu world`: the drawn world, the judge that reads it, and the making of mini."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from enogu.cli.common import Common, console, errors, print_json
from enogu.cli.draw_command import output_paths
from enogu.errors import WorldError

world_app = App(
    name="world",
    help="Characters drawn by code from tags, the judge that reads them, and the making of mini.",
)

_WRONG_SHOWN = 20


@world_app.command
def draw(
    tags: str,
    *,
    number: Annotated[int, Parameter(name=["--number", "-n"])] = 1,
    seed: int = 0,
    size: int = 128,
    out: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Draw characters from tags, by code: no model, and the truth is known.

    Example: enogu world draw "1girl, red hair, witch hat, smile" -n 8

    Args:
        tags: Danbooru tags, with commas between them; `enogu world tags` lists all.
        number: How many pictures.
        seed: Seed of the first picture; what the tags leave open varies with it.
        size: Width and height in pixels, 16 to 4096.
        out: File or folder to write. Without it the pictures go to drawn/.
    """
    from enogu.files import atomic_path, make_dirs
    from enogu.world.drawing import draw as draw_character

    if number < 1:
        raise WorldError(f"--number must be 1 or more, got {number}")
    paths = output_paths(out, number, seed)
    for place, path in enumerate(paths):
        picture = draw_character(tags.split(","), seed + place, size)
        make_dirs(path.parent)
        with atomic_path(path) as temporary:
            picture.save(temporary, format="PNG")
    if common.json:
        print_json({"pictures": [str(path) for path in paths], "seed": seed})
        return
    for place, path in enumerate(paths):
        console.print(f"{escape(str(path))}  seed {seed + place}")


@world_app.command
def dataset(
    out: Path,
    *,
    concept: str | None = None,
    number: Annotated[int, Parameter(name=["--number", "-n"])] = 20,
    seed: int = 0,
    size: int = 128,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write a folder of drawings with captions, and truth.json with what each one shows.

    Example: enogu world dataset others --concept everyday -n 24

    Args:
        out: The folder to write.
        concept: A character, style or object that mini does not know; or `everyday` for
            regularisation pictures. Without it: random characters whose captions say all.
        number: How many pictures.
        seed: Other seeds give other pictures.
        size: Width and height in pixels.
    """
    from enogu.world.dataset import TRUTH_NAME, write_world_dataset

    paths = write_world_dataset(out, number, concept=concept, seed=seed, size=size)
    if common.json:
        print_json({"pictures": [str(path) for path in paths], "truth": str(out / TRUTH_NAME)})
    else:
        console.print(
            f"Wrote {len(paths)} pictures with captions and {TRUTH_NAME} to {escape(str(out))}"
        )


@world_app.command
def judge(
    folder: Path,
    *,
    threshold: float = 0.5,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Read tags from pictures, and compare with their captions or truth.json where there are.

    Example: enogu world judge drawn

    Args:
        folder: A folder of pictures in the manner of the drawn world, by code or by a model.
        threshold: Tags below this probability are left out, 0 to 1.
    """
    from enogu.world.judge.folder import judge_folder
    from enogu.world.judge.judge import load_judge

    report = judge_folder(load_judge(), folder, threshold=threshold)
    agreements = [*report.axes, *([report.all_right] if report.all_right else [])]
    if common.json:
        print_json(
            {
                "folder": str(folder),
                "pictures": [
                    {
                        "name": picture.name,
                        "tags": {tag: round(p, 4) for tag, p in picture.tags.items()},
                        "answers": picture.answers,
                        "expected": picture.expected,
                        "source": picture.source,
                        "wrong": {axis: list(pair) for axis, pair in picture.wrong.items()},
                        "note": picture.note,
                    }
                    for picture in report.pictures
                ],
                "agreement": {
                    item.axis: {"right": item.right, "total": item.total, "share": item.share}
                    for item in agreements
                },
                "refused": list(report.refused),
            }
        )
        return
    for picture in report.pictures[:_WRONG_SHOWN]:
        console.print(f"[bold]{escape(picture.name)}[/]  {escape(', '.join(picture.tags))}")
        for axis, (expected, read) in picture.wrong.items():
            console.print(f"  [yellow]{axis}[/]: expected {escape(expected)}, read {escape(read)}")
        if picture.note:
            console.print(f"  [yellow]not compared[/]: {escape(picture.note)}")
    if len(report.pictures) > _WRONG_SHOWN:
        console.print(f"… and {len(report.pictures) - _WRONG_SHOWN} more; --json shows all")
    for line in report.refused:
        console.print(f"[yellow]left out[/] {escape(line)}")
    if agreements:
        table = Table(box=None, pad_edge=False)
        for heading in ("axis", "right", "of", "share", "95 % interval"):
            table.add_column(heading, justify="left" if heading == "axis" else "right")
        for item in agreements:
            low, high = item.interval
            table.add_row(
                item.axis.replace("_", " "),
                str(item.right),
                str(item.total),
                f"{item.share:.1%}",
                f"{low:.1%} to {high:.1%}",
            )
        console.print(table)


@world_app.command
def train(
    *,
    work: Path = Path("build/mini"),
    out: Path | None = None,
    pictures: int = 20_000,
    vae_seconds: float = 1500.0,
    text_seconds: float = 180.0,
    unet_seconds: float = 12000.0,
    variant_seconds: float = 1200.0,
    processes: int | None = None,
    seed: int = 0,
    fp32: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Make mini from nothing. Ctrl-C stops; the same command goes on from the last saved state.

    Example: enogu world train --work build/mini --out build/mini-out

    Args:
        work: Where drawings and training states are kept.
        out: The diffusers folder to write; without it the shipped one is replaced. The folder of
            mini-v stands beside it, with -v behind its name.
        pictures: Drawings to learn from.
        vae_seconds: CPU-seconds for the autoencoder.
        text_seconds: CPU-seconds for the text encoder's own lesson.
        unet_seconds: CPU-seconds for the denoiser.
        variant_seconds: CPU-seconds for mini-v, which goes on from mini; 0 leaves it out.
        processes: That train together, of one thread each. Without it one a core.
        seed: Of everything random.
        fp32: For CPUs without bf16 instructions.
    """
    from enogu.families.detect import resolve_base
    from enogu.machine import probe_machine
    from enogu.world.architecture import MiniShape
    from enogu.world.mini import MiniBudget, MiniTraining, train_mini_together
    from enogu.world.training_state import Budget

    budget = MiniBudget(
        pictures=pictures,
        vae=Budget(cpu_seconds=vae_seconds),
        text=Budget(cpu_seconds=text_seconds),
        diffusion=Budget(cpu_seconds=unet_seconds),
        variant=Budget(cpu_seconds=variant_seconds) if variant_seconds else None,
    )
    training = MiniTraining(
        work_dir=work, budget=budget, shape=MiniShape(), seed=seed, bf16=not fp32
    )
    folder = out or resolve_base("mini")
    num_bytes = train_mini_together(
        training,
        folder,
        processes=probe_machine().physical_cores if processes is None else processes,
    )
    if common.json:
        print_json({"folder": str(folder), "bytes": num_bytes})
    else:
        console.print(f"Wrote {num_bytes / 1e6:.1f} MB to {escape(str(folder))}")


@world_app.command
def train_judge(
    *,
    work: Path = Path("build/judge"),
    out: Path | None = None,
    mini: str = "mini",
    pictures: int = 8_192,
    round_trips: int = 2_048,
    seconds: float = 1200.0,
    threads: int | None = None,
    seed: int = 0,
    fp32: Annotated[bool, Parameter(negative=())] = False,
    no_onnx: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Make the judge from nothing. Ctrl-C stops; the same command goes on from the last state.

    Example: enogu world train-judge --work build/judge --out build/judge-out

    Args:
        work: Where drawings and training state are kept.
        out: The folder to write; without it the shipped judge is replaced.
        mini: The base whose autoencoder the judge shall cope with: `mini` or a folder.
        pictures: Drawings to learn from.
        round_trips: How many of them also go through the autoencoder.
        seconds: CPU-seconds of training.
        threads: Of the computation. Without it all cores; 1 wastes least on a shared machine.
        seed: Of everything random.
        fp32: For CPUs without bf16 instructions.
        no_onnx: Write the safetensors file only.
    """
    from enogu.families.detect import resolve_base
    from enogu.world.judge.judge import FILES_DIR
    from enogu.world.judge.make import JudgeBudget, make_judge
    from enogu.world.judge.network import JudgeShape
    from enogu.world.training_state import Budget

    _prepare_training(threads)
    folder = out or FILES_DIR
    with _stages(common) as progress:
        sizes = make_judge(
            work,
            resolve_base(mini),
            folder,
            budget=JudgeBudget(
                pictures=pictures,
                round_trips=round_trips,
                training=Budget(cpu_seconds=seconds),
            ),
            shape=JudgeShape(),
            seed=seed,
            bf16=not fp32,
            onnx=not no_onnx,
            progress=progress,
        )
    if common.json:
        print_json({"folder": str(folder), "bytes": dict(sizes)})
    else:
        for name, num_bytes in sizes.items():
            console.print(f"Wrote {num_bytes / 1e6:.2f} MB to {escape(str(folder / name))}")
        console.print("Measure it: enogu world card judge")


@world_app.command
def train_detector(
    *,
    work: Path = Path("build/detector"),
    out: Path | None = None,
    figures: int = 1280,
    seconds: float = 400.0,
    threads: int | None = None,
    seed: int = 0,
    fp32: Annotated[bool, Parameter(negative=())] = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Make the detector of heads and faces. Ctrl-C stops; the same command goes on.

    Example: enogu world train-detector --work build/detector --out build/detector-out

    Args:
        work: Where drawings and training state are kept.
        out: The folder to write; without it the shipped detector is replaced.
        figures: Drawings that scenes are put together from.
        seconds: CPU-seconds of training.
        threads: Of the computation. Without it all cores; 1 wastes least on a shared machine.
        seed: Of everything random.
        fp32: For CPUs without bf16 instructions.
    """
    from enogu.pictures.regions.embedded import FILES_DIR
    from enogu.world.detector.make import DETECTOR_NAME, DetectorBudget, make_detector
    from enogu.world.detector.network import DetectorShape
    from enogu.world.training_state import Budget

    if figures < 1:
        raise WorldError(f"--figures must be 1 or more, got {figures}")
    _prepare_training(threads)
    folder = out or FILES_DIR
    with _stages(common) as progress:
        num_bytes = make_detector(
            work,
            folder,
            budget=DetectorBudget(figures=figures, training=Budget(cpu_seconds=seconds)),
            shape=DetectorShape(),
            seed=seed,
            bf16=not fp32,
            progress=progress,
        )
    path = folder / DETECTOR_NAME
    if common.json:
        print_json({"path": str(path), "bytes": num_bytes})
    else:
        console.print(f"Wrote {num_bytes / 1e6:.2f} MB to {escape(str(path))}")
        console.print("Measure it: enogu world card detector")


@world_app.command
def card(
    subject: Literal["mini", "judge", "detector"] = "mini",
    *,
    mini: str = "mini",
    work: Path = Path("build/mini"),
    grid: Path | None = None,
    number: Annotated[int | None, Parameter(name=["--number", "-n"])] = None,
    labels: Path | None = None,
    pictures: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Measure mini, the judge, or the detector of heads, and write its card.

    Example: enogu world card judge -n 1000

    Args:
        subject: What to measure.
        mini: The base: `mini` or a folder.
        work: Where the training states of mini are, for the card's facts about its training.
        grid: For mini: a PNG to write, drawings by code above the model's.
        number: Prompts a split (256 unless said) or drawings (1000 for the judge and 400 for the
            detector unless said).
        labels: For the detector: a CSV table of heads that a person has marked.
        pictures: For the detector: the folder that holds these pictures.
    """
    from enogu.families.detect import resolve_base

    if (labels is None) != (pictures is None):
        raise WorldError("--labels and --pictures go together; give both or neither")
    mini_dir = resolve_base(mini)
    if subject == "detector":
        from enogu.world.detector.card import CARD_PATH as DETECTOR_CARD
        from enogu.world.detector.card import write_detector_card

        path = DETECTOR_CARD
        with _stages(common) as progress:
            text = write_detector_card(
                count=number or 400, labels=labels, folder=pictures, progress=progress
            )
    elif subject == "judge":
        from enogu.world.judge.card import CARD_PATH, write_judge_card

        path = CARD_PATH
        with _stages(common) as progress:
            text = write_judge_card(mini_dir, count=number or 1000, progress=progress)
    else:
        from enogu.world.card import write_card
        from enogu.world.judge.judge import load_judge

        path = mini_dir / "model_card.md"
        judge = load_judge()
        text = write_card(
            mini_dir,
            work,
            lambda pictures: judge(pictures).answers,
            grid_path=grid,
            count=number or 256,
        )
    if common.json:
        print_json({"card": str(path), "text": text})
    else:
        console.print(escape(text))
        console.print(f"Wrote {escape(str(path))}")


@world_app.command
def tags(
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """List the tags the drawn world knows, with what they answer and imply.

    Example: enogu world tags
    """
    from enogu.world.axes import IMPLIED, JAPANESE, KNOWN_TAGS, TAGS

    rows: list[dict[str, Any]] = [
        {
            "tag": tag,
            "japanese": JAPANESE.get(tag, ""),
            "answers": TAGS.get(tag, {}),
            "implies": list(IMPLIED.get(tag, ())),
        }
        for tag in sorted(KNOWN_TAGS)
    ]
    if common.json:
        print_json(list(rows))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("tag", "", "answers", "implies"):
        table.add_column(heading)
    for row in rows:
        answers = ", ".join(f"{a.replace('_', ' ')}: {v}" for a, v in row["answers"].items())
        table.add_row(row["tag"], row["japanese"], answers, ", ".join(row["implies"]))
    console.print(table)


def _prepare_training(threads: int | None) -> None:
    """Set up threads, memory and the log that a long training needs."""
    import torch

    from enogu.machine import keep_freed_memory, probe_machine

    if threads is not None and threads < 1:
        raise WorldError(f"--threads must be 1 or more, got {threads}")
    torch.set_num_threads(threads or probe_machine().physical_cores)
    keep_freed_memory()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


class _Stages:
    """Shows one bar for each stage of a long job."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[tuple[str, int], TaskID] = {}

    def __call__(self, title: str, done: int, total: int) -> None:
        key = (title, total)
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(title, total=total)
        self._progress.update(self._tasks[key], completed=done)


@contextmanager
def _stages(common: Common) -> Generator[_Stages]:
    with Progress(console=errors, disable=common.json) as progress:
        yield _Stages(progress)
