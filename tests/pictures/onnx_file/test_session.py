import importlib.util

import numpy as np
import pytest

from enogu.errors import MissingExtraError, ModelFileError
from enogu.pictures.onnx_file import InputCard, PictureModel, to_input

CARD = InputCard(width=32, height=32)
COPY = [("Identity", ["picture"], ["out"])]
WHOLE = {"out": [1, 3, 32, 32]}


def test_a_network_is_run_on_a_picture(write_network):
    model = PictureModel(write_network(COPY, WHOLE), CARD)
    values, _ = to_input(np.full((10, 10, 3), 51, dtype=np.uint8), CARD)
    (answer,) = model.run(values)
    assert answer == pytest.approx(np.full((1, 3, 32, 32), 0.2))
    assert model.output_shapes == [[1, 3, 32, 32]]


def test_open_sides_of_the_input_take_the_cards_size(write_network):
    path = write_network(COPY, {"out": ["n", 3, "h", "w"]}, shape=("n", 3, "h", "w"))
    values, _ = to_input(np.zeros((9, 9, 3), dtype=np.uint8), CARD)
    assert PictureModel(path, CARD).run(values)[0].shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (InputCard(width=64, height=64), r"\[1, 3, 32, 32\]; the card says \[1, 3, 64, 64\]"),
        (InputCard(width=32, height=32, layout="NHWC"), r"the card says \[1, 32, 32, 3\] \(NHWC"),
    ],
)
def test_an_input_that_is_not_what_the_card_says_is_refused(write_network, card, words):
    path = write_network(COPY, WHOLE)
    with pytest.raises(ModelFileError, match=words) as caught:
        PictureModel(path, card)
    assert str(path) in caught.value.message
    assert "card" in caught.value.hint


def test_a_network_with_two_inputs_is_refused(write_network):
    nodes = [("Add", ["picture", "picture1"], ["out"])]
    with pytest.raises(ModelFileError, match=r"2 inputs \(picture, picture1\)"):
        PictureModel(write_network(nodes, WHOLE, inputs=2), CARD)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x80\x02}q\x00."])
def test_what_is_no_onnx_file_is_refused(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    pytest.importorskip("onnxruntime")
    with pytest.raises(ModelFileError, match="not an ONNX file"):
        PictureModel(path, CARD)


def test_a_missing_file_is_told(tmp_path):
    pytest.importorskip("onnxruntime")
    with pytest.raises(ModelFileError, match="no such model file"):
        PictureModel(tmp_path / "net.onnx", CARD)


def test_answers_that_are_no_numbers_are_refused(write_network):
    nodes = [("Log", ["picture"], ["out"])]
    model = PictureModel(write_network(nodes, WHOLE), CARD)
    with pytest.raises(ModelFileError, match="not numbers"):
        model.run(np.zeros((1, 3, 32, 32), dtype=np.float32))


def test_a_network_that_fails_is_told(write_network):
    nodes = [("Add", ["picture", "odd"], ["out"])]
    odd = np.zeros((1, 3, 7, 7), dtype=np.float32)
    path = write_network(
        nodes, {"out": [1, 3, "h", "w"]}, shape=(1, 3, "h", "w"), constants=[("odd", odd)]
    )
    model = PictureModel(path, CARD)
    with pytest.raises(ModelFileError, match=r"failed on an input of \[1, 3, 32, 32\]"):
        model.run(np.zeros((1, 3, 32, 32), dtype=np.float32))


def test_without_onnxruntime_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        PictureModel(tmp_path / "net.onnx", CARD)
    assert "enogu[onnx]" in caught.value.hint
