"""Training the detector on scenes that are put together anew at every step; resumable."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from enogu.world.detector.boxes import Spot
from enogu.world.detector.network import INPUT_PX, STRIDE, DetectorNet, DetectorShape, decode
from enogu.world.detector.scenes import Pixels, SceneParts, compose
from enogu.world.detector.targets import build_targets, detector_loss
from enogu.world.detector.vary import vary
from enogu.world.judge.network import fold_batch_norm, measure_batch_statistics, use_channels_last
from enogu.world.training_state import Budget, Recipe, TrainingState, autocast

DETECTOR_RECIPE: Final = Recipe(
    learning_rate=3e-3, final_share=0.02, warmup_steps=60, ema_decay=0.99, weight_decay=0.02
)
BATCH_SIZE: Final = 16
STATISTICS_BATCHES: Final = 24


def scene_batch(
    parts: SceneParts, seed: int, step: int, count: int
) -> tuple[Pixels, list[list[Spot]]]:
    """Return the pictures of one step and what is in them; they depend on (seed, step) alone."""
    rng = np.random.default_rng((seed, step))
    scenes = [compose(parts, rng, INPUT_PX) for _ in range(count)]
    return np.stack([pixels for pixels, _ in scenes]), [spots for _, spots in scenes]


def train_detector(
    parts: SceneParts,
    state_path: Path,
    *,
    budget: Budget,
    shape: DetectorShape,
    seed: int = 0,
    bf16: bool = True,
    save_every: int = 50,
) -> DetectorNet:
    """Train a network, or go on from `state_path`; return it folded, with averaged weights.

    Args:
        parts: What scenes are put together from.
        state_path: Where the state is kept; continued from when it exists.
        budget: When to stop.
        shape: Widths of the network.
        seed: Of weights and scenes.
        bf16: Compute in bfloat16 where autocast allows.
        save_every: Steps between two saved states.

    Raises:
        NonFiniteError: The loss became NaN or infinite.
        WorldError: The state at `state_path` was made with other settings.
    """
    torch.manual_seed(seed)
    net = use_channels_last(DetectorNet(shape))
    settings = {
        **shape.to_metadata(),
        "seed": str(seed),
        "batch_size": str(BATCH_SIZE),
        "figures": str(len(parts.figures)),
    }
    state = TrainingState({"net": net}, DETECTOR_RECIPE, settings)

    def forward(planes: Tensor) -> Tensor:
        with autocast(bf16):
            return net(planes).float()

    def loss_at(step: int) -> Tensor:
        pixels, spots = scene_batch(parts, seed, step, BATCH_SIZE)
        logits, boxes = decode(forward(vary(pixels, seed, step)))
        return detector_loss(logits, boxes, build_targets(spots, INPUT_PX // STRIDE))

    state.train(state_path, budget, loss_at, title="detector", save_every=save_every)
    net.load_state_dict(state.averaged("net"), strict=False)
    batches = (
        vary(scene_batch(parts, seed + 1, step, BATCH_SIZE)[0], seed + 1, step)
        for step in range(STATISTICS_BATCHES)
    )
    measure_batch_statistics(net, batches, forward)
    return fold_batch_norm(net)
