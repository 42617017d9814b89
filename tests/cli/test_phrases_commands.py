import json

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from enogu.cli import run


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(capsys, *words):
    capsys.readouterr()
    code = run(["phrases", *words])
    return code, capsys.readouterr()


def told(capsys, *words):
    code, printed = call(capsys, *words)
    assert code == 0, printed.err
    return " ".join(printed.out.split())


def document(capsys, *words):
    code, printed = call(capsys, *words, "--json")
    assert code == 0, printed.err
    return json.loads(printed.out)


def refused(capsys, *words):
    code, printed = call(capsys, *words)
    assert code == 2
    return " ".join(printed.err.split())


def test_list_shows_categories_and_the_entries_of_one(capsys):
    assert "表情 / Expressions" in told(capsys, "list")
    assert "満面の笑み / Beaming smile" in told(capsys, "list", "expressions")
    parts = document(capsys, "list")
    assert sum(part["count"] for part in parts) >= 120
    assert {entry["category"] for entry in document(capsys, "list", "表情")} == {"表情"}
    assert "Known: 人物" in refused(capsys, "list", "nothing")


def test_search_finds_and_is_logged(capsys):
    assert "夕焼け" in told(capsys, "search", "ゆうやけ")
    assert document(capsys, "search", "sunset", "--limit", "1")[0]["label"] == "夕焼け"
    assert told(capsys, "search", "xyzzy") == "No entry."
    rows = document(capsys, "rank", "searches")["rows"]
    assert sorted(row["text"] for row in rows) == ["sunset", "xyzzy", "ゆうやけ"]


def test_show_prints_the_prompt_first_so_that_it_can_be_taken(capsys):
    _, printed = call(capsys, "show", "Beaming smile")
    assert printed.out.splitlines()[0] == ":d, smile, open mouth, happy"
    assert document(capsys, "show", "満面の笑み")["label_en"] == "Beaming smile"
    assert document(capsys, "rank", "phrases")["rows"][0]["uses"] == 2
    assert "no entry 'x'" in refused(capsys, "show", "x")


def test_own_entries_are_added_changed_and_removed(capsys):
    words = ("add", "うちの子", "1girl, blue hair", "--negative", "lowres", "--reading", "うちのこ")
    assert document(capsys, *words)["state"] == "added"
    assert document(capsys, *words)["state"] == "unchanged"
    assert "Changed: 自分の言葉/うちの子" in told(capsys, "add", "うちの子", "1girl, red hair")
    assert "Negative prompt" not in told(capsys, "show", "うちの子")
    assert "Removed 1" in told(capsys, "remove", "うちの子")
    assert "no entry" in refused(capsys, "show", "うちの子")
    assert "has no tags" in refused(capsys, "add", "x", " ")
    assert "either" in refused(capsys, "remove")


def test_import_shows_first_then_writes_and_can_be_taken_back(capsys, own_place):
    (own_place / "book.md").write_text(
        "## 空\n#### 夜\n|日本語|タグ|\n|-|-|\n|星空|starry sky|\n|欠け||\n", encoding="utf-8"
    )
    (own_place / "styles.csv").write_text(
        'name,prompt,negative_prompt\n水彩風,"watercolor (medium), {prompt}",photo\n',
        encoding="utf-8",
    )
    dry = told(capsys, "import", "book.md", "styles.csv", "--dry-run")
    assert "book.md (markdown): 1 new, 0 changed, 0 known, 1 left out" in dry
    assert "line 6: the entry '欠け' has no tags" in dry
    assert "Nothing was written" in dry
    assert not (own_place / "data" / "phrases.db").exists()
    written = document(capsys, "import", "book.md", "styles.csv")
    assert [(one["format"], one["added"], one["left_out"]) for one in written] == [
        ("markdown", 1, 1),
        ("styles", 1, 0),
    ]
    assert "Negative prompt: photo" in told(capsys, "show", "水彩風")
    assert len(document(capsys, "remove", "--source", "book.md")) == 1
    assert "no file" in refused(capsys, "import")


