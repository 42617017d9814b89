"""A drawing job: base, adapters and recipes put together, pictures written one by one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from enogu.adapters import inspect_adapter, load_adapter
from enogu.config import ProjectConfig
from enogu.draw.metadata import save_png
from enogu.draw.pipeline import base_use, check_size, draw
from enogu.draw.recipe import LoraUse, Recipe
from enogu.families.detect import inspect_base
from enogu.families.load import load_configured_base
from enogu.machine import choose_device, choose_precision, probe_machine


def draw_pictures(
    config: ProjectConfig,
    base_reference: str,
    prompt: str,
    *,
    loras: Sequence[tuple[Path, float]],
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
        seeds: One per picture.
        size: Width and height in pixels; None is the base's own.
        paths: One file per picture.
        callback: Told steps done and steps in all, over all pictures.

    Returns:
        The written files.

    Raises:
        BaseModelError: The base cannot be loaded.
        AdapterError: A LoRA does not fit it.
        ConfigError: A setting or the size is wrong.
        StorageError: A file cannot be written.
    """
    machine = probe_machine()
    device = choose_device(config.machine.device, machine)
    info = inspect_base(
        base_reference,
        prediction=config.model.prediction,
        zero_terminal_snr=config.model.zero_terminal_snr,
    )
    precision = choose_precision(
        config.machine.precision, machine, device, num_parameters=info.num_parameters["unet"]
    )
    torch.set_num_threads(config.machine.threads or machine.physical_cores)
    base = load_configured_base(base_reference, config.model, dtype=precision.dtype, device=device)
    width, height = size or (base.native_resolution, base.native_resolution)
    check_size(base, width, height)
    for path, weight in loras:
        load_adapter(base, path, weight)
    recipe = Recipe(
        prompt=prompt,
        negative_prompt=config.draw.negative_prompt,
        seed=seeds[0],
        width=width,
        height=height,
        steps=config.draw.steps,
        cfg_scale=config.draw.cfg_scale,
        sampler=config.draw.sampler,
        schedule=config.draw.schedule,
        clip_skip=config.model.clip_skip,
        base=base_use(base),
        loras=tuple(_lora_use(path, weight) for path, weight in loras),
    )
    written: list[Path] = []
    for place, (seed, path) in enumerate(zip(seeds, paths, strict=True)):
        one = recipe.model_copy(update={"seed": seed})
        done = place * recipe.steps

        def report(step: int, total: int, done: int = done) -> None:
            if callback is not None:
                callback(done + step, total * len(seeds))

        save_png(draw(base, one, callback=report), path, one)
        written.append(path)
    return written


def _lora_use(path: Path, weight: float) -> LoraUse:
    summary = inspect_adapter(path)
    return LoraUse(title=path.stem, hash=summary.hashes.model_hash, weight=weight, path=path)
