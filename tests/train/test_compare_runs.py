import json

import pytest
from PIL import Image

from enogu.errors import ProjectError
from enogu.project import RunFolder
from enogu.train.compare_runs import compare_runs, write_comparison
from enogu.train.events import EventLog, read_events
from enogu.train.loss_chart import loss_curves
from enogu.train.run_facts import run_facts, run_row


@pytest.fixture
def make_run(tmp_path):
    def made(name, losses, *, end="end", samples=(), **settings):
        run = RunFolder(tmp_path / "runs" / name)
        run.samples_dir.mkdir(parents=True)
        config = {"base": "mini", "train": {"rank": 4, "steps": 10} | settings}
        run.config_path.write_text(json.dumps(config), encoding="utf-8")
        log = EventLog(run.events_path)
        log.write("start", steps=10, pictures=3, base="mini")
        for step in samples:
            file = f"step-{step:06d}-trigger.png"
            Image.new("RGB", (16, 16), (step, 0, 0)).save(run.samples_dir / file)
            log.write("sample", step=step, name="trigger", file=file)
        for step, loss in enumerate(losses, start=1):
            log.write("step", step=step, loss=loss, seconds=1.0)
        if end:
            log.write(end, step=len(losses), message="NaN")
        return run

    return made


def test_what_differs_is_found_and_what_is_equal_is_left_out(make_run):
    one = make_run("0001", [0.5, 0.4], rank=4, samples=(0, 4, 8))
    two = make_run("0002", [0.3, 0.2, 0.1], rank=8, ema=0.9, samples=(0, 4))
    found = compare_runs([one, two])
    assert found.settings == {"train.rank": (4, 8), "train.ema": (None, 0.9)}
    assert found.losses == (([1, 2], [0.5, 0.4]), ([1, 2, 3], [0.3, 0.2, 0.1]))
    assert [(row.name, row.steps) for row in found.samples] == [("trigger", (4, 4))]
    assert json.loads(json.dumps(found.to_dict()))["runs"][1]["mean_loss"] == pytest.approx(0.1)


def test_samples_of_other_steps_stand_beside_each_other_when_none_is_shared(make_run):
    found = compare_runs(
        [make_run("0001", [0.5], samples=(3,)), make_run("0002", [0.5], samples=(5, 7)),
         make_run("0003", [0.5])]
    )  # fmt: skip
    assert found.samples[0].steps == (3, 7, None)
    assert found.samples[0].files[2] is None


def test_the_page_is_one_file_with_curves_and_pictures(make_run, tmp_path):
    runs = [make_run("0001", [0.5, 0.4], samples=(4,)), make_run("0002", [0.3], rank="<b>")]
    text = write_comparison(compare_runs(runs), tmp_path / "new" / "page.html").read_text()
    assert text.count("<polyline") == 2
    assert text.count("data:image/webp;base64,") == 1
    assert "&lt;b&gt;" in text
    assert "http" not in text


def test_a_comparison_needs_two_different_runs(make_run, tmp_path):
    one = make_run("0001", [0.5])
    for runs in ([], [one], [one, one]):
        with pytest.raises(ProjectError, match="two or more different runs"):
            compare_runs(runs)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProjectError, match="holds no run"):
        compare_runs([one, RunFolder(tmp_path / "empty")])


@pytest.mark.parametrize(
    ("end", "state"),
    [("end", "finished"), ("stop", "stopped"), ("error", "failed"), ("", "unfinished")],
)
def test_the_state_of_a_run_is_what_came_last(make_run, end, state):
    run = make_run("0001", [0.5], end=end)
    assert run_row(run).state == state
    EventLog(run.events_path).write("resume", step=1)
    assert run_facts(read_events(run.events_path)).state == "unfinished"


def test_a_folder_without_events_is_listed_as_empty(tmp_path):
    row = run_row(RunFolder(tmp_path))
    assert (row.state, row.step, row.mean_loss, row.adapter) == ("empty", 0, None, "")


def test_curves_of_no_steps_say_so():
    assert "No step" in loss_curves({"a": ([], [])})
