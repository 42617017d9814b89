"""Everything from nothing to the shipped judge, each stage resumable."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors import safe_open

from enogu.world.axes import AXES
from enogu.world.export import read_mini
from enogu.world.judge.files import write_reader
from enogu.world.judge.judge import FILES_DIR, JUDGE_PATH
from enogu.world.judge.network import JudgeShape
from enogu.world.judge.onnx_file import export_onnx
from enogu.world.judge.pictures import (
    answer_numbers,
    build_round_trips,
    draw_judge_picture,
    judge_traits,
    round_trip,
    vae_name,
)
from enogu.world.judge.reader import Pixels
from enogu.world.judge.training import Answers, TrainingPictures, calibrated, train_reader
from enogu.world.onnx_export import check_can_export
from enogu.world.pool import CALIBRATION_SEED, Pool, build_pool
from enogu.world.training_state import Budget

logger = logging.getLogger(__name__)

STATE_NAME = "state.safetensors"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class JudgeBudget:
    """How much the making of a judge may use."""

    pictures: int = 8_192
    round_trips: int = 2_048
    """So many of the pictures also go through mini's autoencoder."""
    training: Budget
    calibration_pictures: int = 768


def make_judge(
    work_dir: Path,
    mini_dir: Path,
    out_dir: Path = FILES_DIR,
    *,
    budget: JudgeBudget,
    shape: JudgeShape,
    seed: int = 0,
    workers: int = 1,
    bf16: bool = True,
    onnx: bool = True,
    progress: Progress = lambda title, done, total: None,
) -> dict[str, int]:
    """Draw pictures, learn from them, calibrate, and write the judge.

    Args:
        work_dir: Pictures and training state; the same call with the same folder goes on.
        mini_dir: The model whose autoencoder the judge shall cope with.
        out_dir: Gets ``judge.safetensors`` and ``judge.onnx``.
        budget: Pictures and CPU-seconds.
        shape: Widths of the network.
        seed: Of everything random.
        workers: Processes that draw.
        bf16: Train in bfloat16 where autocast allows.
        onnx: Also write the ONNX file.
        progress: Called with (what is being done, pictures done, pictures in all).

    Returns:
        Bytes by file name.

    Raises:
        MissingExtraError: `onnx` is asked for and its packages are not installed.
        NonFiniteError: The loss became NaN or infinite.
        WorldError: `work_dir` holds the work of other settings, or `mini_dir` no model.
        StorageError: A place cannot be written.
    """
    if onnx:
        check_can_export("leave the file out with --no-onnx")
    vae = fast_vae(read_mini(mini_dir).vae)
    trips_dir = work_dir / f"round-trips-{vae_name(mini_dir)}"

    def drawn(name: str, count: int, pool_seed: int) -> Pool:
        return build_pool(
            work_dir / name,
            count=count,
            seed=pool_seed,
            workers=workers,
            draw=draw_judge_picture,
            progress=lambda done, total: progress("Drawing", done, total),
        )

    pool = drawn("pool", budget.pictures, seed)
    trips = build_round_trips(
        trips_dir,
        vae,
        pool.pixels[: budget.round_trips],
        bf16=bf16,
        progress=lambda done, total: progress("Autoencoder", done, total),
    )
    pictures = TrainingPictures(
        pixels=pool.pixels, round_trips=trips, answers=known_answers(seed, len(pool))
    )
    net = train_reader(
        pictures,
        AXES,
        work_dir / STATE_NAME,
        budget=budget.training,
        shape=shape,
        title="judge",
        seed=seed,
        bf16=bf16,
    )
    fresh = drawn("calibration", budget.calibration_pictures, CALIBRATION_SEED)
    pixels, answers = with_round_trips(
        vae, np.asarray(fresh.pixels), known_answers(CALIBRATION_SEED, len(fresh)), bf16=bf16
    )
    reader = calibrated(net, AXES, shape, pixels, answers)
    reader.facts = _facts(work_dir / STATE_NAME, budget)
    sizes = {JUDGE_PATH.name: write_reader(out_dir / JUDGE_PATH.name, reader)}
    if onnx:
        name = JUDGE_PATH.with_suffix(".onnx").name
        sizes[name] = export_onnx(reader, out_dir / name)
    return sizes


def _facts(state_path: Path, budget: JudgeBudget) -> dict[str, str]:
    """Return what the card says about the training."""
    with safe_open(str(state_path), framework="pt") as handle:
        metadata = handle.metadata()
    return {
        "steps": metadata["step"],
        "cpu_seconds": f"{float(metadata['cpu_seconds']):.0f}",
        "pictures": str(budget.pictures),
        "round_trips": str(budget.round_trips),
    }


def known_answers(seed: int, count: int) -> Answers:
    """Return the answer numbers [count, axes] of the judge's pool with `seed`."""
    return np.array([answer_numbers(judge_traits(seed, i)) for i in range(count)], np.int64)


def with_round_trips(
    vae: AutoencoderKL, pixels: Pixels, answers: Answers, *, bf16: bool
) -> tuple[Pixels, Answers]:
    """Return pictures with every second one after the autoencoder, and their answers."""
    mixed = pixels.copy()
    for start in range(0, len(mixed), 64):
        part = mixed[start : start + 64 : 2]
        mixed[start : start + 64 : 2] = round_trip(vae, part, start, noisy=False, bf16=bf16)
    return mixed, answers


def fast_vae(vae: AutoencoderKL) -> AutoencoderKL:
    """Lay out the convolutions of `vae` as CPUs compute them fastest, and return it."""
    for weight in (p for p in vae.parameters() if p.ndim == 4):
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return vae
