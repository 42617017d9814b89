import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from enogu.errors import BusyError, NonFiniteError
from enogu.train import loop
from enogu.train.events import read_events
from enogu.train.session import train_project


def train_until(project, step=None, **options):
    seen = []
    result = train_project(
        project,
        observe=seen.append,
        stop=lambda: step is not None and seen[-1].get("step") == step,
        **options,
    )
    return result, seen


def weights(result):
    return load_file(result.adapter)


def assert_equal(one, two):
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.equal(value, two[name]), name


@pytest.fixture
def uninterrupted(make_project):
    result, _ = train_until(make_project("whole"))
    return weights(result)


def test_a_run_leaves_adapter_state_and_events(make_project):
    project = make_project()
    result, _ = train_until(project)
    assert result.outcome == "finished"
    assert result.adapter == result.run.path / "star.safetensors"
    names = {path.name for path in result.run.path.iterdir()}
    assert {"star-000002.safetensors", "star-000004.safetensors", "state.safetensors"} <= names
    events = read_events(result.run.events_path)
    assert [e["step"] for e in events if e["event"] == "step"] == [1, 2, 3, 4, 5, 6]
    assert events[0]["forecast_peak_bytes"] > 0
    assert any(float(v.abs().max()) > 0 for n, v in weights(result).items() if "lora_up" in n)


def test_stopped_run_goes_on_to_bit_equal_weights(make_project, uninterrupted):
    first, _ = train_until(make_project(), step=3)
    assert (first.outcome, first.step) == ("stopped", 3)
    second, seen = train_until(make_project())
    assert second.run == first.run
    assert [e["step"] for e in seen if e["event"] == "step"] == [4, 5, 6]
    assert_equal(weights(second), uninterrupted)


@pytest.mark.parametrize(
    "settings",
    [
        {
            "train__optimizer": "schedulefree_adamw",
            "train__schedule": "constant",
            "train__warmup_steps": 2,
        },
        {"train__ema": 0.9, "train__batch_size": 1, "train__accumulate": 2},
    ],
    ids=["schedule-free", "ema-and-accumulation"],
)
def test_runs_with_more_than_weights_go_on_to_bit_equal_files(make_project, settings):
    settings = settings | {"train__steps": 4, "train__save_every": 3}
    whole, _ = train_until(make_project("whole", **settings))
    train_until(make_project(**settings), step=2)
    resumed, _ = train_until(make_project(**settings))
    assert_equal(weights(resumed), weights(whole))
    means = [sorted(result.run.ema_dir.glob("*.safetensors")) for result in (whole, resumed)]
    assert bool(means[0]) == ("train__ema" in settings)
    if means[0]:
        assert [path.name for path in means[1]][-1] == "star.safetensors"
        mean = load_file(means[0][-1])
        assert_equal(load_file(means[1][-1]), mean)
        assert any(not torch.equal(value, weights(whole)[name]) for name, value in mean.items())


