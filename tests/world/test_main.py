"""`python -m enogu.world` from the outside."""

from pathlib import Path

import pytest

from enogu.world.__main__ import main


def test_draw_writes_one_file_per_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", "1girl, red hair", "-n", "2", "--size", "32", "--out", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*.png"))) == 2
    assert "world_0001.png" in capsys.readouterr().out


def test_dataset_writes_pairs(tmp_path: Path) -> None:
    assert main(["dataset", str(tmp_path), "--concept", "rukemi", "-n", "2", "--size", "32"]) == 0
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".png", ".png", ".txt", ".txt"]


def test_a_mistake_ends_with_code_2_and_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", "red hiar", "--out", str(tmp_path)]) == 2
    assert "red hair" in capsys.readouterr().err


def test_tags_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tags"]) == 0
    assert "twintails" in capsys.readouterr().out.splitlines()
