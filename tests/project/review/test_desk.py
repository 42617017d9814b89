import json

import numpy as np
import pytest
from PIL import Image

from enogu.errors import BusyError, PictureError, ProjectError
from enogu.pictures.box import Box
from enogu.pictures.chain import effective
from enogu.pictures.records import Decisions, Records
from enogu.pictures.scan import scan_pictures
from enogu.project.prep import prepared_pictures
from enogu.project.review import open_desk


@pytest.fixture
def desk(reviewed_project):
    with open_desk(reviewed_project[0]) as opened:
        yield opened


@pytest.fixture
def ids(reviewed_project):
    return reviewed_project[1]


def rows(desk):
    return {row.relative.removeprefix("pictures/"): row for row in desk.rows()}


def kept(desk):
    """What a program that starts later reads."""
    return Decisions(desk.project.root / "decisions.jsonl")


def test_only_what_is_in_doubt_is_unsure(desk):
    found = rows(desk)
    assert [name for name, row in found.items() if row.is_unsure] == ["a.png", "b.png"]
    assert found["a.png"].doubts == ("trim", "background")
    assert found["b.png"].doubts == ("quality",)


def test_what_is_not_rated_general_is_covered(desk):
    assert [name for name, row in rows(desk).items() if row.covered] == ["c.png"]


def test_a_verdict_settles_a_picture_and_lasts(desk, ids):
    desk.give([ids["a"], ids["b"]], "leave-out")
    assert not any(row.is_unsure for row in desk.rows())
    assert kept(desk).get(ids["b"], "use").verdict == "leave-out"
    desk.give([ids["c"]], "unsure")
    assert [name for name, row in rows(desk).items() if row.is_unsure] == ["c.png"]
    desk.give([ids["a"]], None)
    assert rows(desk)["a.png"].is_unsure


def test_undo_goes_back_step_by_step(desk, ids):
    desk.give([ids["a"]], "keep")
    desk.give([ids["a"], ids["b"]], "leave-out")
    desk.draw_crop(ids["a"], [1, 2, 30, 40])
    assert desk.undo() == [ids["a"]]
    assert kept(desk).get(ids["a"], "trim") is None
    assert set(desk.undo()) == {ids["a"], ids["b"]}
    assert kept(desk).get(ids["a"], "use").verdict == "keep"
    assert kept(desk).get(ids["b"], "use") is None
    desk.undo()
    assert kept(desk).of_picture(ids["a"]) == {}
    assert desk.undo() == []
    assert not desk.can_undo


def test_undo_reaches_back_into_an_earlier_session(reviewed_project):
    project, ids = reviewed_project
    with open_desk(project) as desk:
        desk.give([ids["a"]], "keep")
    with open_desk(project) as desk:
        assert desk.can_undo
        desk.undo()
        assert rows(desk)["a.png"].verdict is None


def test_a_damaged_history_only_loses_the_way_back(reviewed_project):
    project, ids = reviewed_project
    with open_desk(project) as desk:
        desk.give([ids["a"]], "keep")
    (project.work_dir / "review" / "history.jsonl").write_text("{no", encoding="utf-8")
    with open_desk(project) as desk:
        assert not desk.can_undo
        assert rows(desk)["a.png"].verdict == "keep"


def test_a_proposal_is_agreed_to(desk, ids):
    desk.answer(ids["a"], "trim", "accept")
    assert desk.step(ids["a"], "trim").values["box"] == [10, 5, 60, 40]
    desk.answer(ids["a"], "background", "accept")
    assert desk.step(ids["a"], "background").verdict == "flat"
    desk.answer(ids["b"], "quality", "accept")
    assert not any(row.is_unsure for row in desk.rows())


def test_a_step_is_taken_back_and_decides_anew(desk, ids):
    desk.answer(ids["c"], "background", "skip")
    assert desk.step(ids["c"], "background") is None
    desk.answer(ids["c"], "background", "reset")
    assert desk.step(ids["c"], "background").verdict == "flat"


def test_where_nothing_is_proposed_nothing_can_be_agreed_to(desk, ids):
    for name, step in (("c", "trim"), ("d", "trim"), ("c", "background")):
        with pytest.raises(PictureError, match="nothing to agree to"):
            desk.answer(ids[name], step, "accept")
    with pytest.raises(PictureError, match="cannot 'praise'"):
        desk.answer(ids["a"], "trim", "praise")


def test_a_drawn_crop_counts_and_must_lie_in_the_picture(desk, ids):
    desk.draw_crop(ids["a"], [1, 2, 80, 60])
    assert desk.step(ids["a"], "trim").verdict == "trim"
    assert desk.step(ids["a"], "trim").values["box"] == [1, 2, 80, 60]
    with pytest.raises(PictureError, match="which is 80x60"):
        desk.draw_crop(ids["a"], [1, 2, 81, 60])
    with pytest.raises(ProjectError, match="four whole numbers"):
        desk.draw_crop(ids["a"], [1, 2, "x", 60])


