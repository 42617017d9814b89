import re

import pytest
from PIL import Image

from enogu.errors import PictureError
from enogu.project.review import open_desk
from enogu.project.review.sheet_verdicts import read_verdicts
from enogu.project.review.sheets import write_sheets


@pytest.fixture
def ids(reviewed_project):
    return reviewed_project[1]


@pytest.fixture
def desk(reviewed_project):
    with open_desk(reviewed_project[0]) as opened:
        yield opened


def answered(path, letters):
    """Write letters into the brackets, by number."""
    text = path.read_text(encoding="utf-8")
    for number, letter in letters.items():
        text, count = re.subn(rf"(?m)^(\s*{number} )\[.\]", rf"\1[{letter}]", text)
        assert count == 1
    path.write_text(text, encoding="utf-8")


def verdicts(desk):
    return {row.relative[9]: row.verdict for row in desk.rows()}


def test_what_is_unsure_comes_on_numbered_sheets_with_a_file_for_verdicts(desk, tmp_path):
    written = write_sheets(desk, tmp_path / "out")
    assert written.num_pictures == 2
    assert [path.name for path in written.sheets] == ["sheet-001.png"]
    with Image.open(written.sheets[0]) as image:
        assert image.width == 6 * 210 + 10
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    # The red patch of the drawings is on it.
    assert any(r > 180 and g < 70 and b < 70 for r, g, b in colours)
    lines = [line for line in written.verdicts.read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]  # fmt: skip
    assert re.fullmatch(r" +1 \[ \] [0-9a-f]{12} pictures/a\.png   \(trim, background\)", lines[0])
    assert len(lines) == 2


def test_verdicts_go_out_and_come_back(desk, tmp_path):
    written = write_sheets(desk, tmp_path, only_unsure=False)
    answered(written.verdicts, {1: "k", 2: "X", 3: "除外"})
    taken = read_verdicts(desk, written.verdicts)
    assert taken.counts == {"keep": 1, "leave-out": 2}
    assert verdicts(desk) == {"a": "keep", "b": "leave-out", "c": "leave-out", "d": None}
    assert read_verdicts(desk, written.verdicts).num_changed == 0
    desk.undo()
    assert set(verdicts(desk).values()) == {None}


def test_a_verdict_is_taken_back_by_a_dash_and_empty_brackets_change_nothing(desk, ids, tmp_path):
    desk.give([ids["a"], ids["b"]], "keep")
    written = write_sheets(desk, tmp_path, only_unsure=False)
    answered(written.verdicts, {1: "-", 2: " "})
    read_verdicts(desk, written.verdicts)
    assert verdicts(desk) == {"a": None, "b": "keep", "c": None, "d": None}


def test_one_wrong_line_and_nothing_is_taken_in(desk, tmp_path):
    written = write_sheets(desk, tmp_path)
    answered(written.verdicts, {1: "k", 2: "q"})
    with written.verdicts.open("a", encoding="utf-8") as handle:
        handle.write("what is this\n")
    with pytest.raises(PictureError, match=r"2 lines cannot be understood") as caught:
        read_verdicts(desk, written.verdicts)
    assert "what is this" in caught.value.message
    assert set(verdicts(desk).values()) == {None}


def test_two_answers_for_one_picture_are_refused(desk, tmp_path):
    written = write_sheets(desk, tmp_path)
    answered(written.verdicts, {1: "k"})
    line = written.verdicts.read_text(encoding="utf-8").splitlines()[-2].replace("[k]", "[x]")
    with written.verdicts.open("a", encoding="utf-8") as handle:
        handle.write(line + "\n")
    with pytest.raises(PictureError, match="another verdict"):
        read_verdicts(desk, written.verdicts)


def test_pictures_that_are_gone_are_named(reviewed_project, tmp_path):
    project, _ = reviewed_project
    with open_desk(project) as desk:
        written = write_sheets(desk, tmp_path)
    answered(written.verdicts, {1: "k", 2: "k"})
    (project.pictures_dir / "a.png").unlink()
    with open_desk(project) as desk:
        taken = read_verdicts(desk, written.verdicts)
        assert taken.counts == {"keep": 1}
        assert "pictures/a.png" in taken.gone[0]


def test_a_file_that_an_editor_of_windows_saved_is_read(desk, tmp_path):
    written = write_sheets(desk, tmp_path)
    answered(written.verdicts, {1: "採用"})
    text = written.verdicts.read_text(encoding="utf-8").replace("\n", "\r\n")
    written.verdicts.write_bytes(text.encode("utf-16"))
    assert read_verdicts(desk, written.verdicts).counts == {"keep": 1}


def test_answers_are_never_overwritten(desk, tmp_path):
    write_sheets(desk, tmp_path)
    with pytest.raises(PictureError, match="is there already") as caught:
        write_sheets(desk, tmp_path)
    assert "--read" in caught.value.hint


def test_nothing_unsure_is_told(desk, ids, tmp_path):
    desk.give([ids["a"], ids["b"]], "keep")
    with pytest.raises(PictureError, match="that is unsure") as caught:
        write_sheets(desk, tmp_path)
    assert "--show all" in caught.value.hint


def test_many_pictures_take_several_sheets_and_a_bad_one_has_its_cell(reviewed_project, tmp_path):
    project, _ = reviewed_project
    for number in range(30):
        Image.new("RGB", (40, 30), (number, 0, 0)).save(project.pictures_dir / f"n{number}.png")
    (project.pictures_dir / "bad.png").write_bytes(b"no picture")
    with open_desk(project) as desk:
        written = write_sheets(desk, tmp_path, only_unsure=False)
    assert (len(written.sheets), written.num_pictures) == (2, 35)
    assert "# sheet 2" in written.verdicts.read_text(encoding="utf-8")
