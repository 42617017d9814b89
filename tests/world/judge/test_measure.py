"""Measuring: counts, calibration and confusions, on tables made by hand."""

import numpy as np
import pytest

from enogu.world.judge.measure import expected_calibration_error, measure_readings
from enogu.world.judge.pictures import HIDDEN
from enogu.world.judge.reader import Readings

QUESTIONS = {"mouth": ("smile", "frown"), "prop": ("none", "book", "cup")}


def test_calibration_error_is_the_gap_between_confidence_and_frequency() -> None:
    sure = np.full(10, 0.9, np.float32)
    assert expected_calibration_error(sure, np.arange(10) < 9) == pytest.approx(0, abs=1e-6)
    assert expected_calibration_error(sure, np.arange(10) < 6) == pytest.approx(0.3, abs=1e-6)
    # Two bins: 0.4 too sure in one half, 0.3 too modest in the other.
    mixed = np.array([0.9] * 4 + [0.7] * 4, np.float32)
    hits = np.array([1, 1, 0, 0, 1, 1, 1, 1], bool)
    assert expected_calibration_error(mixed, hits) == pytest.approx(0.35, abs=1e-6)


def test_hidden_answers_do_not_count() -> None:
    table = np.array(
        [[0.9, 0.1, 0.2, 0.7, 0.1], [0.8, 0.2, 0.2, 0.7, 0.1], [0.3, 0.7, 0.2, 0.1, 0.7]],
        np.float32,
    )
    answers = np.array([[0, HIDDEN], [1, 1], [1, 1]])
    measure = measure_readings(Readings(questions=QUESTIONS, table=table), answers)
    mouth, prop = measure.axes
    assert (mouth.right, mouth.total, mouth.confusions) == (2, 3, (("frown", "smile", 1),))
    assert (prop.right, prop.total, prop.confusions) == (1, 2, (("book", "cup", 1),))
    assert (measure.all_right, measure.pictures) == (1, 3)
    assert measure.mean_share == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert measure.below(0.6) == ["prop"]
    assert measure.below(0.9) == ["prop", "mouth"]


def test_an_axis_that_is_never_seen_is_left_out() -> None:
    table = np.array([[0.9, 0.1, 0.2, 0.7, 0.1]], np.float32)
    measure = measure_readings(Readings(questions=QUESTIONS, table=table), np.array([[0, HIDDEN]]))
    assert [axis.axis for axis in measure.axes] == ["mouth"]
