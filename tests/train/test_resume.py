import json
import shutil

import pytest

from enogu.errors import ConfigError, ProjectError
from enogu.project import RunFolder
from enogu.train.events import read_events
from enogu.train.report import write_report
from enogu.train.resume import FIXED, is_fixed
from enogu.train.run_facts import run_row
from enogu.train.session import train_project
from enogu.train.state import load_state


def stop_at(project, step, **options):
    seen = []
    result = train_project(
        project, observe=seen.append, stop=lambda: seen[-1].get("step") == step, **options
    )
    return result, seen


def rates(seen):
    return [event["learning_rate"] for event in seen if event["event"] == "step"]


def test_a_run_goes_on_under_other_settings_and_says_which(make_project):
    first, _ = stop_at(make_project(train__schedule="constant"), 3)
    changed = make_project(
        train__schedule="constant", train__learning_rate=0.002, train__steps=8,
        train__weight_decay=0.2,
    )  # fmt: skip
    result, seen = stop_at(changed, None, resume=first.run.path)
    assert (result.run, result.outcome, result.step) == (first.run, "finished", 8)
    assert rates(seen) == [0.002] * 5
    for words in ("after step 3", "train.learning_rate = 0.002 (was 0.004)", "train.steps = 8",
                  "What stays: the adapter"):  # fmt: skip
        assert words in result.note
    assert "train.rank" not in result.note
    assert "pictures" not in result.note
    groups = load_state(result.run.state_path).optimizer["param_groups"]
    assert {group["weight_decay"] for group in groups} == {0.2}
    changes = [event for event in read_events(result.run.events_path) if "changes" in event]
    assert changes[0]["changes"]["train.steps"] == [6, 8]
    assert result.run.read_config().train.learning_rate == 0.002
    page = write_report(result.run, contact_sheet=None, trigger="").read_text(encoding="utf-8")
    assert "<td>after step 3</td><td>train.learning_rate</td><td>0.004</td><td>0.002</td>" in page
    assert run_row(result.run).steps == 8


def test_pictures_that_were_added_are_told(make_project):
    project = make_project()
    first, _ = stop_at(project, 2)
    for ending in (".png", ".txt"):
        source = project.pictures_dir / f"drawing 0{ending}"
        shutil.copyfile(source, source.with_name(f"another{ending}"))
    result, _ = stop_at(make_project(), None, resume=first.run.path)
    assert "There are 6 pictures now (were 5)." in result.note


def test_afterwards_the_same_command_goes_on_and_finishes(make_project):
    stop_at(make_project(), 2)
    settings = {"train__learning_rate": 0.001}
    changed, _ = stop_at(make_project(**settings), 4, resume=make_project().runs_dir / "0001")
    assert changed.outcome == "stopped"
    again, _ = stop_at(make_project(**settings), None)
    assert (again.run, again.outcome) == (changed.run, "finished")
    done, _ = stop_at(make_project(**settings), None)
    assert done.outcome == "nothing"


def test_a_finished_run_goes_on_when_it_gets_more_steps(make_project):
    first, _ = stop_at(make_project(), None)
    with pytest.raises(ConfigError, match="has done 6 steps") as caught:
        stop_at(make_project(train__seed=5), None, resume=first.run.path)
    assert "train.steps=12" in caught.value.hint
    longer, seen = stop_at(make_project(train__steps=7), None, resume=first.run.path)
    assert (longer.outcome, longer.step) == ("finished", 7)
    assert [event["step"] for event in seen if event["event"] == "step"] == [7]


def test_what_the_state_has_built_in_cannot_change(make_project):
    first, _ = stop_at(make_project(), 2)
    changed = make_project(train__rank=8, train__learning_rate=0.001)
    with pytest.raises(ConfigError) as caught:
        stop_at(changed, None, resume=first.run.path)
    assert "train.rank is 4 there and 8 here" in caught.value.message
    assert "could change: train.learning_rate" in caught.value.message
    assert "train.adapter.start" in caught.value.hint


def test_fixed_settings_are_settings_and_only_those():
    from enogu.config import setting_names

    for fixed in FIXED:
        known = [name for name in setting_names() if name == fixed or name.startswith(f"{fixed}.")]
        assert known, fixed
    assert is_fixed("train.blocks.ranks")
    assert not is_fixed("train.text_encoder_learning_rate")


def test_a_new_run_says_in_what_the_unfinished_one_differs(make_project):
    stop_at(make_project(), 2)
    result, _ = stop_at(make_project(train__learning_rate=0.001), 1)
    assert result.run.name == "0002"
    assert "train.learning_rate was 0.004 (now 0.001)" in result.note
    assert "enogu train --resume" in result.note


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """A place for one project with a stopped run, made by the first test that asks."""
    return tmp_path_factory.mktemp("trained") / "star"


@pytest.fixture
def stopped(make_project, trained_once):
    """A stopped run of a project of this test's own; it is trained once and copied."""
    project = make_project()
    if trained_once.exists():
        shutil.copytree(trained_once, project.root, dirs_exist_ok=True)
    else:
        stop_at(project, 2)
        shutil.copytree(project.root, trained_once)
    return RunFolder(project.runs_dir / "0001")


def test_a_run_of_another_project_is_refused(make_project, stopped):
    other = make_project("other")
    with pytest.raises(ProjectError, match="run of another project") as caught:
        train_project(other, resume=stopped.path)
    assert "train.adapter.start" in caught.value.hint


def cut_state(run):
    data = run.state_path.read_bytes()
    run.state_path.write_bytes(data[: len(data) // 2])


def rewrite_state(run, **changes):
    data = run.state_path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    state = json.loads(header["__metadata__"]["enogu_state"]) | changes
    header["__metadata__"]["enogu_state"] = json.dumps(
        {key: value for key, value in state.items() if value is not None}
    )
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    run.state_path.write_bytes(len(raw).to_bytes(8, "little") + raw + data[8 + length :])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: run.state_path.unlink(), "half written: it was cut off before its first"),
        (lambda run: run.config_path.unlink(), "half written: config.json is missing"),
        (lambda run: run.events_path.write_text(""), "does not say how it began"),
        (cut_state, "not a readable training state"),
        (lambda run: rewrite_state(run, format=99), "newer Enogu"),
        (lambda run: rewrite_state(run, step=None), "step missing"),
        (lambda run: rewrite_state(run, digest="0" * 64), "belongs to another run"),
        (lambda run: run.config_path.write_text('{"train": {"rnak": 3}}'), "another version"),
        (lambda run: run.config_path.write_text("{"), "cannot be read"),
    ],
)
def test_a_run_that_is_not_whole_is_refused_with_the_file(make_project, stopped, damage, message):
    damage(stopped)
    with pytest.raises((ProjectError, ConfigError), match=message):
        train_project(make_project(), resume=stopped.path)


def test_a_state_of_another_run_is_refused_without_resume_too(make_project, stopped):
    other, _ = stop_at(make_project("other", train__seed=3), 2)
    shutil.copyfile(other.run.state_path, stopped.state_path)
    with pytest.raises(ProjectError, match="belongs to another run"):
        train_project(make_project())


def test_another_base_is_refused(make_project, stopped):
    events = read_events(stopped.events_path)
    events[0]["base_hash"] = "f" * 64
    stopped.events_path.write_text("".join(json.dumps(event) + "\n" for event in events))
    with pytest.raises(ProjectError, match="trained on the base"):
        train_project(make_project(), resume=stopped.path)