def test_drawn_regions_are_kept_and_taken_back(desk, ids):
    desk.draw_regions(ids["a"], [["Face", 1, 2, 30, 40], ["head", 0, 0, 80, 60]])
    decision = kept(desk).get(ids["a"], "regions")
    assert decision.values["drawn"] == [["face", 1, 2, 30, 40], ["head", 0, 0, 80, 60]]
    desk.draw_regions(ids["a"], [])
    assert kept(desk).get(ids["a"], "regions") is None
    for wrong in ([["face", 1, 2, 3]], [["", 1, 2, 3, 4]], [[1, 1, 2, 3, 4]], "face"):
        with pytest.raises(PictureError):
            desk.draw_regions(ids["a"], wrong)


def test_a_drawn_mask_stands_in_for_that_of_the_step_and_outlives_work(reviewed_project):
    project, ids = reviewed_project
    drawn = np.zeros((30, 40), dtype=np.uint8)
    drawn[:, 20:] = 255
    with open_desk(project) as desk:
        desk.draw_mask(ids["a"], drawn)
        path = desk.file_of(ids["a"], "background", "mask")
        assert path.is_relative_to(project.root / "masks")
        with Image.open(path) as image:
            mask = np.asarray(image)
        assert mask.shape == (60, 80)
        assert mask[:, :36].max() == 0
        assert mask[:, 44:].min() == 255
        assert not any(row.picture_id == ids["a"] and "background" in row.doubts
                       for row in desk.rows())  # fmt: skip
    with Records(project.work_dir) as records:
        # What any step of the chain is shown.
        decision = Decisions(project.root / "decisions.jsonl").get(ids["a"], "background")
        result = effective(records.results(ids["a"])["background"], decision)
        assert result.verdict == "drawn"
        assert "files" not in result.values
        assert (records.derived.read(result.files["mask"]) == mask).all()
        records.derived.prune(set())
        assert records.derived.path(result.files["mask"]) == path


def test_a_mask_of_another_picture_is_refused(desk, ids):
    with pytest.raises(PictureError, match="does not fit a picture of 80x60"):
        desk.draw_mask(ids["a"], np.zeros((40, 40), dtype=np.uint8))


def test_all_that_is_known_of_a_picture_is_shown(desk, ids):
    view = desk.view(ids["a"])
    assert (view.width, view.height, view.caption) == (80, 60, "1girl, smile")
    steps = {one.step: one for one in view.steps}
    assert list(steps) == ["trim", "background", "regions"]
    assert steps["trim"].can_accept
    assert not steps["trim"].decided
    assert steps["background"].mask is not None
    assert steps["regions"].regions == (("face", (22, 12, 40, 25), 0.4),)


def test_a_picture_that_no_step_has_seen_is_shown_too(desk, ids):
    view = desk.view(ids["d"])
    assert (view.width, view.height, view.caption, view.steps) == (80, 60, "", ())


def test_a_picture_that_is_not_there_and_a_verdict_that_is_none_are_refused(desk, ids):
    with pytest.raises(PictureError, match="no picture 'ffffffffffff'"):
        desk.give(["f" * 64], "keep")
    with pytest.raises(PictureError, match="one of keep, leave-out, unsure, got 'nice'"):
        desk.give([ids["a"]], "nice")
    assert not (desk.project.root / "decisions.jsonl").exists()


def test_two_files_of_one_content_are_one_picture(reviewed_project):
    project, ids = reviewed_project
    data = (project.pictures_dir / "a.png").read_bytes()
    (project.pictures_dir / "twin.png").write_bytes(data)
    with open_desk(project) as desk:
        assert len(desk.rows()) == 4
        assert desk.view(ids["a"]).twins == ("pictures/twin.png",)


def test_a_second_review_waits_and_an_empty_project_is_told(reviewed_project, tmp_path):
    project, _ = reviewed_project
    with open_desk(project), pytest.raises(BusyError, match="another window"), open_desk(project):
        pass
    for path in project.pictures_dir.iterdir():
        path.unlink()
    with pytest.raises(PictureError, match="no picture to look at"), open_desk(project):
        pass


def test_history_lines_are_plain_json(desk, ids):
    desk.give([ids["a"]], "keep")
    text = (desk.project.work_dir / "review" / "history.jsonl").read_text(encoding="utf-8")
    assert json.loads(text) == [[ids["a"], "use", None, {}]]


def test_training_leaves_out_what_was_left_out_and_uses_the_drawn_crop(reviewed_project):
    project, ids = reviewed_project
    with open_desk(project) as desk:
        desk.give([ids["b"]], "leave-out")
        desk.give([ids["c"]], "keep")
        desk.draw_crop(ids["a"], [10, 0, 70, 60])
    scan = scan_pictures(project.pictures_dir)
    prepared = prepared_pictures(project, scan.records, 32)
    assert [item.path.name for item in prepared.left_out] == ["b.png"]
    used = {record.path.name: record.crop for record in prepared.records}
    assert used["a.png"] == Box(10, 0, 70, 60)
    assert used["c.png"] == Box(10, 10, 70, 50)
    assert used["d.png"] is None
