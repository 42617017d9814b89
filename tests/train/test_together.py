"""Two processes make the run that one makes with twice the batch."""

import pytest
import torch
from safetensors.torch import load_file

from enogu.train.events import read_events
from enogu.train.forecast import PROCESS_BYTES, forecast
from enogu.train.session import train_project
from enogu.train.setup import open_setup


def steps_of(result):
    return [event for event in read_events(result.run.events_path) if event["event"] == "step"]


@pytest.fixture
def alone(make_project):
    """One process with four pictures a step; drop-out shows whether places in the batch agree."""
    return train_project(
        make_project("alone", train__batch_size=4, train__adapter__dropout=0.1, train__name="one")
    )


def test_two_processes_equal_one_with_twice_the_batch_over_a_stop(make_project, alone):
    def project():
        return make_project(
            machine__gpus=2, train__batch_size=2, train__adapter__dropout=0.1, train__name="one"
        )

    seen = []
    first = train_project(project(), observe=seen.append, stop=lambda: seen[-1].get("step") == 3)
    assert (first.outcome, first.step) == ("stopped", 3)
    second = train_project(project())
    assert second.run == first.run and second.outcome == "finished"
    expected = steps_of(alone)
    found = steps_of(second)
    # Only the leading process writes: each step stands there once.
    assert [event["step"] for event in found] == [1, 2, 3, 4, 5, 6]
    for one, two in zip(expected, found, strict=True):
        assert two["pictures"] == one["pictures"]
        # The sum over parts rounds in another order.
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
        assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-3)
    weights = load_file(second.adapter)
    for name, value in load_file(alone.adapter).items():
        assert torch.allclose(weights[name].float(), value.float(), atol=2e-4), name


def test_a_run_goes_on_with_another_number_of_processes(make_project):
    def project(gpus):
        return make_project(machine__gpus=gpus, train__batch_size=4 // gpus)

    seen = []
    first = train_project(project(1), observe=seen.append, stop=lambda: len(seen) > 2)
    second = train_project(project(2))
    assert second.run == first.run and second.outcome == "finished"


def test_the_forecast_counts_every_process_on_a_cpu(make_project):
    one = forecast(open_setup(make_project()))
    two = forecast(open_setup(make_project(machine__gpus=2)))
    assert two.activations_bytes == one.activations_bytes
    assert two.peak_bytes > 1.9 * (one.peak_bytes - PROCESS_BYTES) + 2 * PROCESS_BYTES - 1
