"""The chain over a project: stopping, changing files, redoing single pictures, full disks."""

from dataclasses import replace

import pytest
from PIL import Image
from tests.pictures.steps.conftest import figure

from enogu.errors import ModelFileError, PictureError, StorageError
from enogu.pictures.box import Box
from enogu.pictures.chain import Bounds, effective
from enogu.pictures.records import Region
from enogu.pictures.records import derived as derived_module
from enogu.pictures.regions import EMBEDDED_PATH
from enogu.project import create_project, open_project
from enogu.project.prep import (
    STEPS,
    advice_before_training,
    chain_steps,
    choose_entries,
    open_prep,
    run_steps,
)
from enogu.project.prep_decisions import decide
from enogu.project.prep_report import prep_report, step_report

GROUNDS = ("#88bbee", "#ee8866", "#66aa55", "#ffffff", "#9944cc")
ALONE = Bounds(workers=1)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "drawings"
    folder.mkdir()
    for number, ground in enumerate(GROUNDS):
        figure((150 + number, 160), ground).save(folder / f"{number}.png")
    create_project(tmp_path / "star", folder)
    return open_project(tmp_path / "star")


def prepare(project, **options):
    with open_prep(project, 128) as place:
        return run_steps(place, STEPS, bounds=ALONE, **options)


def test_a_stopped_run_goes_on_where_it_was(project):
    asked = []

    def stop():
        asked.append(None)
        return len(asked) > 2

    first = prepare(project, stop=stop)
    assert (first.outcome, first.looked_at) == ("stopped", 2)
    second = prepare(project)
    assert (second.outcome, second.looked_at, second.unchanged) == ("finished", 3, 2)


def test_a_wish_to_stop_ends_the_comparison_too(project):
    prepare(project)
    twin = Image.open(project.pictures_dir / "0.png").convert("RGB")
    twin.save(project.pictures_dir / "twin.jpg", quality=80)
    asked = []

    def stop():
        asked.append(None)
        return len(asked) > 1

    assert prepare(project, stop=stop).outcome == "stopped"
    with open_prep(project, 128) as place:
        assert step_report(place, "duplicates").missing == 1
    assert prepare(project).outcome == "finished"
    with open_prep(project, 128) as place:
        assert step_report(place, "duplicates").counts["copy"] == 1


def test_a_changed_setting_runs_again_only_what_depends_on_it(project):
    prepare(project)
    assert prepare(project).looked_at == 0
    with open_prep(project, 512) as place:
        before = place.records.results(place.entries[0].picture_id)
        assert run_steps(place, STEPS, bounds=ALONE).looked_at == 5
        after = place.records.results(place.entries[0].picture_id)
    # The resolution is a limit of quality and a check of trimming; the mask hangs on neither.
    assert after["quality"].settings != before["quality"].settings
    assert after["background"].files == before["background"].files
    assert after["fingerprint"] == before["fingerprint"]


def test_one_picture_can_be_done_again(project):
    prepare(project)
    with open_prep(project, 128) as place:
        (entry,) = choose_entries(place, ["3"])
        run = run_steps(place, ["background"], entries=[entry], again=True, bounds=ALONE)
    assert (run.looked_at, run.unchanged) == (1, 0)


def test_files_that_go_away_meanwhile_are_told_and_the_rest_is_done(project):
    with open_prep(project, 128) as place:
        (project.pictures_dir / "2.png").unlink()
        run = run_steps(place, STEPS, bounds=ALONE)
    assert run.outcome == "finished"
    assert [name for name, _ in run.refused] == ["pictures/2.png"]
    assert prepare(project).refused == ()


def test_a_full_disk_is_told_and_what_was_done_stays(project, monkeypatch):
    written = derived_module.write_bytes_atomic
    calls = []

    def full(path, data):
        calls.append(path)
        if len(calls) > 3:
            raise StorageError(f"cannot write {path}: the disk is full")
        written(path, data)

    monkeypatch.setattr(derived_module, "write_bytes_atomic", full)
    with pytest.raises(StorageError, match="full"):
        prepare(project)
    monkeypatch.undo()
    assert 0 < prepare(project).looked_at < 5


