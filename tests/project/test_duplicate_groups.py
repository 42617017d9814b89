import pytest
from PIL import Image, ImageDraw
from tests.pictures.steps.conftest import figure

from enogu.pictures.chain import Bounds
from enogu.project import create_project, open_project
from enogu.project.duplicate_groups import duplicate_groups
from enogu.project.prep import open_prep, run_steps


def with_hat(colour):
    image = figure((200, 200), "#88bbee")
    ImageDraw.Draw(image).rectangle((92, 10, 112, 22), fill=colour, outline="#000000")
    return image


@pytest.fixture
def groups(tmp_path):
    """A picture, a smaller copy, the same file again, a look-alike with another hat, a stranger."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    with_hat("#ffee00").save(folder / "a.png")
    with_hat("#ffee00").resize((150, 150), Image.Resampling.LANCZOS).save(folder / "b.jpg")
    (folder / "c.png").write_bytes((folder / "a.png").read_bytes())
    with_hat("#006622").save(folder / "d.png")
    figure((200, 120), "#553300").rotate(90, expand=True).save(folder / "e.png")
    create_project(tmp_path / "star", folder)
    with open_prep(open_project(tmp_path / "star"), 128) as place:
        before = duplicate_groups(place)
        run_steps(place, ["duplicates"], bounds=Bounds(workers=1))
        return before, duplicate_groups(place)


def test_copies_stand_under_what_is_kept_and_look_alikes_together(groups):
    before, found = groups
    # Equal files are known without any comparison.
    assert [[one.name for one in group.copies] for group in before.copies] == [["pictures/c.png"]]
    (group,) = found.copies
    assert group.keep == "pictures/a.png"
    changes = {copy.name: copy.changes for copy in group.copies}
    assert changes == {"pictures/b.jpg": ("resized",), "pictures/c.png": ("identical",)}
    assert found.alike == (("pictures/a.png", "pictures/d.png"),)
    assert found.as_dict()["alike"] == [["pictures/a.png", "pictures/d.png"]]
