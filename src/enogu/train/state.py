"""What is needed to go on with a run: the adapter and the optimiser in fp32, and the step.

One safetensors file, written whole or not at all. Its header holds the step, a digest of
everything that must be the same for the run to be the same run, and the optimiser's numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import safetensors
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from enogu.errors import ProjectError
from enogu.files import atomic_path
from enogu.train.loss_scale import LossScale

STATE_FORMAT = 2
_ADAPTER = "adapter/"
_OPTIMIZER = "optimizer/"
_GROUPS = "groups/"
_EMA = "ema/"


_HEADER_KEYS = frozenset({"format", "step", "digest", "groups", "numbers"})


@dataclass(frozen=True)
class TrainState:
    """A point a run can go on from.

    Attributes:
        step: Steps done.
        digest: Digest of what makes this run this run.
        adapter: The adapter's tensors, fp32.
        optimizer: As ``Optimizer.state_dict()`` gives it.
        ema: The running mean of the adapter; empty when none is kept.
        loss_scale: What the loss is multiplied by, where the base computes in fp16.
    """

    step: int
    digest: str
    adapter: dict[str, Tensor]
    optimizer: dict[str, Any]
    ema: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    loss_scale: LossScale | None = None


@dataclass(frozen=True)
class StateHeader:
    """The cheap part of a state."""

    step: int
    digest: str


def save_state(path: Path, state: TrainState) -> None:
    """Write a state.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    tensors = {_ADAPTER + name: value for name, value in state.adapter.items()}
    tensors |= {_EMA + name: value for name, value in state.ema.items()}
    numbers = {
        str(index): {
            key: _packed(value, f"{_OPTIMIZER}{index}/{key}", tensors)
            for key, value in entries.items()
        }
        for index, entries in state.optimizer["state"].items()
    }
    header = {
        "format": STATE_FORMAT,
        "step": state.step,
        "digest": state.digest,
        "groups": [
            _packed(group, f"{_GROUPS}{number}", tensors)
            for number, group in enumerate(state.optimizer["param_groups"])
        ],
        "numbers": numbers,
    }
    if state.loss_scale is not None:
        header["loss_scale"] = asdict(state.loss_scale)
    with atomic_path(path) as temporary:
        save_file(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
            temporary,
            metadata={"enogu_state": json.dumps(header)},
        )


def read_state_header(path: Path) -> StateHeader | None:
    """Return step and digest of a state, or None when there is no state.

    Raises:
        ProjectError: The file is damaged or was written by a newer version.
    """
    if not path.is_file():
        return None
    header = _read_header(path)
    return StateHeader(int(header["step"]), str(header["digest"]))


def load_state(path: Path) -> TrainState:
    """Read a state back.

    Raises:
        ProjectError: The file is damaged or was written by a newer version.
    """
    header = _read_header(path)
    with safetensors.safe_open(path, framework="pt") as handle:
        tensors = {name: handle.get_tensor(name).clone() for name in handle.keys()}  # noqa: SIM118 the handle is not iterable
    return TrainState(
        step=int(header["step"]),
        digest=str(header["digest"]),
        adapter=_part(tensors, _ADAPTER),
        optimizer={
            "state": {
                int(index): _unpacked(entries, tensors)
                for index, entries in header["numbers"].items()
            },
            "param_groups": _unpacked(header["groups"], tensors),
        },
        ema=_part(tensors, _EMA),
        loss_scale=LossScale(**header["loss_scale"]) if "loss_scale" in header else None,
    )


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _packed(value: object, place: str, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401 JSON
    """Return a value as JSON; its tensors go into `tensors`, and tuples are remembered as such."""
    if isinstance(value, Tensor):
        # Groups may hold one tensor together, which the file format does not allow.
        tensors[place] = value.clone() if place.startswith(_GROUPS) else value
        return {"tensor": place}
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, object], value)
        return {"dict": {key: _packed(v, f"{place}/{key}", tensors) for key, v in entries.items()}}
    if isinstance(value, (list, tuple)):
        items = cast(Sequence[object], value)
        packed = [_packed(item, f"{place}/{n}", tensors) for n, item in enumerate(items)]
        return {"tuple": packed} if isinstance(value, tuple) else packed
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ProjectError(
        f"the optimiser keeps a {type(value).__name__} ({place}), which a training state cannot "
        "hold, so the run could not go on after a stop",
        hint="Use another optimiser: --set train.optimizer=adamw",
    )


def _unpacked(value: Any, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401 JSON
    if isinstance(value, list):
        return [_unpacked(item, tensors) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    entry = cast(dict[str, Any], value)
    if entry.keys() == {"tensor"}:
        return tensors[entry["tensor"]]
    if entry.keys() == {"tuple"}:
        return tuple(_unpacked(item, tensors) for item in entry["tuple"])
    inner = entry["dict"] if entry.keys() == {"dict"} else entry
    return {key: _unpacked(item, tensors) for key, item in inner.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """Load a saved state into an optimiser built for the same parameters."""
    optimizer.load_state_dict(saved)


def _read_header(path: Path) -> dict[str, Any]:
    try:
        with safetensors.safe_open(path, framework="pt") as handle:
            metadata = handle.metadata() or {}
        header = json.loads(metadata["enogu_state"])
        missing = _HEADER_KEYS - set(header)
        if missing:
            raise KeyError(f"{', '.join(sorted(missing))} missing")
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ProjectError(
            f"{path} is not a readable training state: {error}",
            hint="Start a new run with: enogu train --new. The saved adapters are still there.",
        ) from error
    if header["format"] < STATE_FORMAT:
        raise ProjectError(
            f"{path} was written by an older Enogu (format {header['format']}, this program "
            f"reads {STATE_FORMAT})",
            hint="Start a new run with: enogu train --new. The saved adapters are still there.",
        )
    if header["format"] > STATE_FORMAT:
        raise ProjectError(
            f"{path} was written by a newer Enogu (format {header['format']}, this program "
            f"reads {STATE_FORMAT})",
            hint="Update Enogu, or start a new run with: enogu train --new",
        )
    return header
