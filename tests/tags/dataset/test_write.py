import gzip
import random

import numpy as np
import pytest
from filelock import FileLock

from enogu.errors import BusyError, CaptionError
from enogu.tags.dataset import (
    apply_edits,
    continue_edit,
    edits,
    edits_knowing,
    pending_edit,
    plan_edits,
    undo_edit,
    write,
)

FILES = {
    "plain.txt": "a, hat\n",
    "windows.txt": b"a, hat\r\n\r\nb,hat, c\r\n",
    "sub/mac.txt": b"  hat ,a\rb",
    "bom.txt": b"\xef\xbb\xbfhat, \xe7\x8c\xab\xe8\x80\xb3",
    "sjis.txt": "猫耳, hat, 笑顔".encode("cp932"),
    "utf16.txt": "hat, 猫".encode("utf-16"),
    "empty.txt": b"",
    "other.caption": "nothing here",
}


@pytest.fixture
def place(tmp_path):
    return tmp_path / "journals"


def bytes_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_files_keep_their_form(make, folder, place):
    plan = plan_edits(make(FILES), [edits.remove(["hat"]), edits.prepend(["x"])])
    assert bytes_of(folder)["plain.txt"] == b"a, hat\n"
    written = apply_edits(plan, place, "r")
    assert written.num_files == 8
    assert bytes_of(folder) == {
        "plain.txt": b"x, a\n",
        "windows.txt": b"x, a\r\n\r\nx,b,c\r\n",
        "sub/mac.txt": b"  x ,a\rx ,b",
        "bom.txt": b"\xef\xbb\xbfx, \xe7\x8c\xab\xe8\x80\xb3",
        "sjis.txt": "x, 猫耳, 笑顔".encode("cp932"),
        "utf16.txt": "x, 猫".encode("utf-16"),
        "empty.txt": b"x",
        "other.caption": b"x, nothing here",
    }


def test_undo_goes_back_step_by_step_to_the_same_bytes(make, folder, place, reread):
    make(FILES)
    states = [bytes_of(folder)]
    for edit in (edits.remove(["hat"]), edits.append(["y"]), edits.underscores_for_blanks()):
        apply_edits(plan_edits(reread(folder), [edit]), place, edit.title)
        states.append(bytes_of(folder))
    for state in reversed(states[:-1]):
        undo_edit(folder, place)
        assert bytes_of(folder) == state
    with pytest.raises(CaptionError, match=r"no edit of .* to take back"):
        undo_edit(folder, place)


def test_undo_refuses_and_names_a_file_that_was_changed(make, folder, place):
    apply_edits(plan_edits(make(FILES), [edits.prepend(["x"])]), place, "r")
    (folder / "plain.txt").write_text("mine", encoding="utf-8")
    (folder / "empty.txt").unlink()
    before = bytes_of(folder)
    with pytest.raises(CaptionError, match=r"2 caption files.*: empty\.txt, plain\.txt; nothing"):
        undo_edit(folder, place)
    assert bytes_of(folder) == before
    written = undo_edit(folder, place, keep_changed=True)
    assert {path.name for path in written.left_alone} == {"plain.txt", "empty.txt"}
    after = bytes_of(folder)
    assert after["plain.txt"] == b"mine"
    assert after["utf16.txt"] == FILES["utf16.txt"]


def test_a_file_changed_between_plan_and_writing_stops_all(make, folder, place):
    plan = plan_edits(make(FILES), [edits.prepend(["x"])])
    (folder / "plain.txt").write_text("mine", encoding="utf-8")
    before = bytes_of(folder)
    with pytest.raises(CaptionError, match=r"plain\.txt; nothing was written"):
        apply_edits(plan, place, "r")
    assert bytes_of(folder) == before
    assert pending_edit(place) is None


@pytest.fixture
def crash_after(monkeypatch):
    """Let the writing of captions die after a number of files."""
    genuine = write._write

    def arrange(number):
        left = [number]

        def dying(path, data):
            if not left[0]:
                (path.parent / f".{path.name}.0123abcd.tmp").write_bytes(data[:1])
                raise KeyboardInterrupt
            left[0] -= 1
            genuine(path, data)

        monkeypatch.setattr(write, "_write", dying)

    def mend():
        monkeypatch.setattr(write, "_write", genuine)

    return arrange, mend


