import json
from pathlib import Path

import pytest
from PIL import Image

from enogu.cli import run
from enogu.train.events import EventLog


@pytest.fixture
def project(tmp_path, monkeypatch):
    drawings = tmp_path / "drawings"
    drawings.mkdir()
    Image.new("RGB", (64, 64)).save(drawings / "a.png")
    monkeypatch.chdir(tmp_path)
    assert run(["new", "star", "--pictures", str(drawings)]) == 0
    monkeypatch.chdir(tmp_path / "star")
    return tmp_path / "star"


@pytest.fixture
def two_runs(project):
    for name, rank in (("0001", 4), ("0002", 8)):
        folder = project / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"train": {"rank": rank}}))
        log = EventLog(folder / "events.jsonl")
        log.write("start", steps=2, pictures=1, base="mini")
        log.write("step", step=1, loss=0.25, seconds=1.0)


def test_runs_are_listed(project, two_runs, told, document):
    assert "0001 unfinished" in told("runs", "list")
    assert [row["name"] for row in document("runs", "list")] == ["0001", "0002"]


def test_a_project_without_runs_says_what_to_do(project, told):
    assert "enogu train" in told("runs", "list")


def test_runs_are_compared_by_number_path_or_latest(project, two_runs, told, document, refused):
    assert "train.rank 4 8" in told("runs", "compare", "1", "0002")
    made = document("runs", "compare", "runs/0001", "latest", "--out", "page.html")
    assert made["settings"] == {"train.rank": [4, 8]}
    assert Path(made["page"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "two or more" in refused("runs", "compare", "1")
    assert "no run folder" in refused("runs", "compare", "1", "7")
