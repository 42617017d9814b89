"""Training a reader: resumable, blind to what is hidden, and honest in the end."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from enogu.errors import WorldError
from enogu.world.judge.degrade import CLEAN_SHARE
from enogu.world.judge.network import INPUT_PX, JudgeNet, JudgeShape
from enogu.world.judge.pictures import HIDDEN
from enogu.world.judge.reader import softmax_by_question
from enogu.world.judge.training import (
    EASY_SHARE,
    HARD_FROM_STEP,
    TrainingPictures,
    calibrated,
    choose_batch,
    clean_share,
    fit_temperatures,
    reader_loss,
    train_reader,
)
from enogu.world.training_state import Budget

QUESTIONS = {"side": ("light", "dark"), "hue": ("red", "green", "blue")}
SHAPE = JudgeShape(channels=(4, 4, 8, 8), depths=(0, 0, 0), dropout=0.1)


def tiny_pictures(count: int = 12) -> TrainingPictures:
    rng = np.random.default_rng(0)
    answers = np.stack([rng.integers(2, size=count), rng.integers(3, size=count)], axis=1)
    pixels = np.zeros((count, INPUT_PX, INPUT_PX, 3), np.uint8)
    for i, (side, hue) in enumerate(answers):
        pixels[i, :, :, hue] = 220 if side == 0 else 90
    answers[0, 1] = HIDDEN
    return TrainingPictures(pixels=pixels, round_trips=pixels[:2], answers=answers)


def train(path: Path, budget: Budget) -> JudgeNet:
    return train_reader(
        tiny_pictures(),
        QUESTIONS,
        path,
        budget=budget,
        shape=SHAPE,
        title="tiny",
        bf16=False,
        save_every=1,
    )


def test_training_resumes_bit_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops_after
) -> None:
    monkeypatch.setattr("enogu.world.judge.training.BATCH_SIZE", 4)
    monkeypatch.setattr("enogu.world.judge.training.STATISTICS_BATCHES", 2)
    whole = train(tmp_path / "a", Budget(steps=3))
    train(tmp_path / "b", stops_after(3, 1))
    resumed = train(tmp_path / "b", Budget(steps=3))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name
    other = {"side": ("light", "dark"), "hue": ("red", "green", "grey")}
    with pytest.raises(WorldError, match="vocabulary"):
        train_reader(
            tiny_pictures(),
            other,
            tmp_path / "b",
            budget=Budget(steps=3),
            shape=SHAPE,
            title="tiny",
            bf16=False,
        )


def test_the_loss_leaves_out_hidden_answers() -> None:
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    answers = torch.tensor([[0, 1], [1, HIDDEN], [HIDDEN, HIDDEN]])
    loss = reader_loss(logits, answers, [2, 3])
    by_hand = functional.cross_entropy(logits[:2, :2], answers[:2, 0], reduction="sum")
    by_hand += functional.cross_entropy(logits[:1, 2:], answers[:1, 1], reduction="sum")
    assert float(loss) == pytest.approx(float(by_hand) / 3, rel=1e-6)


def test_batches_depend_on_seed_and_step_alone() -> None:
    pictures = tiny_pictures()
    first, answers = choose_batch(pictures, 1, 2, 6)
    again, same = choose_batch(pictures, 1, 2, 6)
    assert np.array_equal(first, again) and np.array_equal(answers, same)
    assert not np.array_equal(first, choose_batch(pictures, 1, 3, 6)[0])


def test_round_trips_carry_the_answers_of_their_picture() -> None:
    pictures = tiny_pictures()
    marked = TrainingPictures(
        pixels=pictures.pixels,
        round_trips=np.full_like(pictures.pixels[:2], 7),
        answers=pictures.answers,
    )
    batch, answers = choose_batch(marked, 0, 0, 200)
    from_trips = (batch == 7).all(axis=(1, 2, 3))
    assert 0.15 < from_trips.mean() < 0.45
    known = {tuple(row) for row in pictures.answers[:2].tolist()}
    assert {tuple(row) for row in answers[from_trips].tolist()} <= known


def test_temperatures_make_frequencies_of_exaggerated_scores() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (6000, 3))
    chances = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(3, p=row) for row in chances])
    answers = np.stack([np.full(6000, HIDDEN), truth], axis=1)
    logits = np.concatenate([np.zeros((6000, 2)), honest * 2.5], axis=1).astype(np.float32)
    temperatures = fit_temperatures(logits, answers, QUESTIONS)
    assert temperatures["hue"] == pytest.approx(2.5, rel=0.06)
    assert temperatures["side"] == 1.0, "nothing was seen of it"
    table = softmax_by_question(logits, QUESTIONS, temperatures)
    assert np.allclose(table[:, 2:], chances, atol=0.04)


def test_a_calibrated_reader_has_the_weights_its_file_will_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enogu.world.judge.training.BATCH_SIZE", 4)
    monkeypatch.setattr("enogu.world.judge.training.STATISTICS_BATCHES", 2)
    pictures = tiny_pictures()
    net = train(tmp_path / "s", Budget(steps=1))
    reader = calibrated(net, QUESTIONS, SHAPE, pictures.pixels, pictures.answers)
    for weight in reader.net.state_dict().values():
        assert torch.equal(weight, weight.half().float())
    assert set(reader.temperatures) == set(QUESTIONS)


def test_pictures_get_harder_with_the_steps() -> None:
    shares = [clean_share(step) for step in range(0, 3000, 50)]
    assert shares[0] == EASY_SHARE and shares[-1] == pytest.approx(CLEAN_SHARE)
    assert all(first >= second for first, second in itertools.pairwise(shares))
    assert shares.index(min(shares)) * 50 == HARD_FROM_STEP
