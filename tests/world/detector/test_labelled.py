"""Tables of marked heads."""

import numpy as np
import pytest
from PIL import Image

from enogu.errors import WorldError
from enogu.pictures.box import Box
from enogu.pictures.regions import FoundRegion
from enogu.world.detector.labelled import measure_labelled, read_labels

HEADER = "set,file,kind,left,top,right,bottom\n"


@pytest.fixture
def table(tmp_path):
    def written(text):
        path = tmp_path / "boxes.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_rows_of_one_picture_come_together(table):
    path = table(f"{HEADER}a,x.png,person,1,2,3,4\na,y.png,none,,,,\na,x.png,animal,5,6,9,9\n")
    pictures = read_labels(path)
    assert [(one.group, one.name, one.heads) for one in pictures] == [
        ("a", "x.png", [Box(1, 2, 3, 4), Box(5, 6, 9, 9)]),
        ("a", "y.png", []),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,left\n", "columns must be"),
        (f"{HEADER}a,x.png,person,1,2,3,\n", "line 2"),
        (f"{HEADER}a,x.png,person,5,2,3,4\n", "enclose"),
    ],
)
def test_other_tables_are_refused(table, text, said):
    with pytest.raises(WorldError, match=said):
        read_labels(table(text))


def test_a_set_is_measured_picture_by_picture(table, tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("x.png", "y.png"):
        Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "a" / name)

    class Model:
        def find(self, pixels):
            head = FoundRegion(kind="head", box=Box(0, 0, 10, 10), score=0.9, source="detector")
            return [head]

    path = table(f"{HEADER}a,x.png,person,0,0,10,10\na,y.png,none,,,,\n")
    (group,) = measure_labelled(Model(), path, tmp_path, sure_from=0.5)
    assert (group.pictures, group.heads.known, group.fully_sure) == (2, 1, 1)
    assert group.heads.precision(0.5).share == 0.5 and group.heads.recall().share == 1
