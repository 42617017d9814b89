"""Everything from nothing to the shipped detector, each stage resumable."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from enogu.pictures.regions.detector import DetectorModel
from enogu.pictures.regions.embedded import FILES_DIR
from enogu.world.detector.boxes import LABELS, Spot
from enogu.world.detector.export import Calibration, export_detector, least_score, sure_shift
from enogu.world.detector.figures import draw_backdrop, draw_figure
from enogu.world.detector.measure import LabelMeasure, add_picture, to_boxes
from enogu.world.detector.network import INPUT_PX, DetectorNet, DetectorShape
from enogu.world.detector.scenes import Pixels, SceneParts, compose, draw_parts
from enogu.world.detector.training import train_detector
from enogu.world.detector.vary import vary
from enogu.world.onnx_export import check_can_export
from enogu.world.pool import CALIBRATION_SEED, build_pool
from enogu.world.training_state import Budget

STATE_NAME: Final = "state.safetensors"
DETECTOR_NAME: Final = "heads.onnx"
FIGURE_PX: Final = 160
BACKDROP_PX: Final = 192
_NEARLY_NOTHING: Final = 0.01
_LOGIT_STEPS: Final = 40

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class DetectorBudget:
    """How much the making of a detector may use."""

    figures: int = 1280
    backdrops: int = 256
    training: Budget
    calibration_scenes: int = 400


def make_detector(
    work_dir: Path,
    out_dir: Path = FILES_DIR,
    *,
    budget: DetectorBudget,
    shape: DetectorShape,
    seed: int = 0,
    workers: int = 1,
    bf16: bool = True,
    progress: Progress = lambda title, done, total: None,
) -> int:
    """Draw figures, learn from scenes of them, calibrate, and write the detector with its card.

    Args:
        work_dir: Drawings and training state; the same call with the same folder goes on.
        out_dir: Gets ``heads.onnx`` and ``heads.json``.
        budget: Drawings and CPU-seconds.
        shape: Widths of the network.
        seed: Of everything random.
        workers: Processes that draw.
        bf16: Train in bfloat16 where autocast allows.
        progress: Called with (what is being done, pictures done, pictures in all).

    Returns:
        Bytes of the network.

    Raises:
        MissingExtraError: The packages that write or run ONNX are not installed.
        NonFiniteError: The loss became NaN or infinite.
        WorldError: `work_dir` holds the work of other settings.
        StorageError: A place cannot be written.
    """
    check_can_export()
    parts = build_parts(work_dir, budget, seed=seed, workers=workers, progress=progress)
    state_path = work_dir / STATE_NAME
    net = train_detector(
        parts, state_path, budget=budget.training, shape=shape, seed=seed, bf16=bf16
    )
    calibrations = calibrate(net, work_dir / "uncalibrated.onnx", budget.calibration_scenes)
    with safe_open(str(state_path), framework="pt") as handle:
        metadata = handle.metadata()
    facts = {
        "steps": metadata["step"],
        "cpu_seconds": f"{float(metadata['cpu_seconds']):.0f}",
        "figures": str(budget.figures),
    }
    return export_detector(
        net,
        out_dir / DETECTOR_NAME,
        calibrations=calibrations,
        min_score=least_score(),
        facts=facts,
    )


def fresh_scenes(seed: int, count: int, progress: Progress) -> list[tuple[Pixels, list[Spot]]]:
    """Return varied scenes as in training, of figures and backgrounds of another seed."""
    parts = draw_parts(seed, min(count, 128), min(count, 32), FIGURE_PX)
    scenes: list[tuple[Pixels, list[Spot]]] = []
    for index in range(count):
        pixels, spots = compose(parts, np.random.default_rng((seed, index)), INPUT_PX)
        plane = vary(pixels[None], seed, index)[0]
        varied = plane.mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()
        scenes.append((varied, spots))
        progress("Scenes", index + 1, count)
    return scenes


def calibrate(
    net: DetectorNet,
    path: Path,
    count: int,
    progress: Progress = lambda title, done, total: None,
) -> tuple[Calibration, ...]:
    """Return for each label how its logits become scores.

    Platt's scaling: a logistic curve through (logit, right or wrong) of the boxes that stay after
    non-maximum suppression, on scenes that were not learnt from; then moved so that a score of one
    half stands for a chance of `SURE_CHANCE`.

    Args:
        net: Folded.
        path: Where a file without calibration is written for it.
        count: Scenes.
        progress: Called with (what is being done, pictures done, pictures in all).
    """
    export_detector(net, path, min_score=_NEARLY_NOTHING)
    model = DetectorModel(path)
    measures = [LabelMeasure(label) for label in LABELS]
    for pixels, spots in fresh_scenes(CALIBRATION_SEED, count, progress):
        found = model.find(pixels)
        for measure in measures:
            add_picture(measure, found, to_boxes(spots, measure.label))
    calibrations: list[Calibration] = []
    for measure in measures:
        scores = np.array([guess.score for guess in measure.guesses]).clip(1e-6, 1 - 1e-6)
        right = np.array([guess.is_right for guess in measure.guesses], dtype=np.float64)
        slope, shift = fit_logistic(np.log(scores / (1 - scores)), right)
        calibrations.append(Calibration(slope=slope, shift=shift - sure_shift()))
    return tuple(calibrations)


def fit_logistic(logits: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and shift of the likeliest logistic curve, found by Newton's method.

    Two made-up points, one right and one wrong, keep the curve finite where the points could be
    told apart without a mistake (Platt 1999).

    Args:
        logits: Any numbers, [N].
        right: 0 or 1 each, [N].
    """
    x = np.concatenate([logits, [0.0, 0.0]])
    wanted = np.concatenate([right, [0.0, 1.0]])
    rows = np.stack([x, np.ones_like(x)], axis=1)
    curve = np.array([1.0, 0.0])
    for _ in range(_LOGIT_STEPS):
        chance = 1 / (1 + np.exp(-(rows @ curve).clip(-50, 50)))
        weight = (chance * (1 - chance)).clip(min=1e-6)
        slopes = rows.T @ (wanted - chance) - 1e-3 * (curve - [1.0, 0.0])
        curvature = rows.T @ (rows * weight[:, None]) + 1e-3 * np.eye(2)
        step = np.linalg.solve(curvature, slopes)
        curve = curve + step.clip(-2, 2)
    return float(curve[0]), float(curve[1])


def build_parts(
    work_dir: Path, budget: DetectorBudget, *, seed: int, workers: int, progress: Progress
) -> SceneParts:
    """Draw what scenes are put together from, or go on where it was stopped."""
    figures = build_pool(
        work_dir / "figures",
        count=budget.figures,
        size=FIGURE_PX,
        seed=seed,
        workers=workers,
        draw=draw_figure,
        channels=4,
        progress=lambda done, total: progress("Figures", done, total),
    )
    backdrops = build_pool(
        work_dir / "backdrops",
        count=budget.backdrops,
        size=BACKDROP_PX,
        seed=seed,
        workers=workers,
        draw=draw_backdrop,
        progress=lambda done, total: progress("Backgrounds", done, total),
    )
    return SceneParts.of_pools(figures, backdrops)
