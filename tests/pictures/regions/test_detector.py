import json

import numpy as np
import pytest

from enogu.errors import ModelFileError
from enogu.pictures.box import Box
from enogu.pictures.onnx_file import InputCard
from enogu.pictures.regions import DetectorCard, DetectorModel, detector_card

SIDE = 64
INPUT = InputCard(width=SIDE, height=SIDE, padding=114)
PICTURE = np.zeros((100, 200, 3), dtype=np.uint8)
"""In the input it is 64 wide and 32 high, 16 from the top."""

# Centre x and y, width and height in the input; then a score for head and one for face.
ROWS = np.array(
    [
        [32, 32, 16, 16, 0.90, 0.10],
        [33, 32, 16, 16, 0.80, 0.10],
        [32, 32, 14, 14, 0.05, 0.60],
        [8, 24, 8, 8, 0.40, 0.02],
        [60, 20, 20, 20, 0.30, 0.00],
        [20, 40, 6, 6, 0.10, 0.12],
        *[[0, 0, 0, 0, 0, 0]] * 5,
    ],
    dtype=np.float32,
)


@pytest.fixture
def write_detector(write_network):
    """Write a detector that answers with fixed rows whatever it sees."""

    def write(answer, *, metadata=None, name="net.onnx"):
        nodes = [
            ("ReduceMax", ["picture"], ["peak"], {"keepdims": 0}),
            ("Mul", ["peak", "zero"], ["nothing"]),
            ("Add", ["answer", "nothing"], ["out"]),
        ]
        constants = [("zero", np.array(0, dtype=np.float32)), ("answer", answer)]
        shape = (1, 3, SIDE, SIDE)
        outputs = {"out": list(answer.shape)}
        path = write_network(nodes, outputs, shape=shape, constants=constants, name=name)
        if metadata:
            import onnx

            model = onnx.load(str(path))
            for key, value in metadata.items():
                entry = model.metadata_props.add()
                entry.key, entry.value = key, value
            onnx.save(model, str(path))
        return path

    return write


def v8(rows):
    return np.ascontiguousarray(rows.T[None])


def v5(rows):
    """The same rows with a score of the box itself, of which the labels' scores are shares."""
    itself = np.full((len(rows), 1), 0.95, dtype=np.float32)
    return np.concatenate([rows[:, :4], itself, rows[:, 4:] / 0.95], axis=1)[None]


def card(**values):
    return DetectorCard(input=INPUT, labels=("head", "face"), **values)


EXPECTED = [
    # The second row doubles the first; the third has another label; the last is too weak.
    ("head", Box(75, 25, 125, 75), 0.9),
    ("face", Box(78, 28, 122, 72), 0.6),
    ("head", Box(12, 12, 38, 38), 0.4),
    ("head", Box(156, 0, 200, 44), 0.3),
]


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        (v8(ROWS), None),
        (v8(ROWS), "v8"),
        (ROWS[None], "v8"),
        (v5(ROWS), None),
        (v5(ROWS), "v5"),
    ],
)
def test_both_forms_give_the_same_regions(write_detector, answer, form):
    model = DetectorModel(write_detector(answer), card(form=form))
    found = model.find(PICTURE)
    assert [(region.kind, region.score) for region in found] == [
        (kind, pytest.approx(score, abs=1e-5)) for kind, _, score in EXPECTED
    ]
    for region, (_, box, _) in zip(found, EXPECTED, strict=True):
        sides = zip(
            (region.box.left, region.box.top, region.box.right, region.box.bottom),
            (box.left, box.top, box.right, box.bottom),
            strict=True,
        )
        assert all(abs(one - other) <= 1 for one, other in sides), region
        assert region.source == "detector"


def test_limits_of_the_card_are_kept(write_detector):
    path = write_detector(v8(ROWS))
    assert len(DetectorModel(path, card(min_score=0.7)).find(PICTURE)) == 1
    assert len(DetectorModel(path, card(max_overlap=1.0)).find(PICTURE)) == 5


def test_a_detector_may_find_nothing(write_detector):
    rows = ROWS.copy()
    rows[:, 4:] = 0
    assert DetectorModel(write_detector(v8(rows)), card()).find(PICTURE) == []


def test_labels_come_from_the_file_when_the_card_has_none(write_detector):
    path = write_detector(v8(ROWS), metadata={"names": "{0: 'Head', 1: 'face'}"})
    model = DetectorModel(path, DetectorCard(input=INPUT))
    assert model.labels == ("head", "face")
    assert model.find(PICTURE)[0].kind == "head"


@pytest.mark.parametrize("names", ["", "{0: 'head', 2: 'face'}", "__import__('os')", "[1]"])
def test_without_labels_a_detector_is_refused(write_detector, names):
    path = write_detector(v8(ROWS), metadata={"names": names} if names else None)
    with pytest.raises(ModelFileError, match="what it finds") as caught:
        DetectorModel(path, DetectorCard(input=INPUT))
    assert "labels" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "values", "words"),
    [
        (v8(ROWS[:, :5]), {}, r"\[1, 5, 11\]; with 2 labels it would be \[1, 6, boxes\] or"),
        (v8(ROWS), {"form": "v5"}, r"it would be \[1, boxes, 7\]"),
        (ROWS, {}, r"shape \[11, 6\]"),
        (v8(ROWS * 9), {}, "scores go from 0 to 8.1"),
    ],
)
def test_an_answer_that_is_not_what_the_card_says_is_refused(write_detector, answer, values, words):
    model = DetectorModel(write_detector(answer), card(**values))
    with pytest.raises(ModelFileError, match=words):
        model.find(PICTURE)


def test_a_card_file_is_read_with_the_usual_values_left_out(write_detector):
    path = write_detector(v8(ROWS))
    document = {
        "input": {"width": SIDE, "height": SIDE},
        "output": {"labels": ["Head", "face"], "min_score": 0.5},
    }
    path.with_suffix(".json").write_text(json.dumps(document), encoding="utf-8")
    model = DetectorModel(path)
    assert model.card == card(min_score=0.5)
    assert model.card.input.padding == 114
    assert model.card.max_overlap == 0.7


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"form": "v10"}, "v5 or v8, got 'v10'"),
        ({"labels": "face"}, "list of names, got 'face'"),
        ({"labels": ["face", ""]}, "list of names"),
        ({"min_score": "0.5"}, "min_score must be a number"),
        ({"max_overlap": 3}, "max_overlap must be 0 to 1, got 3"),
        ({"classes": 3}, "unknown key 'classes'"),
    ],
)
def test_wrong_cards_are_refused(output, words):
    with pytest.raises(ModelFileError, match=words) as caught:
        detector_card({"output": output}, "net.json")
    assert caught.value.message.startswith("net.json")
