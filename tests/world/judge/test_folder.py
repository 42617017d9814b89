"""A folder of pictures is held against truth, else against captions."""

from pathlib import Path

import pytest

from enogu.errors import PictureError, WorldError
from enogu.world.dataset import TRUTH_NAME, write_world_dataset
from enogu.world.judge.folder import judge_folder
from enogu.world.judge.judge import Judge


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_world_dataset(tmp_path / "set", 4, seed=2, size=64)
    return tmp_path / "set"


def test_truth_counts_every_visible_axis(untrained: Judge, folder: Path) -> None:
    report = judge_folder(untrained, folder)
    assert [picture.source for picture in report.pictures] == ["truth"] * 4
    by_axis = {item.axis: item for item in report.axes}
    assert by_axis["hair_style"].total == 4
    for axis, item in by_axis.items():
        wrong = sum(axis in picture.wrong for picture in report.pictures)
        assert item.right == item.total - wrong
    assert report.all_right is not None and report.all_right.total == 4


def test_captions_count_what_they_say(untrained: Judge, folder: Path) -> None:
    (folder / TRUTH_NAME).unlink()
    first, second, third, fourth = sorted(folder.glob("*.txt"))
    first.write_text("zukirqx, red_hair, Smile, a word nobody knows", "utf-8")
    second.write_text("red hair, blue hair", "utf-8")
    third.write_text("zukirqx", "utf-8")
    fourth.unlink()
    a, b, c, d = judge_folder(untrained, folder).pictures
    assert (a.expected, a.source) == ({"hair_colour": "red", "mouth": "smile"}, "caption")
    assert b.expected == {} and "contradict" in b.note
    assert (c.expected, c.source, c.note) == ({}, "", "")
    assert (d.expected, d.source) == ({}, "")


def test_nothing_to_compare_with_is_no_failure(untrained: Judge, folder: Path) -> None:
    (folder / TRUTH_NAME).unlink()
    for path in folder.glob("*.txt"):
        path.unlink()
    report = judge_folder(untrained, folder)
    assert report.axes == [] and report.all_right is None
    assert all(picture.tags for picture in report.pictures)


def test_a_bad_file_is_named_and_does_not_stop_the_rest(untrained: Judge, folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"not a picture")
    report = judge_folder(untrained, folder)
    assert len(report.pictures) == 4
    assert [line.split(":")[0] for line in report.refused] == ["broken.png"]


def test_impossible_wishes_are_refused(untrained: Judge, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="threshold"):
        judge_folder(untrained, folder, threshold=1.5)
    with pytest.raises(PictureError):
        judge_folder(untrained, tmp_path / "none")
