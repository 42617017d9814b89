import json

import numpy as np
import pytest

from enogu.errors import ModelFileError
from enogu.pictures.background import (
    MATTE_PRESETS,
    BackgroundSettings,
    MatteCard,
    MatteModel,
    matte_card,
)
from enogu.pictures.background.edge import take_out_background
from enogu.pictures.onnx_file import InputCard

SETTINGS = BackgroundSettings()
CARD = MatteCard(input=InputCard(width=64, height=64))
BRIGHT = [("ReduceMean", ["picture", "axes"], ["mask"], {"keepdims": 1})]
AXES = [("axes", np.array([1], dtype=np.int64))]
NUMBERS = {"twenty": 20, "ten": 10}
MASK = {"mask": [1, 1, 64, 64]}


@pytest.fixture
def bright_network(write_network):
    """A network that takes what is bright for the subject."""
    return write_network(BRIGHT, MASK, shape=(1, 3, 64, 64), constants=AXES)


@pytest.fixture
def wide_picture():
    """A white disc on black, 150 wide and 90 high, and its truth."""
    y, x = np.mgrid[0:90, 0:150]
    truth = (y - 40) ** 2 + (x - 100) ** 2 < 30**2
    return np.where(truth[..., None], 255, 0).repeat(3, axis=2).astype(np.uint8), truth


def test_the_mask_of_a_network_comes_back_letterboxed(bright_network, wide_picture, overlap):
    pixels, truth = wide_picture
    found = MatteModel(bright_network, CARD).find_background(pixels, None, SETTINGS)
    assert found.verdict == "model"
    assert found.mask.shape == truth.shape
    assert overlap(found.mask, truth * 255) > 0.95
    assert "net.onnx" in found.reason


def test_logits_pass_through_a_sigmoid(write_network, wide_picture, overlap):
    nodes = [("ReduceMean", ["picture", "axes"], ["m"], {"keepdims": 1})]
    nodes += [("Mul", ["m", "twenty"], ["n"]), ("Sub", ["n", "ten"], ["mask"])]
    numbers = [(key, np.array(value, dtype=np.float32)) for key, value in NUMBERS.items()]
    path = write_network(nodes, MASK, shape=(1, 3, 64, 64), constants=[*AXES, *numbers])
    pixels, truth = wide_picture
    card = MatteCard(input=CARD.input, activation="sigmoid")
    found = MatteModel(path, card).find_background(pixels, None, SETTINGS)
    assert overlap(found.mask, truth * 255) > 0.95
    with pytest.raises(ModelFileError, match="from -10 to 10") as caught:
        MatteModel(path, CARD).find_background(pixels, None, SETTINGS)
    assert "sigmoid" in caught.value.hint


def test_an_empty_picture_stays_without_a_subject(bright_network):
    found = MatteModel(bright_network, CARD).find_background(
        np.full((80, 80, 3), 12, dtype=np.uint8), None, SETTINGS
    )
    assert found.subject is None
    assert found.verdict == "unsure"


def test_an_undecided_network_is_unsure(bright_network):
    pixels = np.zeros((80, 80, 3), dtype=np.uint8)
    pixels[20:60, 20:60] = 255
    pixels[:, :15] = 120
    found = MatteModel(bright_network, CARD).find_background(pixels, None, SETTINGS)
    assert found.verdict == "unsure"
    assert "undecided" in found.reason


def test_an_output_that_is_no_mask_is_refused(write_network):
    path = write_network(
        [("Identity", ["picture"], ["mask"])], {"mask": [1, 3, 64, 64]}, shape=(1, 3, 64, 64)
    )
    model = MatteModel(path, CARD)
    with pytest.raises(ModelFileError, match=r"\[1, 3, 64, 64\]; a mask is one value"):
        model.find_background(np.zeros((20, 20, 3), dtype=np.uint8), None, SETTINGS)


def test_the_card_beside_the_file_is_used(bright_network, wide_picture):
    card = bright_network.with_suffix(".json")
    card.write_text(
        json.dumps({"preset": "isnet-anime", "input": {"width": 64, "height": 64}}),
        encoding="utf-8",
    )
    model = MatteModel(bright_network)
    assert model.card == CARD
    card.write_text(json.dumps({"preset": "isnet-anime"}), encoding="utf-8")
    with pytest.raises(ModelFileError, match="1024"):
        MatteModel(bright_network)


def test_presets_are_as_their_authors_prepare_pictures():
    anime, birefnet = MATTE_PRESETS["isnet-anime"], MATTE_PRESETS["birefnet"]
    assert (anime.input.fit, anime.input.padding, anime.activation) == ("letterbox", 0, "none")
    assert (anime.input.mean, anime.input.std) == ((0, 0, 0), (1, 1, 1))
    assert (birefnet.input.fit, birefnet.activation) == ("stretch", "sigmoid")
    assert birefnet.input.std == (0.229, 0.224, 0.225)
    assert {card.input.width for card in MATTE_PRESETS.values()} == {1024}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"preset": "isnet"}, "unknown preset 'isnet'; known are isnet-anime"),
        ({"model": "x"}, "unknown key 'model'"),
        ({"preset": "birefnet", "output": {"activation": "softmax"}}, "got 'softmax'"),
        ({"preset": "birefnet", "output": {"form": "v8"}}, "unknown key 'form'"),
        ({}, "lacks width and height"),
    ],
)
def test_wrong_cards_are_refused(document, words):
    with pytest.raises(ModelFileError, match=words):
        matte_card(document, "net.json")


def test_the_old_background_is_taken_out_of_a_given_mask(draw_figure, laid_on):
    colour, alpha = draw_figure()
    pixels = laid_on(colour, alpha, (0, 255, 0))
    rim = (alpha > 80) & (alpha < 255)
    before = np.abs(pixels.astype(int) - colour)[rim].mean()
    cleaned = take_out_background(pixels, alpha)
    assert before > 25
    assert np.abs(cleaned.astype(int) - colour)[rim].mean() < 5
    assert np.array_equal(cleaned[alpha == 255], pixels[alpha == 255])
