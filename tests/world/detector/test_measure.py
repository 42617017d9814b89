"""Recall, precision, and the calibration of scores."""

import numpy as np
import pytest

from enogu.pictures.box import Box
from enogu.pictures.regions import FoundRegion
from enogu.world.detector.boxes import Spot
from enogu.world.detector.export import LEAST_CHANCE, SURE_CHANCE, least_score, sure_shift
from enogu.world.detector.make import fit_logistic
from enogu.world.detector.measure import LabelMeasure, add_picture, to_boxes


def region(score, *sides, kind="head"):
    return FoundRegion(kind=kind, box=Box(*sides), score=score, source="detector")


def test_each_known_box_is_found_once_and_the_surest_guess_has_it():
    measure = LabelMeasure("head")
    found = [region(0.6, 0, 0, 10, 10), region(0.9, 1, 0, 11, 10), region(0.4, 40, 40, 50, 50)]
    add_picture(measure, found, [Box(0, 0, 10, 10), Box(70, 70, 80, 80)])
    assert [(guess.score, guess.is_right) for guess in measure.guesses] == [
        (0.9, True),
        (0.6, False),
        (0.4, False),
    ]
    assert measure.overlaps == [pytest.approx(90 / 110)]
    assert (measure.recall().right, measure.recall().total) == (1, 2)
    assert measure.precision(0.5).share == 0.5 and measure.precision().share == pytest.approx(1 / 3)


def test_other_labels_and_poor_fits_do_not_count():
    measure = LabelMeasure("head")
    found = [region(0.9, 0, 0, 10, 10, kind="face"), region(0.8, 0, 0, 10, 4)]
    add_picture(measure, found, [Box(0, 0, 10, 10)])
    assert len(measure.guesses) == 1 and measure.recall().right == 0


def test_spots_become_whole_pixels_and_slivers_none():
    spots = [
        Spot(label=0, left=-0.2, top=1.4, right=9.6, bottom=8.5),
        Spot(label=0, left=3.1, top=0, right=3.3, bottom=9),
        Spot(label=1, left=0, top=0, right=5, bottom=5),
    ]
    assert to_boxes(spots, "head") == [Box(0, 1, 10, 8)]


def test_the_logistic_curve_of_known_chances_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.uniform(-4, 4, 20_000)
    right = (rng.random(20_000) < 1 / (1 + np.exp(-(1.7 * logits - 0.6)))).astype(float)
    slope, shift = fit_logistic(logits, right)
    assert slope == pytest.approx(1.7, abs=0.08) and shift == pytest.approx(-0.6, abs=0.08)


def test_the_curve_stays_finite_where_all_are_right():
    slope, shift = fit_logistic(np.array([1.0, 2.0, 3.0]), np.ones(3))
    assert np.isfinite([slope, shift]).all()


def test_one_half_stands_for_the_sure_chance():
    def score_of(chance):
        logit = np.log(chance / (1 - chance)) - sure_shift()
        return 1 / (1 + np.exp(-logit))

    assert score_of(SURE_CHANCE) == pytest.approx(0.5)
    assert score_of(LEAST_CHANCE) == pytest.approx(least_score())
