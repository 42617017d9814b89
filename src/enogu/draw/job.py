"""A drawing job: base, adapters and recipes put together, pictures written one by one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from enogu.adapters import inspect_adapter, load_adapter
from enogu.adapters.file import read_adapter_header
from enogu.adapters.metadata import merged_adapters_of
from enogu.adapters.start import merge_files
from enogu.config import ProjectConfig
from enogu.diffusion.targets import check_prediction
from enogu.draw.metadata import check_png_name, save_png
from enogu.draw.pipeline import base_use, check_size, draw
from enogu.draw.recipe import LoraUse, Recipe
from enogu.families.base import Base
from enogu.families.detect import BaseInfo, inspect_base
from enogu.families.load import load_configured_base
from enogu.files import make_dirs
from enogu.machine import choose_workplace


def draw_pictures(
    config: ProjectConfig,
    base_reference: str,
    prompt: str,
    *,
    loras: Sequence[tuple[Path, float]],
    merged: Sequence[tuple[Path, float]] = (),
    seeds: Sequence[int],
    size: tuple[int, int] | None,
    paths: Sequence[Path],
    callback: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Load a base with its adapters, draw one picture per seed, and write each when it is done.

    Args:
        config: All settings; ``draw``, ``model`` and ``machine`` are used.
        base_reference: The base.
        prompt: What the pictures shall show.
        loras: Adapter files with their weights.
        merged: Adapter files with their weights that are merged into the base first, as
            ``train.adapter.base_adapters`` does it.
        seeds: One per picture.
        size: Width and height in pixels; None is the base's own.
        paths: One file per picture.
        callback: Told steps done and steps in all, over all pictures.

    Returns:
        The written files.

    Raises:
        BaseModelError: The base cannot be loaded.
        AdapterError: A LoRA does not fit it.
        ConfigError: A setting, the size or a file name is wrong.
        PromptError: The prompt cannot be understood.
        ScheduleError: Epsilon prediction with zero terminal SNR.
        StorageError: A file cannot be written.
    """
    # everything that can be wrong is found before the minutes that loading and drawing may take
    for path in paths:
        check_png_name(path)
        make_dirs(path.parent)
    info = inspect_base(
        base_reference,
        prediction=config.model.prediction,
        zero_terminal_snr=config.model.zero_terminal_snr,
    )
    width, height = size or (info.native_resolution, info.native_resolution)
    check_size(info.title, info.downscale, width, height)
    check_prediction(info.prediction, info.schedule)
    uses, below = (tuple(_lora_use(*entry) for entry in entries) for entries in (loras, merged))
    recipes = [_recipe(config, prompt, seed, (width, height), uses, below) for seed in seeds]
    base = _load(config, base_reference, info)
    merge_files(base, merged)
    for path, weight in loras:
        load_adapter(base, path, weight)
    written: list[Path] = []
    for place, (recipe, path) in enumerate(zip(recipes, paths, strict=True)):
        complete = recipe.model_copy(update={"base": base_use(base)})
        done = place * recipe.steps

        def report(step: int, total: int, done: int = done) -> None:
            if callback is not None:
                callback(done + step, total * len(seeds))

        save_png(draw(base, complete, callback=report), path, complete)
        written.append(path)
    return written


def _recipe(
    config: ProjectConfig,
    prompt: str,
    seed: int,
    size: tuple[int, int],
    loras: tuple[LoraUse, ...],
    merged: tuple[LoraUse, ...],
) -> Recipe:
    return Recipe(
        prompt=prompt,
        negative_prompt=config.draw.negative_prompt,
        seed=seed,
        width=size[0],
        height=size[1],
        steps=config.draw.steps,
        cfg_scale=config.draw.cfg_scale,
        sampler=config.draw.sampler,
        schedule=config.draw.schedule,
        clip_skip=config.model.clip_skip,
        loras=loras,
        merged=merged,
    )


def not_merged(
    loras: Sequence[tuple[Path, float]], merged: Sequence[tuple[Path, float]]
) -> list[str]:
    """Say which LoRAs were trained on top of others that are not merged into the base.

    Args:
        loras: As for :func:`draw_pictures`.
        merged: Likewise.

    Raises:
        AdapterError: One of the files is no adapter.
    """
    given = {inspect_adapter(path).hashes.model_hash: weight for path, weight in merged}
    notes: list[str] = []
    for path, _ in loras:
        # The header alone: drawing reads the whole file for its hash.
        wanted = merged_adapters_of(read_adapter_header(path).metadata)
        missing = [entry for entry in wanted if given.get(entry.model_hash) != entry.weight]
        if missing:
            options = " ".join(
                f"--merge {entry.title}.safetensors:{entry.weight:g}" for entry in missing
            )
            notes.append(
                f"{path.name} was trained on a base with other LoRAs merged into it, and "
                f"shows less than it learnt without them: {options}"
            )
    return notes


def _load(config: ProjectConfig, reference: str, info: BaseInfo) -> Base:
    place = choose_workplace(config.machine, num_parameters=info.num_parameters["unet"])
    place.occupy()
    return load_configured_base(
        reference, config.model, dtype=place.precision.dtype, device=place.device
    )


def _lora_use(path: Path, weight: float) -> LoraUse:
    summary = inspect_adapter(path)
    return LoraUse(title=path.stem, hash=summary.hashes.model_hash, weight=weight, path=path)
