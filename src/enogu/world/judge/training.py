"""Training a reader on degraded drawings, resumable, and turning the state into a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from enogu.world.judge.degrade import CLEAN_SHARE, degrade
from enogu.world.judge.network import (
    JudgeNet,
    JudgeShape,
    fold_batch_norm,
    measure_batch_statistics,
    use_channels_last,
)
from enogu.world.judge.pictures import HIDDEN
from enogu.world.judge.reader import Pixels, Reader
from enogu.world.questions import Questions, vocabulary_digest
from enogu.world.training_state import Budget, Recipe, TrainingState, autocast

READER_RECIPE = Recipe(learning_rate=3e-3, final_share=0.01, ema_decay=0.995, weight_decay=0.02)
BATCH_SIZE = 48
ROUND_TRIP_SHARE = 0.3
"""Of the pictures of a batch: those that have been through mini's autoencoder."""
EASY_STEPS = 1000
"""Steps in which most pictures are clean: where a mouth is, is learnt from sharp ones."""
EASY_SHARE = 0.7
HARD_FROM_STEP = 1500
"""From here on few are clean; in between the share falls evenly."""
STATISTICS_BATCHES = 40

Answers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TrainingPictures:
    """Pictures with known answers."""

    pixels: Pixels
    """Shape [N, 128, 128, 3]."""
    round_trips: Pixels
    """The first M of them after the autoencoder."""
    answers: Answers
    """Shape [N, questions]; `HIDDEN` where an answer cannot be seen."""


def reader_loss(logits: Tensor, answers: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the cross-entropy summed over the questions, a scalar.

    Args:
        logits: [B, all answers].
        answers: int64 [B, questions], `HIDDEN` where an answer cannot be seen.
        sizes: Number of answers of each question.
    """
    total = logits.new_zeros(())
    for place, scores in enumerate(logits.split(list(sizes), dim=1)):
        seen = answers[:, place] != HIDDEN
        # The sum over those that can be seen, over the whole batch: a question that is seldom
        # visible keeps a small weight instead of a jumpy one.
        summed = functional.cross_entropy(
            scores, answers[:, place], ignore_index=HIDDEN, reduction="sum"
        )
        total = total + summed / len(seen)
    return total


def clean_share(step: int) -> float:
    """Return the share of clean pictures in the batch of a step."""
    hard = min(max((step - EASY_STEPS) / (HARD_FROM_STEP - EASY_STEPS), 0.0), 1.0)
    return EASY_SHARE + (CLEAN_SHARE - EASY_SHARE) * hard


def choose_batch(
    pictures: TrainingPictures, seed: int, step: int, count: int
) -> tuple[Pixels, Answers]:
    """Return the pictures and answers of one step, which depend on (seed, step) alone."""
    rng = np.random.default_rng((seed, step))
    indices = rng.integers(len(pictures.pixels), size=count)
    after = rng.random(count) < ROUND_TRIP_SHARE
    if len(pictures.round_trips):
        indices[after] = rng.integers(len(pictures.round_trips), size=int(after.sum()))
    batch = np.stack(
        [
            pictures.round_trips[i] if trip and len(pictures.round_trips) else pictures.pixels[i]
            for i, trip in zip(indices, after, strict=True)
        ]
    )
    return batch, pictures.answers[indices]


def train_reader(
    pictures: TrainingPictures,
    questions: Questions,
    state_path: Path,
    *,
    budget: Budget,
    shape: JudgeShape,
    title: str,
    seed: int = 0,
    bf16: bool = True,
    save_every: int = 100,
) -> JudgeNet:
    """Train a network, or go on from `state_path`; return it folded, with averaged weights.

    Args:
        pictures: What to learn from.
        questions: Axes with their answers.
        state_path: Where the state is kept; continued from when it exists.
        budget: When to stop.
        shape: Widths of the network.
        title: What the log calls it.
        seed: Of weights, batches and degradations.
        bf16: Compute in bfloat16 where autocast allows.
        save_every: Steps between two saved states.

    Raises:
        NonFiniteError: The loss became NaN or infinite.
        WorldError: The state at `state_path` was made with other settings.
    """
    torch.manual_seed(seed)
    sizes = [len(values) for values in questions.values()]
    net = use_channels_last(JudgeNet(sizes, shape))
    settings = {
        **shape.to_metadata(),
        "seed": str(seed),
        "batch_size": str(BATCH_SIZE),
        "pictures": str(len(pictures.pixels)),
        "vocabulary": vocabulary_digest(questions),
    }
    state = TrainingState({"net": net}, READER_RECIPE, settings)

    def forward(planes: Tensor) -> Tensor:
        with autocast(bf16):
            return net(planes).float()

    def loss_at(step: int) -> Tensor:
        batch, answers = choose_batch(pictures, seed, step, BATCH_SIZE)
        # Dropout draws from the global generator; so does nothing else.
        torch.manual_seed(seed * 1_000_003 + step)
        planes = degrade(batch, seed, step, clean_share=clean_share(step))
        return reader_loss(forward(planes), torch.from_numpy(answers), sizes)

    state.train(state_path, budget, loss_at, title=title, save_every=save_every)
    net.load_state_dict(state.averaged("net"), strict=False)
    batches = (
        degrade(choose_batch(pictures, seed + 1, step, BATCH_SIZE)[0], seed + 1, step)
        for step in range(STATISTICS_BATCHES)
    )
    measure_batch_statistics(net, batches, forward)
    return fold_batch_norm(net)


def fit_temperatures(
    logits: NDArray[np.float32], answers: Answers, questions: Questions
) -> dict[str, float]:
    """Return the temperature of each axis that makes the true answers likeliest.

    Temperature scaling as in arXiv:1706.04599, found on a grid of 1 % steps from 0.25 to 4.

    Args:
        logits: [N, all answers], of pictures that were not learnt from.
        answers: [N, questions].
        questions: Axes with their answers.
    """
    grid = np.exp(np.arange(np.log(0.25), np.log(4.0), 0.01))
    temperatures: dict[str, float] = {}
    start = 0
    for place, (axis, values) in enumerate(questions.items()):
        seen = answers[:, place] != HIDDEN
        scores = logits[seen, start : start + len(values)].astype(np.float64)
        truth = answers[seen, place]
        start += len(values)
        if not seen.any():
            temperatures[axis] = 1.0
            continue
        losses = [_mean_loss(scores / t, truth) for t in grid]
        temperatures[axis] = round(float(grid[int(np.argmin(losses))]), 4)
    return temperatures


def _mean_loss(scores: NDArray[np.float64], truth: Answers) -> float:
    highest = scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scores - highest).sum(axis=1)) + highest[:, 0]
    return float((log_sum - scores[np.arange(len(truth)), truth]).mean())


def calibrated(
    net: JudgeNet,
    questions: Mapping[str, tuple[str, ...]],
    shape: JudgeShape,
    pixels: Pixels,
    answers: Answers,
) -> Reader:
    """Return a reader whose temperatures were fitted on `pixels` with known `answers`.

    The weights are rounded to half precision first, as they will be in the file.
    """
    with torch.no_grad():
        for weight in net.state_dict().values():
            weight.copy_(weight.half())
    plain = Reader(net, questions, dict.fromkeys(questions, 1.0), shape)
    logits = np.concatenate([plain.logits(pixels[i : i + 64]) for i in range(0, len(pixels), 64)])
    return Reader(net, questions, fit_temperatures(logits, answers, questions), shape)
