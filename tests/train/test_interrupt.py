"""Ctrl-C on a real run of two processes stops it cleanly, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch
from safetensors.torch import load_file

from enogu.cli import run
from enogu.train.events import read_events

_PATIENCE_S = 300
"""A busy machine needs long to start two processes."""

SETTINGS = {
    "train.steps": 12,
    "train.save_every": 0,
    "train.batch_size": 1,
    "train.rank": 2,
    "train.text_encoder": "false",
    "train.adapter.dropout": 0.1,
    "train.name": "one",
    "samples.every": 0,
    "captions.variants": 2,
    "pictures.resolution": 64,
    "machine.threads": 1,
    "machine.device": "cpu",
}


def words(project):
    changes = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    return ["train", "--gpus", "2", "--project", str(project.root), *changes]


def steps_of(project):
    found = []
    for path in project.root.glob("runs/*/events.jsonl"):
        # The last line may be half written.
        with suppress(ValueError):
            found += [event["step"] for event in read_events(path) if event["event"] == "step"]
    return found


def interrupt_after(process, project, step):
    """Send Ctrl-C to all processes of the run, as a terminal does."""
    deadline = time.monotonic() + _PATIENCE_S
    while max(steps_of(project), default=0) < step:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)


def alive(group):
    """Return the commands of processes of a group that still run; ended ones nobody asked for."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, _, rest = entry.joinpath("stat").read_text("utf-8").rpartition(")")
            state, _, its_group = rest.split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(name)
    return found


def wait_until_gone(group):
    deadline = time.monotonic() + 10
    while (left := alive(group)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def test_ctrl_c_stops_two_processes_and_the_same_command_goes_on(make_project):
    whole, project = make_project("whole"), make_project("cut")
    process = subprocess.Popen(
        [sys.executable, "-m", "enogu", *words(project)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        interrupt_after(process, project, 1)
        said, complaints = process.communicate(timeout=_PATIENCE_S)
        left = wait_until_gone(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, complaints
    assert "Stopped at step" in said and "enogu train" in said
    assert "Traceback" not in complaints
    assert left == [], "a process outlived the run"
    steps = steps_of(project)
    assert 1 <= len(steps) < SETTINGS["train.steps"], "the run was over before Ctrl-C"
    assert len(list(project.root.glob("runs/*/state.safetensors"))) == 1
    for each in (project, whole):
        assert run(words(each)) == 0
    assert steps_of(project) == list(range(1, SETTINGS["train.steps"] + 1))
    one, two = (load_file(next(p.root.glob("runs/*/one.safetensors"))) for p in (project, whole))
    assert one.keys() == two.keys()
    assert all(torch.equal(value, two[name]) for name, value in one.items())