DOUBLING = edits.substitute_regex("s/hat/hathat/")
"""An edit that would do more when it is made twice."""


def test_an_interrupted_edit_goes_on_without_editing_anything_twice(
    make, folder, place, crash_after
):
    arrange, mend = crash_after
    captions = make(FILES)
    for number in range(6):
        arrange(number)
        with pytest.raises(KeyboardInterrupt):
            apply_edits(plan_edits(captions, [DOUBLING]), place, "double")
        mend()
        assert pending_edit(place).titles == [DOUBLING.title]
        with pytest.raises(CaptionError, match="interrupted"):
            continue_edit(folder, place, "another")
        written = continue_edit(folder, place, "double")
        assert (written.continued, written.num_files) == (True, 6)
        state = bytes_of(folder)
        assert state["windows.txt"] == b"a, hathat\r\n\r\nb,hathat, c\r\n".replace(b", c", b",c")
        assert not any(name.endswith(".tmp") for name in state)
        assert pending_edit(place) is None
        assert continue_edit(folder, place, "double") is None
        undo_edit(folder, place)
        assert bytes_of(folder) == {
            name: data if isinstance(data, bytes) else data.encode() for name, data in FILES.items()
        }


def test_an_interrupted_edit_can_be_taken_back_and_so_can_an_undo(
    make, folder, place, crash_after, reread
):
    arrange, mend = crash_after
    captions = make(FILES)
    before = bytes_of(folder)
    arrange(3)
    with pytest.raises(KeyboardInterrupt):
        apply_edits(plan_edits(captions, [DOUBLING]), place, "double")
    arrange(1)
    with pytest.raises(KeyboardInterrupt):
        undo_edit(folder, place)
    mend()
    with pytest.raises(CaptionError, match=r"undo of .* was interrupted"):
        apply_edits(plan_edits(reread(folder), [DOUBLING]), place, "double")
    undo_edit(folder, place)
    assert bytes_of(folder) == before


