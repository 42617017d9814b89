import pytest

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
