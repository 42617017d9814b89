from enogu.project import RunFolder
from enogu.train.events import EventLog
from enogu.train.loss_chart import loss_chart, smoothed
from enogu.train.report import write_report
from enogu.train.run_facts import run_facts
from enogu.train.session import train_project


def test_running_mean():
    assert smoothed([1.0, 3.0, 5.0], 2) == [1.0, 2.0, 4.0]


def test_chart_has_a_dot_per_step_and_survives_one_or_none():
    chart = loss_chart([1, 2, 3], [0.5, 0.4, 0.3])
    assert chart.count("<circle") == 3
    assert loss_chart([1], [0.0]).count("<circle") == 1
    assert "No step" in loss_chart([], [])


def test_facts_come_from_events(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start", steps=3)
    for step, seconds in ((1, 9.0), (2, 1.0), (3, 2.0)):
        log.write("step", step=step, seconds=seconds, loss=0.1)
    from enogu.train.events import read_events

    facts = run_facts(read_events(log.path))
    assert (facts.step, facts.seconds_per_step, facts.training_seconds) == (3, 2.0, 12.0)


def test_report_of_a_real_run_is_one_file_that_needs_nothing_else(make_project):
    result = train_project(make_project(samples__every=6, samples__steps=2))
    page = write_report(RunFolder(result.run.path), contact_sheet=None, trigger="a<b")
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/webp;base64,") == 6
    assert "a&lt;b, 1girl" in text
    assert "Peak memory" in text
    assert "src='" not in text
    assert 'src="http' not in text


def test_report_of_an_unfinished_run_says_so(make_project):
    seen = []
    result = train_project(
        make_project(), observe=seen.append, stop=lambda: seen[-1].get("step") == 2
    )
    page = write_report(result.run, contact_sheet=None, trigger="")
    assert "at step 2 of 6" in page.read_text(encoding="utf-8")
