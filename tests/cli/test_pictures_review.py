import re

import pytest


@pytest.fixture
def command():
    return ("pictures", "review")


@pytest.fixture
def project(reviewed_project, monkeypatch):
    monkeypatch.chdir(reviewed_project[0].root)
    return reviewed_project[0]


def test_without_a_browser_sheets_go_out_and_verdicts_come_in(project, told, document, tmp_path):
    out = tmp_path / "sheets"
    said = document("--sheets", str(out))
    assert said["pictures"] == 2
    verdicts = out / "verdicts.txt"
    text = verdicts.read_text(encoding="utf-8")
    verdicts.write_text(re.sub(r"(?m)^( +1 )\[ \]", r"\1[x]", text), encoding="utf-8")
    assert "Took in 1 verdict" in told("--read", str(verdicts))
    assert '"leave-out"' in (project.root / "decisions.jsonl").read_text(encoding="utf-8")
    assert document("--undo")["taken_back"] == ["pictures/a.png"]
    assert document("--undo")["taken_back"] == []


def test_a_missing_extra_names_the_way_without_a_browser(project, refused, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    message = refused()
    assert "fastapi and uvicorn" in message
    assert "enogu[studio]" in message
    assert "--sheets" in message


def test_a_file_that_is_not_there_is_told(project, refused):
    assert "cannot be read" in refused("--read", "none.txt")
