import json

import pytest

from enogu.errors import ModelFileError
from enogu.pictures.onnx_file import InputCard, card_path, input_card, object_at, read_card


def test_a_card_is_read_whole(tmp_path):
    path = tmp_path / "net.json"
    document = {
        "input": {
            "width": 640,
            "height": 320,
            "layout": "NHWC",
            "channels": "BGR",
            "divide_by": 1,
            "mean": [1, 2, 3],
            "std": [1, 2, 4],
            "fit": "stretch",
            "padding": 114,
            "sampling": "smooth",
        }
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    assert card_path(tmp_path / "net.onnx") == path
    values = object_at(read_card(path), "input", "net.json")
    assert input_card(values, None, "net.json") == InputCard(
        width=640,
        height=320,
        layout="NHWC",
        channels="BGR",
        divide_by=1.0,
        mean=(1.0, 2.0, 3.0),
        std=(1.0, 2.0, 4.0),
        fit="stretch",
        padding=114.0,
        sampling="smooth",
    )


def test_a_preset_is_changed_in_single_values():
    base = InputCard(width=1024, height=1024, mean=(0.5, 0.5, 0.5))
    card = input_card({"width": 512}, base, "net.json")
    assert (card.width, card.height, card.mean) == (512, 1024, (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"widht": 3}, "unknown key 'widht'; allowed are width"),
        ({"width": 64}, "lacks height"),
        ({"width": 0, "height": 9}, "0x9"),
        ({"width": 64.5, "height": 9}, "64.5"),
        ({"width": True, "height": 9}, "True"),
        ({"width": 8, "height": 8, "layout": "CHW"}, "NCHW or NHWC, got 'CHW'"),
        ({"width": 8, "height": 8, "mean": [1, 2]}, r"three numbers, got \[1, 2\]"),
        ({"width": 8, "height": 8, "std": [1, 0, 1]}, "above 0"),
        ({"width": 8, "height": 8, "padding": "grey"}, "must be a number, got 'grey'"),
    ],
)
def test_wrong_values_are_refused_with_the_place(values, words):
    with pytest.raises(ModelFileError, match=words) as caught:
        input_card(values, None, "net.json")
    assert caught.value.message.startswith("net.json: ")


@pytest.mark.parametrize(
    ("text", "words"), [("[1]", "JSON object, got list"), ("{", "cannot be read")]
)
def test_a_card_that_is_no_object_is_refused(tmp_path, text, words):
    path = tmp_path / "net.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelFileError, match=words):
        read_card(path)


def test_a_missing_card_is_told_with_an_example(tmp_path):
    with pytest.raises(ModelFileError, match="no card") as caught:
        read_card(tmp_path / "net.json")
    assert "preset" in caught.value.hint


def test_a_part_that_is_no_object_is_refused():
    with pytest.raises(ModelFileError, match="input must be a JSON object, got 3"):
        object_at({"input": 3}, "input", "net.json")
