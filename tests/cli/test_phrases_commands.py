import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from enogu.cli import run


@pytest.fixture
def command():
    return ("phrases",)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_shows_categories_and_the_entries_of_one(told, document, refused):
    assert "表情 / Expressions" in told("list")
    assert "満面の笑み / Beaming smile" in told("list", "expressions")
    parts = document("list")
    assert sum(part["count"] for part in parts) >= 120
    assert {entry["category"] for entry in document("list", "表情")} == {"表情"}
    assert "Known: 人物" in refused("list", "nothing")


def test_search_finds_and_is_logged(told, document):
    assert "夕焼け" in told("search", "ゆうやけ")
    assert document("search", "sunset", "--limit", "1")[0]["label"] == "夕焼け"
    assert told("search", "xyzzy") == "No entry."
    rows = document("rank", "searches")["rows"]
    assert sorted(row["text"] for row in rows) == ["sunset", "xyzzy", "ゆうやけ"]


def test_show_prints_the_prompt_first_so_that_it_can_be_taken(call, document, refused):
    _, printed = call("show", "Beaming smile")
    assert printed.out.splitlines()[0] == ":d, smile, open mouth, happy"
    assert document("show", "満面の笑み")["label_en"] == "Beaming smile"
    assert document("rank", "phrases")["rows"][0]["uses"] == 2
    assert "no entry 'x'" in refused("show", "x")


def test_own_entries_are_added_changed_and_removed(told, document, refused):
    words = ("add", "うちの子", "1girl, blue hair", "--negative", "lowres", "--reading", "うちのこ")
    assert document(*words)["state"] == "added"
    assert document(*words)["state"] == "unchanged"
    assert "Changed: 自分の言葉/うちの子" in told("add", "うちの子", "1girl, red hair")
    assert "Negative prompt" not in told("show", "うちの子")
    assert "Removed 1" in told("remove", "うちの子")
    assert "no entry" in refused("show", "うちの子")
    assert "has no tags" in refused("add", "x", " ")
    assert "either" in refused("remove")


def test_import_shows_first_then_writes_and_can_be_taken_back(own_place, told, document, refused):
    (own_place / "book.md").write_text(
        "## 空\n#### 夜\n|日本語|タグ|\n|-|-|\n|星空|starry sky|\n|欠け||\n", encoding="utf-8"
    )
    (own_place / "styles.csv").write_text(
        'name,prompt,negative_prompt\n水彩風,"watercolor (medium), {prompt}",photo\n',
        encoding="utf-8",
    )
    dry = told("import", "book.md", "styles.csv", "--dry-run")
    assert "book.md (markdown): 1 new, 0 changed, 0 known, 1 left out" in dry
    assert "line 6: the entry '欠け' has no tags" in dry
    assert "Nothing was written" in dry
    assert not (own_place / "data" / "phrases.db").exists()
    written = document("import", "book.md", "styles.csv")
    assert [(one["format"], one["added"], one["left_out"]) for one in written] == [
        ("markdown", 1, 1),
        ("styles", 1, 0),
    ]
    assert "Negative prompt: photo" in told("show", "水彩風")
    assert len(document("remove", "--source", "book.md")) == 1
    assert "no file" in refused("import")


def test_hidden_categories_come_back_by_the_setting(own_place, told):
    (own_place / "a.csv").write_text("帽子,hat\n", encoding="utf-8")
    told("import", "a.csv", "--category", "ひみつ", "--hidden")
    assert "ひみつ" not in told("list")
    assert "ひみつ (hidden)" in told("list", "--set", "phrases.show_hidden=true")
    assert told("hide", "ひみつ", "--undo") == "Shown: ひみつ"
    assert "ひみつ" in told("list")


def test_stars_lift_in_the_ranking(told, document, refused):
    assert "★★" in told("star", "満面の笑み", "--stars", "2")
    told("star", "cat ears", "--kind", "tag")
    assert "★★ 表情/満面の笑み" in told("rank", "phrases")
    assert document("rank")["rows"][0] == {
        "text": "cat_ears",
        "negative": "",
        "score": 5.0,
        "uses": 0,
        "stars": 1,
        "last_day": "",
    }
    assert "0 to 5" in refused("star", "満面の笑み", "--stars", "9")


def test_pictures_are_read_into_the_log(own_place, told, document, refused):
    info = PngInfo()
    info.add_text("parameters", "1girl, hat\nNegative prompt: bad\nSteps: 4, Seed: 1, Size: 8x8")
    (own_place / "out").mkdir()
    Image.new("RGB", (8, 8)).save(own_place / "out" / "a.png", pnginfo=info)
    (own_place / "out" / "b.png").write_bytes(b"broken")
    text = told("log", "pictures", "out")
    assert "2 pictures, 1 with a prompt, 1 new" in text
    assert "b.png cannot be read" in text
    assert document("log", "pictures", "out")["new"] == 0
    assert {row["text"] for row in document("rank", "tags")["rows"]} == {"1girl", "hat"}
    assert "Negative prompt: bad" in told("rank", "prompts")
    assert "no picture or folder was given" in refused("log", "pictures")


def test_the_log_is_switched_off_and_emptied(told, document, refused):
    told("search", "hat")
    assert "The log is on" in told("log", "state")
    assert "The log is off" in told("log", "off")
    told("search", "sky")
    assert document("log", "state")["searches"] == 1
    assert "the log is off" in refused("log", "pictures", ".")
    assert document("log", "empty")["deleted"] == 1
    assert document("log", "on")["on"] is True
    assert "No searches were used yet" in told("rank", "searches")


def test_the_setting_of_the_vocabulary_keeps_the_log_quiet_too(told, document):
    told("search", "hat", "--set", "tags.usage=false")
    told("show", "夕焼け", "--set", "tags.usage=false")
    assert document("log", "state")["uses"] == 0


def test_searches_for_tags_are_ranked_and_never_stopped_by_the_log(capsys, own_place, document):
    assert run(["tags", "search", "ねこみみ"]) == 0
    assert [row["text"] for row in document("rank", "searches")["rows"]] == ["ねこみみ"]
    assert run(["tags", "search", "hat", "--set", "tags.usage=false"]) == 0
    assert document("log", "state")["searches"] == 1
    (own_place / "data" / "phrases.db").write_bytes(b"broken")
    capsys.readouterr()
    assert run(["tags", "search", "ねこみみ"]) == 0
    printed = capsys.readouterr()
    assert "cat ears" in printed.out
    assert "was not logged" in printed.err


def test_a_team_names_one_file(own_place, told, document):
    team = own_place / "team" / "phrases.db"
    told("add", "うちの子", "1girl", "--file", str(team))
    assert team.is_file()
    assert not (own_place / "data" / "phrases.db").exists()
    setting = ("--set", f"phrases.file={team}")
    assert document("show", "うちの子", *setting)["prompt"] == "1girl"
