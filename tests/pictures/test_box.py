import pytest

from enogu.errors import ProjectError
from enogu.pictures.box import Box


def test_sizes_and_slices():
    box = Box(2, 3, 7, 11)
    assert (box.width, box.height, box.area) == (5, 8, 40)
    assert (box.rows, box.columns) == (slice(3, 11), slice(2, 7))
    assert str(box) == "2,3,7,11"


@pytest.mark.parametrize("sides", [(3, 0, 3, 5), (0, 6, 4, 5), (-1, 0, 4, 5), (0, -1, 4, 5)])
def test_refuses_what_is_no_rectangle(sides):
    with pytest.raises(ValueError, match="a box needs"):
        Box(*sides)


def test_a_box_knows_its_size_and_moves():
    box = Box.from_json([2, 3, 12, 8], where="x")
    assert (box.width, box.height) == (10, 5)
    assert box.moved(1, -1) == Box(3, 2, 13, 7)


@pytest.mark.parametrize(
    "value", [None, [1, 2, 3], [1, 2, 3, 4.0], [1, 2, True, 4], ["1", 2, 3, 4], [5, 1, 5, 9]]
)
def test_what_is_no_box_is_refused_with_its_place(value):
    with pytest.raises(ProjectError, match=r"decisions, line 3"):
        Box.from_json(value, where="decisions, line 3")


def test_boxes_meet_or_do_not():
    box = Box(2, 2, 6, 6)
    assert box.within(Box(0, 4, 5, 9)) == Box(2, 4, 5, 6)
    assert box.within(Box(6, 0, 9, 9)) is None
    assert list(box) == [2, 2, 6, 6]
