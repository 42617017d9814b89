import pytest
from PIL import Image

from enogu.cli import run
from enogu.cli.common import counted


@pytest.fixture
def command():
    return ("captions",)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "drawings"
    place.mkdir()
    for number in range(5):
        Image.new("RGB", (64, 64)).save(place / f"{number}.png")
        text = "1girl, blue hair, hat" + (", smile\r\n" if number % 2 else ", witch hat")
        (place / f"{number}.txt").write_bytes(text.encode())
    return place


def test_stats_as_table_document_and_picture(folder, told, document):
    text = told("stats", str(folder), "--tag", "smile", "--picture", "map.png")
    assert "5 files, 5 captions, 5 different tags" in text
    assert "blue hair 100%" in text
    assert "What stands with smile" in text
    with Image.open("map.png") as picture:
        assert picture.format == "PNG"
    made = document("stats", str(folder), "--trigger", "hero")
    assert [row["name"] for row in made["absorbed"]] == ["1girl", "blue_hair", "hat"]
    assert (made["trigger"], made["captions_with_trigger"]) == ("hero", 0)


def test_check_finds_and_is_strict_on_request(folder, call, told, document):
    (folder / "0.txt").write_text("1girl, blue hair, black hair, hta", encoding="utf-8")
    text = told("check", str(folder))
    assert "black hair + blue hair" in text
    assert "Unknown tags" in text
    assert call("check", str(folder), "--strict")[0] == 1
    kinds = {finding["kind"] for finding in document("check", str(folder))["findings"]}
    assert {"contradiction", "unknown"} <= kinds


def test_a_project_asks_its_own_vocabulary(folder, told):
    assert run(["new", "zz", "--pictures", str(folder)]) == 0
    caption = next((folder.parent / "zz" / "pictures").glob("*.txt"))
    caption.write_text("1girl, studio_word", encoding="utf-8")
    words = folder.parent / "studio.csv"
    words.write_text("studio_word,0,12,\n", encoding="utf-8")
    place = ("--project", "zz", "--set", "tags.vocabulary=project")
    assert run(["tags", "import", str(words), *place]) == 0
    assert "studio word" in told("check", "--project", "zz")
    assert "studio word" not in told("check", *place)


def test_find_lists_names_and_paths(folder, told, document):
    assert "Fits: 2 of 5 files" in told("find", "smile AND count>3", str(folder))
    paths = told("find", "witch_hat", str(folder), "--paths").split()
    assert paths == [str(folder / f"{number}.txt") for number in (0, 2, 4)]
    found = document("find", "no such tag OR smile", str(folder))
    assert found["not_in_any_caption"] == ["no such tag"]


def test_edit_shows_first_writes_on_request_and_is_taken_back(folder, told):
    before = {path.name: path.read_bytes() for path in folder.glob("*.txt")}
    words = ["edit", str(folder), "--prepend", "hero", "--drop-implied", "--where", "NOT smile"]
    text = told(*words)
    assert "Changes: 3 of 3 files" in text
    assert "nothing was written" in text.lower()
    assert {path.name: path.read_bytes() for path in folder.glob("*.txt")} == before
    text = told(*words, "--apply")
    assert "Wrote: 3 files" in text
    assert (folder / "0.txt").read_bytes() == b"hero, 1girl, blue hair, witch hat"
    assert (folder / "1.txt").read_bytes() == before["1.txt"]
    assert list((folder / ".enogu" / "captions").glob("*.done.gz"))
    assert "3 files as before" in told("undo", str(folder))
    assert {path.name: path.read_bytes() for path in folder.glob("*.txt")} == before


def test_every_edit_can_be_asked_for(folder, tmp_path, document):
    (tmp_path / "black.txt").write_text("smile # not now\n*_background\n", encoding="utf-8")
    made = document("edit", str(folder), "--canonical", "--replace", "blue hair=red hair, wig",
        "--regex", "s/^wig$/wigs/", "--remove", "hat", "--blacklist", "black.txt",
        "--thin-out-people", "--drop-overlap", "--drop-repeated", "--sort", "--keep", "1",
        "--front", "1girl", "--add", "end", "--prepend", "hero", "--underscores", "--apply",
    )  # fmt: skip
    assert len(made["edits"]) == 13
    assert made["written"]
    assert (folder / "1.txt").read_bytes() == b"hero, 1girl, red_hair, wigs, end\r\n"


def test_traits_are_pruned_by_what_the_trigger_stands_with(folder, document):
    made = document("edit", str(folder), "--prune-traits", "--trigger", "hero")
    assert made["removed"] == {"blue hair": 5}
    assert not made["written"]


def test_a_project_lends_its_trigger_and_its_work_folder(folder, monkeypatch, tmp_path, document):
    assert run(["new", "star", "--pictures", str(folder), "--trigger", "hero"]) == 0
    monkeypatch.chdir(tmp_path / "star")
    made = document("stats")
    assert (made["files"], made["trigger"]) == (5, "hero")
    document("edit", "--prepend", "hero", "--apply")
    assert list((tmp_path / "star" / "work" / "captions" / "pictures").glob("*.done.gz"))
    assert (tmp_path / "star" / "pictures" / "0.txt").read_bytes().startswith(b"hero, 1girl")
    assert (folder / "0.txt").read_bytes().startswith(b"1girl")
    assert document("undo")["files"] == 5


@pytest.mark.parametrize(
    ("words", "message", "next_step"),
    [
        (["stats", "none"], "no such folder", "Name a folder"),
        (["stats"], "no project", "enogu new"),
        (["find", "a AND", "drawings"], "a tag is missing at the end", "blue_hair AND NOT"),
        (["edit", "drawings"], "no edit was named", "--prepend"),
        (["edit", "drawings", "--replace", "a"], "OLD=NEW", "--remove TAG"),
        (["edit", "drawings", "--replace", "=_=x"], "OLD=NEW", "=_= = closed eyes"),
        (["edit", "drawings", "--blanks", "--underscores"], "opposites", ""),
        (["edit", "drawings", "--regex", "s/(/x/"], "is wrong", ""),
        (["undo", "drawings"], "no edit of", "records of edits"),
        (["stats", "drawings", "--tag", "nothing"], "no caption has", "--rows"),
    ],
)
def test_mistakes_end_with_code_2_and_the_next_step(folder, words, message, next_step, call):
    code, printed = call(*words)
    assert code == 2
    text = " ".join(printed.err.split())
    assert message in text
    assert next_step in text


def test_files_that_cannot_be_edited_give_code_1(folder, call):
    (folder / "0.txt").write_bytes("猫耳".encode("cp932"))
    code, printed = call("edit", str(folder), "--prepend", "café", "--apply")
    assert code == 1
    assert "0.txt" in printed.out and "cannot hold 'é'" in printed.out
    assert (folder / "1.txt").read_bytes().startswith("café, 1girl".encode())


@pytest.mark.parametrize(
    ("number", "told_as"), [(0, "0 captions"), (1, "1 caption"), (20_000, "20,000 captions")]
)
def test_a_count_of_one_has_no_plural(number: int, told_as: str) -> None:
    assert counted(number, "caption") == told_as
