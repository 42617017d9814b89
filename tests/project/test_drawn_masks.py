import numpy as np
import pytest
from PIL import Image

from enogu.errors import ProjectError
from enogu.pictures.box import Box
from enogu.pictures.chain import effective
from enogu.pictures.records import Decisions, Records
from enogu.pictures.regions.found import SUBJECT
from enogu.project import open_project
from enogu.project.drawn_masks import renew_drawn_masks
from enogu.project.picture_files import look_at_project, project_loader
from enogu.project.review import open_desk

GREEN = {"prep.background": "colour", "prep.background_colour": "#00ff00"}


@pytest.fixture
def drawn(reviewed_project):
    """A project in which a person drew the right half of picture a as the subject."""
    project, ids = reviewed_project
    mask = np.zeros((60, 80), dtype=np.uint8)
    mask[:, 40:] = 255
    with open_desk(project) as desk:
        desk.draw_mask(ids["a"], mask)
    return project.root, ids["a"]


def counts(root, picture_id):
    """What training and the other steps see of the background."""
    with Records(root / "work") as records:
        decision = Decisions(root / "decisions.jsonl").get(picture_id, "background")
        result = effective(records.results(picture_id)["background"], decision)
        return result, {role: records.derived.path(key) for role, key in result.files.items()}


def renew(root, settings):
    project = open_project(root, settings)
    with Records(project.work_dir) as records:
        return renew_drawn_masks(
            root,
            look_at_project(project, records).entries,
            records,
            Decisions(root / "decisions.jsonl"),
            loader=project_loader(project),
            prep=project.resolved.config.prep,
        )


def test_a_drawn_mask_moves_the_box_of_the_subject(drawn):
    result, _ = counts(*drawn)
    assert [(one.kind, one.box, one.score) for one in result.regions] == [
        (SUBJECT, Box(40, 0, 80, 60), 1.0)
    ]


def test_the_picture_on_another_background_follows_the_settings(drawn):
    assert "picture" not in counts(*drawn)[0].files
    assert renew(drawn[0], GREEN) == 1
    _, paths = counts(*drawn)
    with Image.open(paths["picture"]) as image:
        pixels = np.asarray(image)
    assert (pixels[:, :39] == (0, 255, 0)).all()
    with Image.open(drawn[0] / "pictures" / "a.png") as image:
        assert (pixels[:, 41:] == np.asarray(image)[:, 41:]).all()
    assert renew(drawn[0], GREEN) == 0
    assert renew(drawn[0], {"prep.background": "transparent"}) == 1
    with Image.open(counts(*drawn)[1]["picture"]) as image:
        assert image.mode == "RGBA"
    assert renew(drawn[0], {}) == 1
    assert "picture" not in counts(*drawn)[0].files


def test_what_was_deleted_with_work_is_made_again(drawn):
    renew(drawn[0], GREEN)
    counts(*drawn)[1]["picture"].unlink()
    assert renew(drawn[0], GREEN) == 1
    assert counts(*drawn)[1]["picture"].is_file()


def test_a_mask_that_is_gone_is_told(drawn):
    for path in (drawn[0] / "masks").rglob("*.png"):
        path.unlink()
    with pytest.raises(ProjectError, match="that you drew is gone"):
        renew(drawn[0], GREEN)