def test_killed_run_goes_on_to_bit_equal_weights(make_project, uninterrupted):
    project = make_project()
    settings = project.resolved.config
    code = (
        "from pathlib import Path; from enogu.project import open_project;"
        "from enogu.train.session import train_project; import sys, json;"
        "project = open_project(Path(sys.argv[1]), json.loads(sys.argv[2]));"
        "train_project(project, observe=lambda e: print(e.get('step'), e['event'], flush=True))"
    )
    changes = {
        name: value for name, value, origin in project.resolved.rows() if origin == "command line"
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(project.root), json.dumps(changes)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    for line in process.stdout:
        if line.split()[:2] == ["3", "step"]:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    process.wait()
    result, seen = train_until(project)
    steps = [e["step"] for e in seen if e["event"] == "step"]
    assert steps[0] == 3, "the run goes on after the state saved at step 2"
    assert settings == project.resolved.config
    assert_equal(weights(result), uninterrupted)


def test_finished_run_is_left_alone_unless_a_new_one_is_wanted(make_project):
    first, _ = train_until(make_project())
    again, seen = train_until(make_project())
    assert (again.outcome, again.run, seen) == ("nothing", first.run, [])
    anew, _ = train_until(make_project(), new=True)
    assert anew.run.name == "0002"
    assert_equal(weights(anew), weights(first))


def test_changed_settings_begin_a_new_run_and_keep_the_old(make_project):
    first, _ = train_until(make_project(), step=2)
    second, _ = train_until(make_project(train__seed=5), step=2)
    assert second.run.name == "0002"
    assert first.run.name in second.note


def test_editing_one_caption_rebuilds_one_entry(make_project):
    project = make_project()
    train_until(project, step=2)
    cache = project.work_dir / "cache"
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.safetensors")}
    sidecar = next(project.pictures_dir.glob("*.txt"))
    sidecar.write_text("hoshi, another caption", encoding="utf-8")
    train_until(make_project(), step=2)
    after = {path: path.stat().st_mtime_ns for path in cache.rglob("*.safetensors")}
    assert len(after) == len(before) + 1
    assert all(after[path] == stamp for path, stamp in before.items())


def test_non_finite_loss_stops_and_names_step_pictures_and_layer(make_project, monkeypatch):
    project = make_project()
    original = loop.Trainer._train_on

    def poisoned(self, batch):
        if self.step == 3:
            with torch.no_grad():
                self.base.unet.conv_norm_out.weight.fill_(float("nan"))
        return original(self, batch)

    monkeypatch.setattr(loop.Trainer, "_train_on", poisoned)
    with pytest.raises(NonFiniteError, match=r"step 4: .*conv_norm_out.*drawing") as caught:
        train_until(project)
    assert "learning_rate" in caught.value.hint
    run = project.runs_dir / "0001"
    assert (run / "star-000002.safetensors").is_file()
    assert not (run / "star-000004.safetensors").exists()
    monkeypatch.undo()
    result, seen = train_until(make_project())
    assert next(e["step"] for e in seen if e["event"] == "step") == 3
    assert result.outcome == "finished"


def test_two_runs_in_one_project_are_refused(make_project):
    project = make_project()
    with project.lock(), pytest.raises(BusyError, match="another Enogu process"):
        _train_in_other_process(project)


def _train_in_other_process(project):
    """A lock of the same process would be granted, so another one tries."""
    code = (
        "import sys; from pathlib import Path; from enogu.project import open_project;"
        "from enogu.errors import BusyError\n"
        "try:\n"
        "    with open_project(Path(sys.argv[1])).lock(): pass\n"
        "except BusyError as error: print(error.message); sys.exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project.root)], capture_output=True, text=True
    )
    if done.returncode == 9:
        raise BusyError(done.stdout)


@pytest.mark.parametrize(
    "settings",
    [
        {"train__text_encoder": True},
        {"train__conv_rank": 2},
        {"pictures__flip": True, "pictures__alpha_as_mask": True},
        {"train__optimizer": "adafactor", "train__loss__weighting": "debiased"},
        {"train__gradient_checkpointing": True, "captions__dropout": 0.5},
        {"train__loss__noise_offset": 0.1, "machine__precision": "bf16"},
        {
            "train__loss__base_prior": 1.0,
            "captions__trigger": "hoshi",
            "train__loss__type": "huber",
            "train__loss__noise_offset": 0.1,
            "train__loss__noise_offset_random_strength": True,
            "train__loss__adaptive_noise_scale": 0.1,
        },
        {
            "train__loss__masked_prior": 1.0,
            "pictures__alpha_as_mask": True,
            "train__loss__multires_noise_iterations": 6,
            "train__loss__ip_noise_gamma": 0.1,
            "train__loss__ip_noise_gamma_random_strength": True,
            "train__loss__timestep_sampling": "logit_normal",
            "train__loss__scale_v_pred_loss_like_noise_pred": True,
        },
    ],
    ids=lambda settings: " ".join(settings)[:60],
)
def test_options_train(make_project, settings):
    result, seen = train_until(make_project(train__steps=2, **settings))
    losses = [event["loss"] for event in seen if event["event"] == "step"]
    assert result.outcome == "finished"
    assert all(0 < loss < 10 for loss in losses)


def test_samples_are_drawn_beside_the_untouched_base(make_project):
    project = make_project(samples__every=3, samples__steps=2, train__steps=3)
    result, seen = train_until(project)
    samples = [(e["step"], e["name"]) for e in seen if e["event"] == "sample"]
    assert samples == [
        (step, name) for step in (0, 3) for name in ("trigger", "no-trigger", "off-topic")
    ]
    for event in seen:
        if event["event"] == "sample":
            assert (result.run.samples_dir / event["file"]).is_file()
