"""Rounds: train, merge, train again; what is saved is the sum, for the untouched base."""

import gc
import weakref

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from enogu.adapters.load import load_adapter
from enogu.adapters.start import merge_attached, merge_files
from enogu.config import TrainConfig
from enogu.errors import ConfigError, ProjectError
from enogu.families.load import load_base
from enogu.train import session
from enogu.train.events import read_events
from enogu.train.rounds import Rounds, round_ends, side_by_side, step_in_round
from enogu.train.schedules import rate_schedule
from enogu.train.session import train_project


def metadata_of(path):
    with safe_open(path, framework="pt") as file:
        return file.metadata()


class TestTimes:
    def test_rounds_are_as_equal_as_they_go(self):
        assert round_ends(TrainConfig(steps=10, rounds=3)) == (3, 6, 10)
        assert round_ends(TrainConfig(steps=7)) == (7,)

    def test_steps_belong_to_the_round_they_are_trained_in(self, tmp_path):
        rounds = Rounds(tmp_path, TrainConfig(steps=10, rounds=3))
        assert [rounds.next(step) for step in (0, 2, 3, 5, 6, 10)] == [0, 0, 1, 1, 2, 2]
        assert [rounds.trained(step) for step in (1, 3, 4, 6, 7, 10)] == [0, 0, 1, 1, 2, 2]
        assert [rounds.end(step) for step in (0, 3, 9)] == [3, 6, 10]
        # The last round ends the run, and leaves nothing to merge.
        assert [step for step in range(11) if rounds.is_over(step)] == [3, 6]

    def test_every_round_begins_with_the_warm_up_under_a_schedule_that_goes_on(self):
        settings = TrainConfig(steps=20, rounds=2, warmup_steps=4, schedule="linear")
        plain = rate_schedule(settings.model_copy(update={"rounds": 1}))
        factor = rate_schedule(settings)
        assert [factor(step) for step in range(10)] == [plain(step) for step in range(10)]
        assert [factor(step) / plain(step) for step in range(10, 15)] == pytest.approx(
            [0.2, 0.4, 0.6, 0.8, 1.0]
        )
        assert [step_in_round(settings, step) for step in (0, 9, 10, 19)] == [0, 9, 0, 9]


class TestSum:
    def test_factors_side_by_side_are_the_sum_of_the_updates(self):
        generator = torch.Generator().manual_seed(0)

        def part():
            return {
                "a.lora_down.weight": torch.randn(2, 3, 3, 3, generator=generator).double(),
                "a.lora_up.weight": torch.randn(5, 2, 1, 1, generator=generator).double(),
                "a.alpha": torch.tensor(1.0),
            }

        def update(tensors):
            down, up = tensors["a.lora_down.weight"], tensors["a.lora_up.weight"]
            scale = float(tensors["a.alpha"]) / down.shape[0]
            return scale * torch.einsum("or,rijk->oijk", up[:, :, 0, 0], down)

        parts = [part() for _ in range(3)]
        joined = side_by_side(parts)
        assert joined["a.lora_down.weight"].shape == (6, 3, 3, 3)
        assert torch.allclose(update(joined), sum(update(one) for one in parts), atol=1e-14)

    def test_a_missing_round_is_told(self, tmp_path):
        rounds = Rounds(tmp_path / "rounds", TrainConfig(steps=10, rounds=3))
        with pytest.raises(ProjectError, match=r"round-001\.safetensors.*missing"):
            rounds.files(4)


@pytest.fixture
def in_rounds(make_project):
    def project(name="star", **settings):
        values = {
            "train__rounds": 2,
            "train__steps": 4,
            "train__name": "x",
            "train__learning_rate": 1e-3,
        }
        return make_project(name, **values | settings)

    return project


def losses(result):
    events = read_events(result.run.events_path)
    return [event["loss"] for event in events if event["event"] == "step"]


def test_the_file_is_the_sum_of_what_every_round_learnt(in_rounds, monkeypatch):
    bases, alive = [], []

    def load(setup, parts, **options):
        gc.collect()
        alive.append(sum(base() is not None for base in bases))
        made = plain(setup, parts, **options)
        bases.extend([weakref.ref(made.unet)] if "unet" in parts else [])
        return made

    plain = session.load_base
    monkeypatch.setattr(session, "load_base", load)
    result = train_project(in_rounds(train__save_dtype="fp32"))
    # The base of a round is gone before the next is loaded: there is room for one.
    assert (len(bases), set(alive)) == (2, {0})
    assert (result.outcome, result.step) == ("finished", 4)
    run = result.run
    assert [path.name for path in run.rounds_dir.iterdir()] == ["round-001.safetensors"]
    first, whole = load_file(run.rounds_dir / "round-001.safetensors"), load_file(result.adapter)
    key = next(name for name in whole if name.endswith("lora_down.weight"))
    # The first round's part stands in the file as it was, and the second one is another.
    assert torch.equal(whole[key][:4], first[key])
    assert not torch.allclose(whole[key][4:], first[key], atol=1e-2)
    # Files say the ranks that they have.
    assert metadata_of(result.adapter)["ss_network_dim"] == "8"
    assert metadata_of(run.adapter_path("x", 2))["ss_network_dim"] == "4"
    # Merged into the base, file and first round differ by an update of the rank of one round.
    one, two = load_base("mini"), load_base("mini")
    merge_attached(load_adapter(one, result.adapter))
    merge_files(two, [(run.rounds_dir / "round-001.safetensors", 1.0)])
    earlier, changed = two.unet.state_dict(), 0
    for name, value in one.unet.state_dict().items():
        left = (value - earlier[name]).double().flatten(1) if value.dim() > 1 else None
        if left is None or not left.any():
            continue
        changed += 1
        singular = torch.linalg.svdvals(left)
        # fp32 weights round by about 6e-8 of themselves.
        assert float(singular[4:].sum()) < 1e-4
    assert changed == sum(key.endswith("alpha") for key in whole)


def test_a_run_stopped_at_and_inside_a_round_goes_on_to_the_same_file(in_rounds):
    whole = train_project(in_rounds("whole"))
    for stop_at in (2, 3):
        seen = []
        part = train_project(
            in_rounds("cut"),
            observe=seen.append,
            stop=lambda seen=seen, at=stop_at: seen[-1].get("step") == at,
        )
        assert (part.outcome, part.step) == ("stopped", stop_at)
    # Rounds that are over ended where the old number of steps said.
    with pytest.raises(ConfigError, match=r"train\.steps is 4 there and 8 here"):
        train_project(in_rounds("cut", train__steps=8), resume=part.run.path)
    last = train_project(in_rounds("cut"))
    assert (last.run, last.outcome) == (part.run, "finished")
    assert losses(last) == losses(whole)
    mine, theirs = load_file(last.adapter), load_file(whole.adapter)
    assert all(torch.equal(mine[key], theirs[key]) for key in theirs)


def test_two_processes_and_means_of_weights_go_through_rounds(in_rounds):
    shared = {"train__ema": 0.9, "train__text_encoder": True}
    alone = train_project(in_rounds("alone", train__batch_size=2, **shared))
    both = train_project(in_rounds("both", train__batch_size=1, machine__gpus=2, **shared))
    assert both.outcome == "finished"
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    mean, last = (load_file(path) for path in (alone.run.ema_dir / "x.safetensors", alone.adapter))
    assert any(key.startswith("lora_te") for key in last)
    assert {key: value.shape for key, value in mean.items()} == {
        key: value.shape for key, value in last.items()
    }
