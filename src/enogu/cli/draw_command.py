"""`enogu draw`: pictures from a prompt."""

import re
import secrets
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.progress import Progress

from enogu.cli.common import Common, console, errors, print_json
from enogu.config import ProjectConfig
from enogu.errors import AdapterError, ConfigError, EnoguError
from enogu.project import Project, find_adapter

_MAX_RANDOM_SEED = 2**32


def draw(
    prompt: str,
    *,
    seed: int | None = None,
    size: str | None = None,
    out: Path | None = None,
    lora: Annotated[list[str] | None, Parameter(negative=())] = None,
    merge: Annotated[list[str] | None, Parameter(negative=())] = None,
    number: Annotated[int, Parameter(name=["--number", "-n"])] = 1,
    negative: Annotated[str | None, Parameter(negative=())] = None,
    steps: int | None = None,
    cfg: float | None = None,
    sampler: str | None = None,
    schedule: str | None = None,
    base: str | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Draw pictures, with LoRAs when they are named.

    Example: enogu draw "mychar, 1girl, smile" --lora runs/latest:0.8 --seed 7 -n 4

    Args:
        prompt: What the pictures shall show; weights such as (red hair:1.2) are understood.
        seed: Seed of the first picture; the next ones count up. Without it one is chosen.
        size: WIDTHxHEIGHT in pixels. Without it the size the base was made for.
        out: File to write (.png); with several pictures a number is put into its name.
        lora: A LoRA file or a run folder, with its weight: FILE:0.8. May be given several times.
        merge: A LoRA to merge into the base first, FILE:0.8: for LoRAs that were trained on top of
            it (train.adapter.base_adapters). May be given several times.
        number: How many pictures.
        negative: What the pictures shall not show.
        steps: Model evaluations per picture.
        cfg: How strongly the prompt is followed.
        sampler: euler, euler_a or dpmpp_2m.
        schedule: karras, uniform or exponential.
        base: The base to draw with. Without it the one of the project, or mini.
    """
    from enogu.draw.job import draw_pictures, not_merged

    if number < 1:
        raise ConfigError(f"--number must be 1 or more, got {number}")
    project, resolved = common.open_project_or_none(
        draw__negative_prompt=negative,
        draw__steps=steps,
        draw__cfg_scale=cfg,
        draw__sampler=sampler,
        draw__schedule=schedule,
        base=base,
    )
    config = resolved.config
    if project is not None:
        config = config.model_copy(update={"model": project.model_settings})
    uses = [_find_lora(text, project) for text in lora or []]
    merged = [_find_lora(text, project) for text in merge or []]
    notes = not_merged(uses, merged)
    for note in notes:
        errors.print(f"[yellow]note[/] {escape(note)}")
    first = secrets.randbelow(_MAX_RANDOM_SEED) if seed is None else seed
    paths = output_paths(out, number, first)
    wanted_size = _parse_size(size)
    with Progress(console=errors, disable=common.json) as progress:
        task = progress.add_task("Drawing", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        written = draw_pictures(
            config,
            project.base_reference if project else config.base,
            prompt,
            loras=uses,
            merged=merged,
            seeds=[first + place for place in range(number)],
            size=wanted_size,
            paths=paths,
            callback=show,
        )
    _remember(prompt, config, project)
    if common.json:
        print_json({"pictures": [str(path) for path in written], "seed": first})
        return
    for place, path in enumerate(written):
        console.print(f"{escape(str(path))}  seed {first + place}")


def _remember(prompt: str, config: ProjectConfig, project: Project | None) -> None:
    """Count the tags of what was drawn; what cannot be counted does not take the pictures back."""
    from enogu.tags.own_use import remember_prompt

    root = project.root if project else None
    try:
        remember_prompt(config.tags, root, prompt, config.draw.negative_prompt)
    except EnoguError as error:
        errors.print(f"Use was not remembered: {error.message}", markup=False, style="yellow")


def output_paths(out: Path | None, number: int, seed: int) -> list[Path]:
    """Return the files to write; existing pictures are never overwritten unless named alone."""
    if out is None:
        folder = Path("drawn")
        taken = [
            int(match[1])
            for path in (folder.glob("*.png") if folder.is_dir() else [])
            if (match := re.match(r"(\d+)-", path.name))
        ]
        start = max(taken, default=0) + 1
        return [folder / f"{start + i:04d}-seed{seed + i}.png" for i in range(number)]
    if out.suffix == "" or out.is_dir():
        return [out / f"seed{seed + i}.png" for i in range(number)]
    if number == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{i + 1}{out.suffix}") for i in range(number)]


def parse_lora(text: str) -> tuple[str, float]:
    """Split ``FILE:0.8`` into file and weight; the weight is 1 when there is none.

    Raises:
        AdapterError: What follows the name of a file is no number.
    """
    name, colon, tail = text.rpartition(":")
    if colon and name:
        try:
            return name, float(tail)
        except ValueError as error:
            if name.endswith(".safetensors"):
                raise AdapterError(
                    f"--lora {text}: what follows the colon is the weight and must be a number, "
                    f"got {tail!r}",
                    hint=f"For example --lora {name}:0.8; without it the weight is 1.",
                ) from error
            # A drive letter (C:\x) or a colon in a name, not a weight.
            return text, 1.0
    return text, 1.0


def _find_lora(text: str, project: Project | None) -> tuple[Path, float]:
    name, weight = parse_lora(text)
    path = Path(name).expanduser()
    if project is not None and not path.exists() and not path.is_absolute():
        inside = project.root / path
        path = inside if inside.exists() or path.parts[0] == "runs" else path
    return find_adapter(path), weight


def _parse_size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,5})\s*[xX×*]\s*(\d{1,5})\s*", text)
    if not match:
        raise ConfigError(f"--size must be WIDTHxHEIGHT, got {text!r}", hint="As in --size 512x768")
    return int(match[1]), int(match[2])