def test_links_that_lead_out_of_the_folder_are_not_followed(project, tmp_path):
    figure().save(tmp_path / "outside.png")
    (project.pictures_dir / "link.png").symlink_to(tmp_path / "outside.png")
    with open_prep(project, 128) as place:
        assert "pictures/link.png" not in [entry.relative for entry in place.entries]


def test_pictures_are_named_in_any_way_and_misspelt_names_corrected(project):
    with open_prep(project, 128) as place:
        for name in ("pictures/1.png", "1.png", "1"):
            assert [one.relative for one in choose_entries(place, [name])] == ["pictures/1.png"]
        assert len(choose_entries(place, ["*.png"])) == 5
        assert choose_entries(place, []) == place.entries
        with pytest.raises(PictureError, match="no picture of the project is called '9'"):
            choose_entries(place, ["9"])


def test_a_project_without_pictures_is_told_what_to_do(project):
    for path in project.pictures_dir.iterdir():
        path.unlink()
    with pytest.raises(PictureError, match="no picture to prepare"), open_prep(project, 128):
        pass


def test_the_advice_before_training_ends_with_the_first_run(project):
    assert "enogu prep" in advice_before_training(project)
    prepare(project)
    assert advice_before_training(project) is None


def test_the_report_counts_every_picture_once(project):
    Image.new("RGB", (150, 160), "#88bbee").save(project.pictures_dir / "empty.png")
    prepare(project)
    with open_prep(project, 128) as place:
        reports = {step: step_report(place, step) for step in STEPS}
    assert all(sum(one.counts.values()) == 6 for one in reports.values())
    assert [one.name for one in reports["quality"].lines] == ["pictures/empty.png"]
    (empty,) = (one for one in reports["background"].lines if one.name == "pictures/empty.png")
    assert empty.verdict == "unsure"


def regions_step(project):
    (step,) = (one for one in chain_steps(project, 128) if one.name == "regions")
    return step


def test_the_embedded_detector_looks_unless_another_or_none_is_named(project, monkeypatch):
    pytest.importorskip("onnxruntime")
    assert regions_step(project).detector == EMBEDDED_PATH
    other = open_project(project.root, {"prep.detector": "none"})
    assert regions_step(other).detector is None and regions_step(other).detector_digest == ""
    missing = open_project(project.root, {"prep.detector": "heads.onnx"})
    with pytest.raises(ModelFileError, match=r"heads\.onnx"):
        regions_step(missing)


def test_a_missing_package_is_said_once_and_only_where_it_is_missed(project, monkeypatch):
    monkeypatch.setattr("enogu.project.prep.embedded_detector", lambda: None)
    run = prepare(project)
    with open_prep(project, 128) as place:
        said = [one for one in prep_report(place, run, steps=STEPS).warnings if "onnx" in one]
    assert len(said) == 1 and "pip install" in said[0]
    quiet = open_project(project.root, {"prep.detector": "none"})
    run = prepare(quiet)
    with open_prep(quiet, 128) as place:
        assert not any("onnx" in one for one in prep_report(place, run, steps=STEPS).warnings)


def test_agreeing_to_unsure_regions_keeps_their_boxes_and_makes_them_sure(project):
    prepare(project)
    with open_prep(project, 128) as place:
        entry = place.entries[0]
        result = place.records.result(entry.picture_id, "regions")
        weak = Region(kind="head", box=Box(10, 20, 60, 70), score=0.2)
        place.records.put_result(replace(result, verdict="unsure", regions=(weak,)))
        decide(place, "regions", [entry], "accept")
        counts = effective(
            place.records.result(entry.picture_id, "regions"),
            place.decisions.get(entry.picture_id, "regions"),
        )
    assert counts.verdict == "found"
    assert counts.regions == (replace(weak, score=1.0),)