def test_an_interrupted_edit_does_not_overwrite_what_was_changed_since(
    make, folder, place, crash_after
):
    arrange, mend = crash_after
    arrange(2)
    with pytest.raises(KeyboardInterrupt):
        apply_edits(plan_edits(make(FILES), [DOUBLING]), place, "double")
    mend()
    (folder / "utf16.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CaptionError, match=r"utf16\.txt"):
        continue_edit(folder, place, "double")
    assert (folder / "utf16.txt").read_text(encoding="utf-8") == "mine"


def test_two_processes_do_not_edit_at_once(make, folder, place):
    plan = plan_edits(make(FILES), [edits.prepend(["x"])])
    place.mkdir()
    with FileLock(place / ".lock"), pytest.raises(BusyError, match="another Enogu process"):
        apply_edits(plan, place, "r")


@pytest.mark.parametrize("damage", ["cut", "newer", "path", "count", "noise"])
def test_a_damaged_record_is_refused(make, folder, place, damage):
    apply_edits(plan_edits(make(FILES), [edits.prepend(["x"])]), place, "r")
    path = next(place.glob("*.done.gz"))
    lines = gzip.decompress(path.read_bytes()).decode("ascii").splitlines(keepends=True)
    text = {
        "cut": "",
        "newer": lines[0].replace('"version": 1', '"version": 3') + "".join(lines[1:]),
        "path": "".join(lines).replace("plain.txt", "../plain.txt"),
        "count": "".join(lines[:-1]),
        "noise": "no json",
    }[damage]
    data = (
        path.read_bytes()[:50] if damage == "cut" else gzip.compress(text.encode("ascii"), mtime=0)
    )
    path.write_bytes(data)
    before = bytes_of(folder)
    with pytest.raises(CaptionError, match="newer Enogu" if damage == "newer" else "damaged"):
        undo_edit(folder, place)
    assert bytes_of(folder) == before


def test_mode_and_links_stay(make, folder, place, reread):
    make({"a.txt": "hat"})
    (folder / "a.txt").chmod(0o640)
    (folder / "link.txt").symlink_to(folder / "a.txt")
    plan = plan_edits(reread(folder), [edits.prepend(["x"])])
    assert len(plan.changes) == 1
    apply_edits(plan, place, "r")
    assert (folder / "link.txt").is_symlink()
    assert (folder / "link.txt").read_text(encoding="utf-8") == "x, hat"
    assert (folder / "a.txt").stat().st_mode & 0o777 == 0o640


def test_only_chosen_files_are_edited(make):
    captions = make(FILES)
    chosen = np.array([file.path.name.startswith("s") for file in captions.files])
    plan = plan_edits(captions, [edits.prepend(["x"])], chosen=chosen)
    assert [change.file.relative for change in plan.changes] == ["sjis.txt"]
    assert plan.considered == 1


def test_files_that_cannot_hold_the_new_text_are_refused_and_named(make):
    plan = plan_edits(make(FILES), [edits.prepend(["café"])])
    assert [item.path.name for item in plan.refused] == ["sjis.txt"]
    assert "cannot hold 'é'" in plan.refused[0].reason
    assert len(plan.changes) == 7


def test_bytes_that_would_not_come_back_are_left_alone(make):
    # CP932 has this character (≒) twice; written again it would take the other form.
    captions = make({"a.txt": b"\x81\xe0, hat", "b.txt": b"\x87\x90, hat"})
    plan = plan_edits(captions, [edits.remove(["hat"])])
    assert [item.path.name for item in plan.refused] == ["b.txt"]
    assert "writes in two ways" in plan.refused[0].reason


def test_an_edit_is_needed(make):
    with pytest.raises(CaptionError, match="no edit was named"):
        plan_edits(make(FILES), [])


def test_nothing_to_change_leaves_no_record(make, place):
    plan = plan_edits(make(FILES), [edits.remove(["not there"])])
    assert apply_edits(plan, place, "r").journal is None
    assert not place.exists()


def random_bytes(rng):
    words = ["hat", "blue hair", "Blue_Hair", "猫耳", "^_^", "witch hat", "2girls", "red eyes",
             "blue eyes", "", " ", r"a \(b\)", "tee", "old hat", "hat"]  # fmt: skip
    joints = [",", ", ", " , ", ",,", " ||| "]
    ends = ["\n", "\r\n", "\r", "\n\n", "", "\u2028"]
    text = "".join(
        rng.choice(words) + (rng.choice(joints) if rng.random() < 0.8 else rng.choice(ends))
        for _ in range(rng.randrange(12))
    )
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
    return text.encode(encoding, errors="ignore")


def test_any_edit_and_its_undo_give_the_same_bytes(make, folder, place, reread, knows):
    rng = random.Random(17)
    files = {f"{number:02d}.txt": random_bytes(rng) for number in range(20)}
    make(files)
    all_edits = [
        edits.prepend(["hero"]), edits.append(["tail"]), edits.move_to_front(["*_hair", "hat"]),
        edits.remove(["hat"]), edits.substitute("hat", ["cap", "smile"]),
        edits.substitute_regex("s/a(.)/\\1b/"), edits.blanks_for_underscores(),
        edits.underscores_for_blanks(), edits.drop_repeated(), edits.drop_overlapping(),
        edits_knowing.to_canonical(knows), edits_knowing.drop_implied(knows),
        edits_knowing.sort_by_group(knows, keep=1), edits_knowing.thin_out_people(),
        edits_knowing.prune_traits(reread(folder), knows, "", share=0.01),
    ]  # fmt: skip
    for round_ in range(len(all_edits)):
        before = bytes_of(folder)
        first = all_edits[round_ % len(all_edits)]
        chosen = [first, *rng.sample(all_edits, rng.randrange(3))]
        plan = plan_edits(reread(folder), chosen)
        apply_edits(plan, place, "r")
        after = bytes_of(folder)
        assert {name for name in after if after[name] != before[name]} == {
            change.file.relative for change in plan.changes
        }
        undo_edit(folder, place)
        assert bytes_of(folder) == before
