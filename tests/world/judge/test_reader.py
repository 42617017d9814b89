"""Reading: pictures of any form, probabilities by question."""

import numpy as np
import pytest
from PIL import Image

from enogu.world.judge.judge import Judge
from enogu.world.judge.network import INPUT_PX
from enogu.world.judge.reader import Readings, fit_square, softmax_by_question

QUESTIONS = {"mouth": ("smile", "frown"), "prop": ("none", "book", "cup")}


def test_probabilities_sum_to_one_by_question_and_follow_the_temperature() -> None:
    logits = np.array([[1.0, -1.0, 0.5, 2.0, -3.0]], np.float32)
    cold = softmax_by_question(logits, QUESTIONS, {"mouth": 0.5, "prop": 1.0})
    assert np.allclose([cold[0, :2].sum(), cold[0, 2:].sum()], 1)
    # Two answers: the softmax is the logistic function of the difference, 2 / 0.5 here.
    assert cold[0, 0] == pytest.approx(1 / (1 + np.exp(-4.0)), abs=1e-6)


def test_answers_are_the_likeliest_values() -> None:
    table = np.array([[0.2, 0.8, 0.1, 0.2, 0.7], [0.6, 0.4, 0.5, 0.3, 0.2]], np.float32)
    readings = Readings(questions=QUESTIONS, table=table)
    assert readings.answers == [
        {"mouth": "frown", "prop": "cup"},
        {"mouth": "smile", "prop": "none"},
    ]
    assert readings.probabilities("prop").shape == (2, 3)
    with pytest.raises(KeyError, match="mouth"):
        readings.probabilities("hat")


def test_pictures_and_pixels_read_alike(untrained: Judge) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, INPUT_PX, INPUT_PX, 3), dtype=np.uint8)
    from_pixels = untrained(pixels).table
    from_pictures = untrained([Image.fromarray(part) for part in pixels]).table
    assert np.array_equal(from_pixels, from_pictures)
    assert len(untrained([])) == 0


def test_more_pictures_than_a_batch(untrained: Judge) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, INPUT_PX, INPUT_PX, 3), dtype=np.uint8)
    assert np.allclose(untrained(pixels).table[35], untrained(pixels[35:36]).table[0], atol=1e-6)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_any_mode_and_size_is_fitted(mode: str) -> None:
    fitted = fit_square(Image.new("RGB", (200, 100), "#000000").convert(mode))
    assert (fitted.shape, fitted.dtype) == ((INPUT_PX, INPUT_PX, 3), np.uint8)
    assert fitted[2, 64].tolist() == [255, 255, 255], "margins are white"
    assert fitted[64, 64].max() < 10
