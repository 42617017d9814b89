"""`enogu world` from the outside."""

import json
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command():
    return ("world",)


def test_draw_writes_one_file_per_picture_and_overwrites_none(document) -> None:
    words = ("draw", "1girl, red hair", "-n", "2", "--size", "32")
    first = document(*words)["pictures"]
    second = document(*words)["pictures"]
    assert len({*first, *second}) == 4
    for path in first:
        with Image.open(path) as picture:
            assert picture.size == (32, 32)
    assert Path(first[0]).read_bytes() == Path(second[0]).read_bytes(), "equal tags, equal seed"


def test_dataset_writes_pictures_captions_and_truth(document) -> None:
    words = ("--concept", "rukemi", "-n", "2", "--size", "32")
    made = document("dataset", "set", *words)
    assert sorted(path.suffix for path in Path("set").iterdir()) == [
        *(".json", ".png", ".png", ".txt", ".txt")
    ]
    assert set(json.loads(Path(made["truth"]).read_text("utf-8"))["pictures"]) == {
        Path(path).name for path in made["pictures"]
    }


def test_tags_are_listed_with_what_they_mean(document, told) -> None:
    rows = {row["tag"]: row for row in document("tags")}
    assert rows["witch hat"]["implies"] == ["hat"]
    assert rows["red hoodie"]["answers"] == {"clothes": "hoodie", "clothes_colour": "red"}
    assert rows["witch hat"]["japanese"]
    assert "twintails" in told("tags")


@pytest.mark.parametrize(
    ("words", "message", "next_step"),
    [
        (["draw", "red hiar"], "red hair", "enogu world tags"),
        (["draw", "red hair, blue hair"], "contradict", "Leave one"),
        (["draw", "1girl", "-n", "0"], "must be 1 or more", ""),
        (["draw", "1girl", "--size", "9"], "16 to 4096", ""),
        (["dataset", "out", "--concept", "hosina"], "hoshina", ""),
        (["dataset", "out", "-n", "0"], "must be 1 or more", ""),
        (["train", "--processes", "0"], "must be 1 or more", ""),
        (["train-judge", "--threads", "0"], "must be 1 or more", ""),
        (["train-detector", "--figures", "0"], "must be 1 or more", ""),
        (["card", "detector", "--labels", "boxes.csv"], "go together", ""),
    ],
)
def test_mistakes_end_with_code_2_and_the_next_step(
    refused, words: list[str], message: str, next_step: str
) -> None:
    text = refused(*words)
    assert message in text and next_step in text
    assert "Traceback" not in text
