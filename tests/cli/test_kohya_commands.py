import json

import pytest
from PIL import Image


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "train" / "3_hoshi"
    folder.mkdir(parents=True)
    for number in range(2):
        Image.new("RGB", (128, 128), (80 * number, 90, 200)).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"hoshi, tag{number}", encoding="utf-8")
    return tmp_path


CALL = [
    "accelerate", "launch", "train_network.py", "--train_data_dir", "train", "--network_dim", "8",
    "--learning_rate=1e-4", "--output_name", "star", "--sdpa", "--caption_extension", ".txt",
    "--lerning_rate", "3", "--random_crop", "--resolution=128",
]  # fmt: skip


def test_a_command_line_becomes_a_project_that_can_be_planned_and_exported(place, told, document):
    text = told("import", "kohya", "--set", "base=mini", "--", *CALL)
    for words in ("Taken over", "No meaning here", "Not available here", "Unknown",
                  "did you mean learning_rate", "2 pictures copied"):  # fmt: skip
        assert words in text
    made = document("plan", "--project", "star")
    assert made["pictures"] == 2
    written = document("export", "kohya", "--project", "star", "--out", "there")
    assert any("mini" in note for note in written["notes"])
    assert "network_dim = 8" in (place / "there" / "config.toml").read_text(encoding="utf-8")


def test_the_list_is_there_for_programs(place, call):
    code, printed = call("import", "kohya", "--into", "x", "--no-pictures", "--json", "--", *CALL)
    assert code == 0
    made = json.loads(printed.out)
    verdicts = {line["option"]: line["verdict"] for line in made["lines"] if line["given"]}
    assert verdicts["lerning_rate"] == "unknown"
    assert verdicts["learning_rate"] == "same"
    assert json.loads((place / "x/work/kohya-import.json").read_text()) == made


def test_mistakes_end_with_the_next_step(place, refused):
    assert "no file and no command" in refused("import", "kohya")
    (place / "star").mkdir()
    (place / "star" / "a").touch()
    assert "--into FOLDER" in refused("import", "kohya", "--", *CALL)
