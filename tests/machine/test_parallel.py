"""Two processes that train together do what one would do with both parts of the batch."""

import functools
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from enogu.errors import RunError
from enogu.machine import parallel


def write_what_is_seen(folder: Path) -> None:
    weight = nn.Parameter(torch.zeros(2, 3))
    without = nn.Parameter(torch.zeros(1))
    ((parallel.rank() + 1.0) * weight).sum().backward()
    parallel.average_gradients([weight, without])
    parallel.first_then_others(lambda: (folder / "first").write_text("x", "utf-8"))
    assert weight.grad is not None
    seen = {
        "gradient": weight.grad.tolist(),
        "none": without.grad is None,
        "total": parallel.total(parallel.rank() + 0.5),
        "parts": [parallel.part_of(step) for step in range(3)],
        "first_is_there": (folder / "first").exists(),
    }
    (folder / f"{parallel.rank()}.json").write_text(json.dumps(seen), "utf-8")


def test_gradients_are_averaged_and_parts_differ(tmp_path: Path) -> None:
    parallel.run_together(functools.partial(write_what_is_seen, tmp_path), 2)
    one, two = (json.loads((tmp_path / f"{n}.json").read_text("utf-8")) for n in range(2))
    assert one["gradient"] == two["gradient"] == [[1.5] * 3] * 2
    assert one["none"] and two["none"]
    assert one["total"] == two["total"] == 2.0
    assert sorted(one["parts"] + two["parts"]) == list(range(6))
    assert one["first_is_there"] and two["first_is_there"]


def test_alone_everything_stays_as_it_is() -> None:
    weight = nn.Parameter(torch.ones(2))
    (3 * weight).sum().backward()
    parallel.average_gradients([weight])
    assert weight.grad is not None
    assert weight.grad.tolist() == [3, 3]
    assert (parallel.total(2.5), parallel.part_of(7), parallel.num_processes()) == (2.5, 7, 1)


def fail() -> None:
    raise ValueError("the second process broke")


def test_a_process_that_breaks_is_told() -> None:
    with pytest.raises(Exception, match="the second process broke"):
        parallel.run_together(fail, 2)


def add_own_part() -> None:
    weight, idle = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))
    frozen = nn.Parameter(torch.zeros(1), requires_grad=False)
    if parallel.rank() == 1:
        (5 * weight + idle).sum().backward()
    parallel.sum_gradients([weight, idle, frozen])
    assert weight.grad is not None and weight.grad.tolist() == [5, 5]
    assert idle.grad is not None and idle.grad.tolist() == [2]
    assert frozen.grad is None


def test_one_process_leads_and_one_without_a_part_adds_nothing() -> None:
    with parallel.leading(add_own_part, 2):
        assert (parallel.rank(), parallel.num_processes()) == (0, 2)
        add_own_part()
    assert parallel.num_processes() == 1


def break_after_joining() -> None:
    raise RunError("no room left in the second process")


def test_the_leading_process_says_why_another_one_broke() -> None:
    with (
        pytest.raises(RunError, match=r"process 1 of 2: no room left in the second process"),
        parallel.leading(break_after_joining, 2),
    ):
        parallel.total(1.0)


def test_an_error_of_the_leading_process_stays_what_it_is() -> None:
    with (
        pytest.raises(ValueError, match="its own"),
        parallel.leading(functools.partial(parallel.total, 1.0), 2),
    ):
        raise ValueError("its own")
