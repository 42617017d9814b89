import pytest

from enogu.tags.dataset import (
    Addition,
    CaptionSyntax,
    apply_edits,
    continue_edit,
    plan_additions,
    undo_edit,
    write,
)


def texts(plan):
    return {change.file.relative: change.after.decode() for change in plan.changes}


def plan(captions, additions=None, new=None):
    additions = {name: Addition(add=tuple(add)) for name, add in (additions or {}).items()}
    return plan_additions(captions, additions, new or {}, title="add")


def test_new_tags_stand_behind_the_persons_in_the_spelling_of_the_file(make):
    captions = make({"a.txt": "Mine, long_hair\n", "b.txt": "big smile \\(x\\), ^_^"})
    made = plan(captions, {
        "a.txt": ["blue_eyes", "long_hair", "^_^"], "b.txt": ["star_(symbol)", "^_^"],
    })  # fmt: skip
    assert texts(made) == {
        "a.txt": "Mine, long_hair, blue_eyes, ^_^\n",
        "b.txt": "big smile \\(x\\), ^_^, star \\(symbol\\)",
    }


def test_a_fixed_head_and_tail_stay(make):
    captions = make({"a.txt": "x ||| a, b ||| tail"}, syntax=CaptionSyntax(keep_separator="|||"))
    assert texts(plan(captions, {"a.txt": ["c"]})) == {"a.txt": "x ||| a, b, c ||| tail"}


def test_what_an_earlier_reading_brought_can_leave(make):
    captions = make({"a.txt": "mine, hat, smile"})
    additions = {"a.txt": Addition(add=("smile",), drop=frozenset({"hat"}))}
    assert texts(plan_additions(captions, additions, {}, title="t")) == {"a.txt": "mine, smile"}


def test_a_tag_that_holds_the_separator_is_left_out(make):
    captions = make({"a.txt": "x; y"}, syntax=CaptionSyntax(separator=";"))
    made = plan(captions, {"a.txt": [";d", "smile"]}, {"new.txt": [";d"], "more.txt": [";d", "z"]})
    assert texts(made) == {"a.txt": "x; y; smile", "more.txt": "z\n"}


def test_files_are_made_and_taken_back(make, folder, tmp_path):
    place = tmp_path / "journals"
    made = plan(make({"a.txt": "x"}), {"a.txt": ["y"]}, {"sub.txt": ["long_hair", "^_^"]})
    assert [change.is_new for change in made.changes] == [False, True]
    apply_edits(made, place, "r")
    assert (folder / "sub.txt").read_text(encoding="utf-8") == "long hair, ^_^\n"
    assert undo_edit(folder, place).num_files == 2
    assert not (folder / "sub.txt").exists()
    assert (folder / "a.txt").read_text(encoding="utf-8") == "x"


def test_an_edit_that_makes_files_goes_on_after_a_crash(make, folder, tmp_path, monkeypatch):
    place = tmp_path / "journals"
    made = plan(make({"a.txt": "x"}), {"a.txt": ["y"]}, {"b.txt": ["z"], "c.txt": ["z"]})
    original = write._write

    def failing(path, data):
        if path.name == "b.txt":
            raise OSError("no more")
        original(path, data)

    monkeypatch.setattr(write, "_write", failing)
    with pytest.raises(OSError, match="no more"):
        apply_edits(made, place, "r")
    monkeypatch.setattr(write, "_write", original)
    written = continue_edit(folder, place, "r")
    assert written is not None
    assert written.continued
    assert (folder / "b.txt").read_text(encoding="utf-8") == "z\n"
    undo_edit(folder, place)
    assert sorted(path.name for path in folder.glob("*.txt")) == ["a.txt"]


def test_a_file_that_was_changed_since_is_not_taken_back(make, folder, tmp_path):
    place = tmp_path / "journals"
    apply_edits(plan(make({"a.txt": "x"}), {}, {"b.txt": ["z"]}), place, "r")
    (folder / "b.txt").write_text("mine", encoding="utf-8")
    written = undo_edit(folder, place, keep_changed=True)
    assert written.left_alone == (folder / "b.txt",)
    assert (folder / "b.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_that_is_there_is_never_made_anew(make, folder):
    captions = make({"a.txt": "x"})
    (folder / "late.txt").write_text("mine", encoding="utf-8")
    made = plan(captions, {}, {"late.txt": ["z"]})
    assert made.changes == ()
    assert [item.path.name for item in made.refused] == ["late.txt"]
