"""The shipped detector finds heads in fresh drawings, and is as small as was asked."""

import pytest

from enogu.pictures.regions import load_embedded
from enogu.world.detector.card import draw_fresh, measure_drawn

pytest.importorskip("onnxruntime")

SURE = 0.5


@pytest.fixture(scope="module")
def measures():
    return measure_drawn(load_embedded(), [draw_fresh(index, 128) for index in range(40)])


@pytest.mark.parametrize(
    ("label", "recall", "precision"), [("head", 0.95, 0.95), ("face", 0.9, 0.95)]
)
def test_heads_and_faces_of_fresh_drawings_are_found(measures, label, recall, precision):
    measure = measures[label]
    assert measure.known == 40
    assert measure.recall(SURE).share >= recall
    assert measure.precision(SURE).share >= precision
    assert measure.mean_overlap > 0.75
