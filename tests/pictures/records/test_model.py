import pytest

from enogu.errors import ProjectError
from enogu.pictures.records import Box


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
