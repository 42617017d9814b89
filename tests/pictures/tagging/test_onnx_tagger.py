import json
import pickle

import numpy as np
import pytest
from PIL import Image

from enogu.errors import ModelFileError
from enogu.pictures.tagging import onnx_tagger_source, open_onnx_tagger
from enogu.pictures.tagging.onnx_tagger import padded_square

ANSWER = [0.9, 0.1, 0.8, 0.2, 0.4, 0.6, 0.95]


def plain_list(count):
    return "tag_id,name,category,count\n" + "".join(f"{i},t{i},0,1\n" for i in range(count))


def what_the_network_sees(write_tagger, seen_by, picture, *, side=4, layout="NHWC", card=None):
    """Run a network that answers with its whole input divided by 255 or as the card makes it."""
    count = side * side * 3
    shape = ("n", side, side, 3) if layout == "NHWC" else ("n", 3, side, side)
    path = write_tagger(
        nodes=seen_by(), shape=shape, outputs={"out": ["n", count]}, csv=plain_list(count)
    )
    if card is not None:
        path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    found = open_onnx_tagger(path).tagger.tag([picture])[0]
    return np.array([found[f"t{i}"] for i in range(count)]).reshape(shape[1:])


def test_a_wd_tagger_needs_nothing_but_its_list_of_tags(write_tagger):
    opened = open_onnx_tagger(write_tagger(ANSWER))
    found = opened.tagger.tag([Image.new("RGB", (30, 20), "red"), Image.new("L", (5, 9))])
    assert len(found) == 2
    assert found[0] == pytest.approx(
        {
            "rating:general": 0.9,
            "rating:sensitive": 0.1,
            "1girl": 0.8,
            "long hair": 0.2,
            "^_^": 0.4,
            "star (symbol)": 0.6,
            "some character (work)": 0.95,
        }
    )
    assert opened.categories["some character (work)"] == "character"
    assert opened.categories["^_^"] == "general"


def test_the_network_gets_bgr_rows_from_0_to_255_on_white(write_tagger, seen_by):
    # The authors' demo, written out with numpy for sizes at which nothing is interpolated.
    picture = np.zeros((2, 4, 3), dtype=np.uint8)
    picture[0] = (255, 128, 64)
    card = {"input": {"divide_by": 255}}
    seen = what_the_network_sees(write_tagger, seen_by, Image.fromarray(picture), card=card)
    wanted = np.full((4, 4, 3), 1.0)
    wanted[1] = np.array([64, 128, 255]) / 255
    wanted[2] = 0
    assert seen == pytest.approx(wanted, abs=1e-6)


def test_without_a_card_values_are_not_divided(write_tagger, seen_by):
    with pytest.raises(ModelFileError, match=r"from 255 to 255, which are no probabilities"):
        what_the_network_sees(write_tagger, seen_by, Image.new("RGB", (4, 4), "white"))


def test_a_card_gives_planes_in_another_range(write_tagger, seen_by):
    card = {
        "input": {"layout": "NCHW", "channels": "RGB", "divide_by": 127.5, "mean": [1, 1, 1]},
        "output": {"activation": "sigmoid"},
    }
    picture = Image.new("RGB", (4, 4), (255, 0, 0))
    seen = what_the_network_sees(write_tagger, seen_by, picture, layout="NCHW", card=card)
    sigmoid = 1 / (1 + np.exp(-np.array([1.0, -1.0, -1.0])))
    assert seen == pytest.approx(np.broadcast_to(sigmoid[:, None, None], (3, 4, 4)), abs=1e-6)


@pytest.mark.parametrize(("size", "at"), [((7, 4), (0, 1)), ((4, 7), (1, 0)), ((6, 6), (0, 0))])
def test_the_odd_pixel_of_padding_goes_right_and_below(size, at):
    square = padded_square(Image.new("RGB", size, "black"), max(size))
    dark = np.asarray(square)[..., 0] == 0
    columns, rows = np.flatnonzero(dark.any(axis=0)), np.flatnonzero(dark.any(axis=1))
    assert (columns[0], rows[0]) == at
    assert (len(columns), len(rows)) == size


def test_scaling_is_pillows_bicubic_after_padding():
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    padded = Image.new("RGB", (60, 60), "white")
    padded.paste(picture, (0, 10))
    wanted = padded.resize((16, 16), Image.Resampling.BICUBIC)
    assert (np.asarray(padded_square(picture, 16)) == np.asarray(wanted)).all()


def test_transparent_parts_are_white():
    picture = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (np.asarray(padded_square(picture, 4)) == 255).all()


