import pytest
import torch

from enogu.errors import ProjectError
from enogu.train.state import (
    TrainState,
    load_state,
    read_state_header,
    restore_optimizer,
    save_state,
)


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.Adafactor, torch.optim.SGD])
def test_optimiser_continues_exactly(tmp_path, kind):
    def fresh():
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(3, 4))
        return weight, kind([{"params": [weight], "lr": 0.1, "initial_lr": 0.1}], lr=0.1)

    def step(weight, optimizer, number):
        optimizer.zero_grad()
        (weight - number).square().sum().backward()
        optimizer.step()

    weight, optimizer = fresh()
    for number in range(6):
        if number == 3:
            adapter = {"w": weight.detach()}
            save_state(
                tmp_path / "s.safetensors",
                TrainState(3, "abc", adapter, optimizer.state_dict()),
            )
        step(weight, optimizer, number)

    resumed, other = fresh()
    state = load_state(tmp_path / "s.safetensors")
    assert (state.step, state.digest) == (3, "abc")
    with torch.no_grad():
        resumed.copy_(state.adapter["w"])
    restore_optimizer(other, state.optimizer)
    for number in range(3, 6):
        step(resumed, other, number)
    assert torch.equal(resumed, weight)


def test_tensors_and_tuples_in_groups_come_back_as_they_were(tmp_path):
    optimizer = {
        "state": {0: {"moments": [torch.ones(2), None], "step": 3}},
        "param_groups": [{"d": torch.tensor([0.5]), "betas": (0.9, 0.99), "rate": float("inf")}],
    }
    path = tmp_path / "s.safetensors"
    save_state(path, TrainState(1, "abc", {}, optimizer, {"mean": torch.zeros(3)}))
    state = load_state(path)
    assert state.optimizer["param_groups"][0]["betas"] == (0.9, 0.99)
    assert state.optimizer["param_groups"][0]["d"].tolist() == [0.5]
    assert state.optimizer["param_groups"][0]["rate"] == float("inf")
    assert state.optimizer["state"][0]["moments"][0].tolist() == [1.0, 1.0]
    assert state.optimizer["state"][0]["moments"][1] is None
    assert state.ema["mean"].tolist() == [0.0, 0.0, 0.0]


def test_an_optimiser_whose_state_cannot_be_kept_is_refused(tmp_path):
    optimizer = {"state": {}, "param_groups": [{"generator": torch.Generator()}]}
    with pytest.raises(ProjectError, match="keeps a Generator"):
        save_state(tmp_path / "s.safetensors", TrainState(1, "abc", {}, optimizer))


def test_no_state_is_none_and_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    assert read_state_header(path) is None
    path.write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises(ProjectError, match="not a readable training state"):
        read_state_header(path)
