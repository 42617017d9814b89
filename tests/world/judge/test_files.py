"""A judge's file: whole and of this vocabulary, or refused with the way to make it anew."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from enogu.errors import WorldError
from enogu.world.axes import AXES
from enogu.world.judge.files import FORMAT, read_reader, write_reader
from enogu.world.judge.judge import REBUILD, Judge, load_judge
from enogu.world.judge.reader import Reader
from enogu.world.questions import vocabulary_digest


@pytest.fixture
def file(untrained: Judge, tmp_path: Path) -> Path:
    path = tmp_path / "judge.safetensors"
    write_reader(path, untrained)
    return path


def test_a_written_judge_reads_alike(untrained: Judge, tmp_path: Path) -> None:
    for weight in untrained.net.state_dict().values():
        weight.copy_(weight.half())
    untrained.temperatures["mouth"] = 1.7
    untrained.facts["steps"] = "12"
    path = tmp_path / "deep" / "judge.safetensors"
    assert write_reader(path, untrained) == path.stat().st_size
    pixels = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    again = load_judge(path)
    assert np.array_equal(again(pixels).table, untrained(pixels).table)
    assert again.temperatures["mouth"] == 1.7
    assert again.facts == {"steps": "12"}


def test_a_judge_of_another_vocabulary_is_refused(untrained: Judge, tmp_path: Path) -> None:
    axes = {**AXES, "mouth": (*AXES["mouth"][:-1], "pout")}
    other = Reader(untrained.net, axes, dict.fromkeys(axes, 1.0), untrained.shape)
    write_reader(tmp_path / "old", other)
    with pytest.raises(WorldError) as caught:
        load_judge(tmp_path / "old")
    for part in (vocabulary_digest(axes), vocabulary_digest(AXES), "mouth"):
        assert part in caught.value.message
    assert REBUILD in caught.value.hint


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="no such file") as caught:
        load_judge(tmp_path / "none")
    assert REBUILD in caught.value.hint


@pytest.mark.parametrize("keep", [0, 7, 300, -20])
def test_a_cut_file_is_refused(file: Path, keep: int) -> None:
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WorldError, match="damaged") as caught:
        load_judge(file)
    assert REBUILD in caught.value.hint


def test_foreign_weights_are_refused(file: Path) -> None:
    save_file({"a": torch.zeros(3)}, str(file))
    with pytest.raises(WorldError, match=FORMAT):
        load_judge(file)


def test_broken_numbers_and_missing_layers_are_refused(file: Path) -> None:
    from safetensors import safe_open

    with safe_open(str(file), framework="pt") as handle:
        metadata = handle.metadata()
    weights = load_file(str(file))
    first = next(iter(weights))
    save_file({**weights, first: torch.full_like(weights[first], torch.nan)}, str(file), metadata)
    with pytest.raises(WorldError, match="not finite"):
        load_judge(file)
    save_file({k: v for k, v in weights.items() if k != first}, str(file), metadata)
    with pytest.raises(WorldError, match="damaged"):
        load_judge(file)
    save_file(weights, str(file), {**metadata, "temperatures": "{}"})
    with pytest.raises(WorldError, match="damaged"):
        read_reader(file, AXES, rebuild=REBUILD)
