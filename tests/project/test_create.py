import hashlib

import pytest
from PIL import Image

from enogu.errors import ConfigError, PictureError, ProjectError
from enogu.project import create_project, find_adapter, find_run, list_runs, new_run, open_project


@pytest.fixture
def drawings(tmp_path):
    folder = tmp_path / "my drawings 絵"
    (folder / "3_girl").mkdir(parents=True)
    for name in ("a", "b"):
        Image.new("RGB", (64, 64), "red").save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text("hoshi, 1girl, smile", encoding="utf-8")
    Image.new("RGB", (64, 80), "blue").save(folder / "3_girl" / "c.png")
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


def tree(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_project_holds_copies_and_originals_stay(tmp_path, drawings):
    before = tree(drawings)
    created = create_project(tmp_path / "star", drawings, assignments=["train.rank=4"])
    assert tree(drawings) == before
    copied = tree(tmp_path / "star" / "pictures")
    assert copied == {path: digest for path, digest in before.items() if path.name != "broken.png"}
    assert [item.path.name for item in created.scan.refused] == ["broken.png"]
    config = open_project(tmp_path / "star" / "pictures").resolved.config
    assert (config.base, config.preset, config.train.rank) == ("mini", "character", 4)


def test_captions_without_picture_are_named(tmp_path, drawings):
    (drawings / "nobody.txt").write_text("1girl", encoding="utf-8")
    created = create_project(tmp_path / "star", drawings)
    assert [path.name for path in created.scan.orphan_captions] == ["nobody.txt"]
    assert any("nobody.txt" in warning for warning in created.scan.warnings)


def test_trigger_is_the_tag_that_begins_every_caption_else_the_name(tmp_path, drawings):
    (drawings / "3_girl" / "c.txt").write_text("hoshi, 1girl", encoding="utf-8")
    assert create_project(tmp_path / "one", drawings).trigger == "hoshi"
    (drawings / "a.txt").write_text("1girl, smile", encoding="utf-8")
    assert create_project(tmp_path / "My_Char 2", drawings).trigger == "mychar2"
    assert create_project(tmp_path / "three", drawings, trigger="x").trigger == "x"


def test_nothing_is_left_behind_when_it_fails(tmp_path, drawings):
    with pytest.raises(ConfigError, match="preset"):
        create_project(tmp_path / "star", drawings, preset="fast")
    with pytest.raises(PictureError):
        create_project(tmp_path / "star", tmp_path / "nowhere")
    assert {path.name for path in tmp_path.iterdir()} == {drawings.name}


def test_taken_place_and_place_inside_the_originals_are_refused(tmp_path, drawings):
    create_project(tmp_path / "star", drawings)
    with pytest.raises(ProjectError, match="exists already"):
        create_project(tmp_path / "star", drawings)
    with pytest.raises(ProjectError, match="inside the folder of originals"):
        create_project(drawings / "project", drawings)


def test_outside_a_project_the_message_says_how_to_make_one(tmp_path):
    with pytest.raises(ProjectError, match="enogu new"):
        open_project(tmp_path)


def test_runs_are_numbered_and_latest_is_the_newest(tmp_path):
    runs = tmp_path / "runs"
    with pytest.raises(ProjectError, match="enogu train"):
        find_run(runs / "latest")
    first, second = new_run(runs), new_run(runs)
    assert [run.name for run in list_runs(runs)] == [first.name, second.name] == ["0001", "0002"]
    assert find_run(runs / "latest") == second
    with pytest.raises(ProjectError, match="no adapter yet"):
        find_adapter(runs / "latest")
    for name in ("x-000010", "x-000020"):
        (second.path / f"{name}.safetensors").touch()
    assert find_adapter(runs / "latest").stem == "x-000020"
    (second.path / "x.safetensors").touch()
    assert find_adapter(second.path).stem == "x"
    with pytest.raises(ProjectError, match="no LoRA file"):
        find_adapter(tmp_path / "missing.safetensors")
