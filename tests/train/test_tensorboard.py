import builtins

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from enogu.errors import MissingExtraError
from enogu.train.session import train_project


def steps_of(folder):
    board = EventAccumulator(str(folder))
    board.Reload()
    return [event.step for event in board.Scalars("loss")]


def test_curves_are_written_while_training_and_a_resumed_run_has_each_step_once(make_project):
    seen = []
    settings = {"train__tensorboard": "logs", "samples__every": 6, "samples__steps": 1}
    train_project(
        make_project(**settings), observe=seen.append, stop=lambda: seen[-1].get("step") == 3
    )
    project = make_project(**settings)
    folder = project.root / "logs" / "0001"
    assert steps_of(folder) == [1, 2, 3]
    train_project(project)
    assert steps_of(folder) == [1, 2, 3, 4, 5, 6]
    board = EventAccumulator(str(folder))
    board.Reload()
    assert "samples/trigger" in board.Tags()["images"]


def test_a_missing_package_is_told_before_anything_is_computed(make_project, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("tensorboard"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match="tensorboard"):
        train_project(make_project(train__tensorboard="logs"))