def test_a_very_long_picture_stays_within_memory():
    square = padded_square(Image.new("RGB", (40_000, 3), "black"), 16)
    assert square.size == (16, 16)


@pytest.mark.parametrize(("side", "shape"), [(8, ("n", 8, 8, 3)), (12, (1, 12, 12, 3))])
def test_the_size_is_that_of_the_network(write_tagger, side, shape):
    assert open_onnx_tagger(write_tagger(ANSWER, shape=shape)).tagger.side_px == side


def test_a_network_of_open_size_gets_448(write_tagger):
    opened = open_onnx_tagger(write_tagger(ANSWER, shape=("n", "h", "w", 3)))
    assert opened.tagger.side_px == 448
    assert opened.tagger.tag([Image.new("RGB", (9, 9))])[0]["1girl"] == pytest.approx(0.8)


def test_a_tag_mapping_needs_a_card_and_the_message_gives_one(write_tagger):
    path = write_tagger(ANSWER, csv=None)
    (path.parent / "tag_mapping.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelFileError, match="a card must say") as caught:
        open_onnx_tagger(path)
    card = caught.value.hint[caught.value.hint.index("{") :]
    assert json.loads(card)["output"] == {"activation": "sigmoid"}


def test_a_newer_tagger_is_read_by_its_card(write_tagger):
    path = write_tagger([0.0, 2.0], csv=None, shape=("n", 3, 8, 8))
    mapping = {
        "0": {"tag": "long_hair", "category": "General"},
        "1": {"tag": "someone", "category": "Character"},
    }
    (path.parent / "tag_mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    card = {"input": {"layout": "NCHW"}, "output": {"activation": "sigmoid"}}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    opened = open_onnx_tagger(path)
    assert opened.tagger.tag([Image.new("RGB", (8, 8))])[0] == pytest.approx(
        {"long hair": 0.5, "someone": 1 / (1 + np.exp(-2))}
    )
    assert opened.categories["someone"] == "character"


def test_of_two_fitting_outputs_the_card_must_say_which(write_tagger):
    from onnx import helper

    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["none"]),
        helper.make_node("Add", ["none", "answer"], ["first"]),
        helper.make_node("Neg", ["first"], ["second"]),
    ]
    path = write_tagger(ANSWER, nodes=nodes, outputs={"first": [1, 7], "second": [1, 7]})
    with pytest.raises(ModelFileError, match="2 of its outputs have 7 numbers") as caught:
        open_onnx_tagger(path)
    assert '"index"' in caught.value.hint
    card = {"output": {"index": 0}}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    found = open_onnx_tagger(path).tagger.tag([Image.new("RGB", (8, 8))])[0]
    assert found["1girl"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"input": {"fit": "stretch"}}, "unknown key 'fit'"),
        ({"ouput": {}}, "unknown key 'ouput'"),
        ({"output": {"activation": "softmax"}}, "activation must be none or sigmoid"),
        ({"output": {"index": -1}}, "index must be a whole number"),
        ({"output": {"index": 3}}, "names output 3, but there are 1"),
        ({"tags": "../other.csv"}, "in the same folder"),
        ({"input": {"width": 16, "height": 16}}, "the card says"),
    ],
)
def test_a_card_that_is_wrong_is_refused(write_tagger, card, words):
    path = write_tagger(ANSWER)
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelFileError, match=words):
        open_onnx_tagger(path)


def test_a_list_of_another_model_is_refused(write_tagger):
    path = write_tagger(ANSWER[:-1])
    with pytest.raises(ModelFileError, match=r"answers with 6 numbers, but .* lists 7 tags"):
        open_onnx_tagger(path)


def test_a_missing_file_and_a_missing_list_are_told(write_tagger, tmp_path):
    with pytest.raises(ModelFileError, match="no such model file"):
        onnx_tagger_source(tmp_path / "none.onnx")
    with pytest.raises(ModelFileError, match="no list of its tags") as caught:
        onnx_tagger_source(write_tagger(ANSWER, csv=None))
    assert "selected_tags.csv" in caught.value.hint


def test_the_source_names_the_folder_of_a_model_onnx_and_changes_with_the_weights(write_tagger):
    first = onnx_tagger_source(write_tagger(ANSWER, name="wd-vit-v3/model.onnx"))
    again = onnx_tagger_source(write_tagger(ANSWER, name="wd-vit-v3/model.onnx"))
    other = onnx_tagger_source(write_tagger(ANSWER[::-1], name="wd-vit-v3/model.onnx"))
    assert first.name == "wd-vit-v3"
    assert first.digest == again.digest != other.digest
    assert pickle.loads(pickle.dumps(first)).open().categories["1girl"] == "general"