def test_hidden_categories_come_back_by_the_setting(capsys, own_place):
    (own_place / "a.csv").write_text("帽子,hat\n", encoding="utf-8")
    told(capsys, "import", "a.csv", "--category", "ひみつ", "--hidden")
    assert "ひみつ" not in told(capsys, "list")
    assert "ひみつ (hidden)" in told(capsys, "list", "--set", "phrases.show_hidden=true")
    assert told(capsys, "hide", "ひみつ", "--undo") == "Shown: ひみつ"
    assert "ひみつ" in told(capsys, "list")


def test_stars_lift_in_the_ranking(capsys):
    assert "★★" in told(capsys, "star", "満面の笑み", "--stars", "2")
    told(capsys, "star", "cat ears", "--kind", "tag")
    assert "★★ 表情/満面の笑み" in told(capsys, "rank", "phrases")
    assert document(capsys, "rank")["rows"][0] == {
        "text": "cat_ears",
        "negative": "",
        "score": 5.0,
        "uses": 0,
        "stars": 1,
        "last_day": "",
    }
    assert "0 to 5" in refused(capsys, "star", "満面の笑み", "--stars", "9")


def test_pictures_are_read_into_the_log(capsys, own_place):
    info = PngInfo()
    info.add_text("parameters", "1girl, hat\nNegative prompt: bad\nSteps: 4, Seed: 1, Size: 8x8")
    (own_place / "out").mkdir()
    Image.new("RGB", (8, 8)).save(own_place / "out" / "a.png", pnginfo=info)
    (own_place / "out" / "b.png").write_bytes(b"broken")
    text = told(capsys, "log", "pictures", "out")
    assert "2 pictures, 1 with a prompt, 1 new" in text
    assert "b.png cannot be read" in text
    assert document(capsys, "log", "pictures", "out")["new"] == 0
    assert {row["text"] for row in document(capsys, "rank", "tags")["rows"]} == {"1girl", "hat"}
    assert "Negative prompt: bad" in told(capsys, "rank", "prompts")
    assert "no picture or folder was given" in refused(capsys, "log", "pictures")


def test_the_log_is_switched_off_and_emptied(capsys):
    told(capsys, "search", "hat")
    assert "The log is on" in told(capsys, "log", "state")
    assert "The log is off" in told(capsys, "log", "off")
    told(capsys, "search", "sky")
    assert document(capsys, "log", "state")["searches"] == 1
    assert "the log is off" in refused(capsys, "log", "pictures", ".")
    assert document(capsys, "log", "empty")["deleted"] == 1
    assert document(capsys, "log", "on")["on"] is True
    assert "No searches were used yet" in told(capsys, "rank", "searches")


def test_the_setting_of_the_vocabulary_keeps_the_log_quiet_too(capsys):
    told(capsys, "search", "hat", "--set", "tags.usage=false")
    told(capsys, "show", "夕焼け", "--set", "tags.usage=false")
    assert document(capsys, "log", "state")["uses"] == 0


def test_searches_for_tags_are_ranked_and_never_stopped_by_the_log(capsys, own_place):
    assert run(["tags", "search", "ねこみみ"]) == 0
    assert [row["text"] for row in document(capsys, "rank", "searches")["rows"]] == ["ねこみみ"]
    assert run(["tags", "search", "hat", "--set", "tags.usage=false"]) == 0
    assert document(capsys, "log", "state")["searches"] == 1
    (own_place / "data" / "phrases.db").write_bytes(b"broken")
    capsys.readouterr()
    assert run(["tags", "search", "ねこみみ"]) == 0
    printed = capsys.readouterr()
    assert "cat ears" in printed.out
    assert "was not logged" in printed.err


def test_a_team_names_one_file(capsys, own_place):
    team = own_place / "team" / "phrases.db"
    told(capsys, "add", "うちの子", "1girl", "--file", str(team))
    assert team.is_file()
    assert not (own_place / "data" / "phrases.db").exists()
    setting = ("--set", f"phrases.file={team}")
    assert document(capsys, "show", "うちの子", *setting)["prompt"] == "1girl"
