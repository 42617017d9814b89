import pytest
import torch
from torch import nn

from enogu.errors import NonFiniteError
from enogu.train import session
from enogu.train.events import read_events
from enogu.train.loss_scale import LossScale
from enogu.train.session import train_project
from enogu.train.state import load_state


@pytest.fixture
def scaled(monkeypatch):
    """Give runs of any format a loss scale, as a base in fp16 would have it."""

    def use(factor):
        scale, trainer = LossScale(factor=factor), session.Trainer
        monkeypatch.setattr(
            session, "Trainer", lambda **parts: trainer(**parts | {"loss_scale": scale})
        )
        return scale

    return use


def weights_of(result):
    return load_state(result.run.state_path).adapter


def test_a_power_of_two_changes_no_digit(make_project, scaled):
    plain = weights_of(train_project(make_project("plain")))
    scaled(2.0**10)
    found = weights_of(train_project(make_project("scaled")))
    assert all(torch.equal(found[name], value) for name, value in plain.items())


def test_steps_that_overflow_are_left_out_until_the_scale_fits(make_project, scaled):
    scale = scaled(2.0**135)
    result = train_project(make_project(train__steps=30, train__save_every=30))
    events = [e for e in read_events(result.run.events_path) if e["event"] == "step"]
    left_out = [event for event in events if "left_out" in event]
    assert 0 < len(left_out) < 30
    assert [e["loss_scale"] for e in left_out] == [2.0 ** (134 - n) for n in range(len(left_out))]
    assert "left_out" not in events[-1] and events[-1]["grad_norm"] > 0
    state = load_state(result.run.state_path)
    assert state.loss_scale == scale


def test_it_grows_after_many_good_steps_and_says_when_it_is_not_to_blame():
    scale = LossScale(factor=4.0, good_steps=1999)
    scale.succeeded()
    assert scale == LossScale(factor=8.0, good_steps=0)
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([8.0, 16.0])
    assert scale.unscale([weight])
    assert weight.grad.tolist() == [1.0, 2.0]
    weight.grad = torch.tensor([float("inf"), 0.0])
    assert not scale.unscale([weight])
    assert scale.overflowed() and scale.factor == 4.0
    assert not LossScale(factor=1.0).overflowed()


def test_gradients_that_are_not_finite_at_scale_one_end_the_run(make_project, scaled, monkeypatch):
    scaled(1.0)
    monkeypatch.setattr(LossScale, "unscale", lambda self, parameters: spoil(parameters))
    with pytest.raises(NonFiniteError, match="gradient"):
        train_project(make_project())


def spoil(parameters):
    for parameter in parameters:
        parameter.grad.fill_(float("nan"))
    return False
