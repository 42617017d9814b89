"""Measuring leaves the training alone, says the same every time, and can end a run."""

import numpy as np
import pytest
from PIL import Image
from tests.train.test_session import assert_equal, train_until, weights

from enogu.train import meter
from enogu.train.advice import advise
from enogu.train.events import read_events
from enogu.train.report import write_report

MEASURED = {
    "validation__folder": "held",
    "validation__pictures": 4,
    "validation__bands": 2,
    "train__steps": 4,
}


@pytest.fixture
def held_project(make_project, tmp_path):
    def make(name, **settings):
        project = make_project(name, **MEASURED | settings)
        folder = tmp_path / name / "held"
        if not folder.exists():
            folder.mkdir(parents=True)
            for seed in range(4):
                pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
                image = Image.fromarray(pixels).resize((64, 64), Image.Resampling.NEAREST)
                image.save(folder / f"{seed}.png")
                (folder / f"{seed}.txt").write_text("1girl, smile", encoding="utf-8")
        return project

    return make


def validations(result):
    return [e for e in read_events(result.run.events_path) if e["event"] == "validation"]


def test_measuring_changes_no_weight_and_repeats_itself(make_project, held_project):
    measured, _ = train_until(held_project("measured"))
    plain, _ = train_until(make_project("plain", train__steps=4))
    assert_equal(weights(measured), weights(plain))
    events = validations(measured)
    assert [event["step"] for event in events] == [0, 2, 4]
    assert events[0]["held_out"] != events[1]["held_out"]
    assert len(events[0]["held_out"]) == 4 and len(events[0]["held_out"][0]) == 2

    stopped, _ = train_until(held_project("stopped"), step=3)
    resumed, _ = train_until(held_project("stopped"))
    assert resumed.run == stopped.run
    for one, other in zip(events, validations(resumed), strict=True):
        assert (one["held_out"], one["training"]) == (other["held_out"], other["training"])

    page = write_report(measured.run, contact_sheet=None, trigger="").read_text(encoding="utf-8")
    assert "When to stop" in page
    assert advise(read_events(measured.run.events_path)).headline in page


def test_patience_ends_a_run_early_and_it_can_go_on(held_project, monkeypatch):
    monkeypatch.setattr(meter.Meter, "waited", lambda self: 1)
    project = held_project("early", validation__patience=1, validation__every=1, train__steps=6)
    # Without a saved step it ends at the first measurement after the start.
    result, seen = train_until(project)
    assert (result.outcome, result.step) == ("finished", 1)
    assert result.adapter.name == "early.safetensors"
    assert seen[-1]["event"] == "end" and seen[-1]["early"]
    again, _ = train_until(project)
    assert again.outcome == "nothing"
    longer = held_project("early", validation__every=3, train__steps=6)
    went_on, _ = train_until(longer, resume=result.run.path)
    assert (went_on.outcome, went_on.step) == ("finished", 6)


def test_waiting_counts_measurements_since_the_best(tmp_path):
    log = meter.EventLog(tmp_path / "events.jsonl")
    found = meter.Meter(None, log, log.write, patience=2)
    assert found.waited() == 0
    names = {"training": ["a"], "held_out": ["b"]}
    for step, loss in enumerate((1.0, 0.8, 0.7, 0.75, 0.9)):
        log.write(
            "validation",
            step=step,
            bands=[[0, 1000]],
            names=names,
            training=[[loss]],
            held_out=[[loss]],
        )
    assert found.waited() == 2
