"""`enogu world` from the outside."""

import json
from pathlib import Path

import pytest
from PIL import Image

from enogu.cli import run


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def json_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    capsys.readouterr()
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_draw_writes_one_file_per_picture_and_overwrites_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("world", "draw", "1girl, red hair", "-n", "2", "--size", "32")
    first = json_of(capsys, *words)["pictures"]
    second = json_of(capsys, *words)["pictures"]
    assert len({*first, *second}) == 4
    for path in first:
        with Image.open(path) as picture:
            assert picture.size == (32, 32)
    assert Path(first[0]).read_bytes() == Path(second[0]).read_bytes(), "equal tags, equal seed"


def test_dataset_writes_pictures_captions_and_truth(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--concept", "rukemi", "-n", "2", "--size", "32")
    made = json_of(capsys, "world", "dataset", "set", *words)
    assert sorted(path.suffix for path in Path("set").iterdir()) == [
        *(".json", ".png", ".png", ".txt", ".txt")
    ]
    assert set(json.loads(Path(made["truth"]).read_text("utf-8"))["pictures"]) == {
        Path(path).name for path in made["pictures"]
    }


def test_tags_are_listed_with_what_they_mean(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["world", "tags", "--json"]) == 0
    rows = {row["tag"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["witch hat"]["implies"] == ["hat"]
    assert rows["red hoodie"]["answers"] == {"clothes": "hoodie", "clothes_colour": "red"}
    assert rows["witch hat"]["japanese"]
    assert run(["world", "tags"]) == 0
    assert "twintails" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message", "next_step"),
    [
        (["draw", "red hiar"], "red hair", "enogu world tags"),
        (["draw", "red hair, blue hair"], "contradict", "Leave one"),
        (["draw", "1girl", "-n", "0"], "must be 1 or more", ""),
        (["draw", "1girl", "--size", "9"], "16 to 4096", ""),
        (["dataset", "out", "--concept", "hosina"], "hoshina", ""),
        (["dataset", "out", "-n", "0"], "must be 1 or more", ""),
        (["train", "--threads", "0"], "must be 1 or more", ""),
    ],
)
def test_mistakes_end_with_code_2_and_the_next_step(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str, next_step: str
) -> None:
    capsys.readouterr()
    assert run(["world", *words]) == 2
    text = " ".join(capsys.readouterr().err.split())
    assert message in text and next_step in text
    assert "Traceback" not in text
