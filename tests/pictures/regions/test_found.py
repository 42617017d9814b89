import numpy as np
import pytest

from enogu.errors import PictureError
from enogu.pictures.background import BackgroundSettings, find_background
from enogu.pictures.box import Box
from enogu.pictures.regions import drawn_region, overlap, subject_region


def test_the_subject_is_a_region_with_the_certainty_of_its_mask():
    pixels = np.full((100, 120, 3), 255, dtype=np.uint8)
    pixels[30:80, 40:90] = 20
    region = subject_region(find_background(pixels, None, BackgroundSettings()))
    assert (region.kind, region.box, region.score) == ("subject", Box(40, 30, 90, 80), 1.0)
    doubtful = find_background(pixels, None, BackgroundSettings(min_subject=0.5))
    assert subject_region(doubtful).score == 0.5
    empty = np.full((100, 120, 3), 255, dtype=np.uint8)
    assert subject_region(find_background(empty, None, BackgroundSettings())) is None


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        ((10, 20, 50, 60), Box(10, 20, 50, 60)),
        ((50, 60, 10, 20), Box(10, 20, 50, 60)),
        ((10.6, 20.2, 49.1, 59.9), Box(10, 20, 50, 60)),
        ((-30, -5, 50, 900), Box(0, 0, 50, 80)),
    ],
)
def test_a_drawn_box_holds_whole_pixels_of_the_picture(corners, box):
    region = drawn_region(" Face ", corners, 100, 80)
    assert (region.kind, region.box, region.score, region.source) == ("face", box, 1.0, "person")


@pytest.mark.parametrize("corners", [(200, 10, 300, 50), (10, 10, 10, 50), (-9, 0, -1, 9)])
def test_a_box_without_any_picture_in_it_is_refused(corners):
    with pytest.raises(PictureError, match="100x80"):
        drawn_region("face", corners, 100, 80)


def test_a_box_without_a_kind_is_refused():
    with pytest.raises(PictureError, match="kind"):
        drawn_region(" ", (0, 0, 5, 5), 100, 80)


def test_overlap_is_intersection_over_union():
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap(Box(0, 0, 10, 10), Box(10, 0, 20, 10)) == 0
    assert overlap(Box(3, 4, 9, 8), Box(3, 4, 9, 8)) == 1
