"""What is needed to go on with a run: the adapter and the optimiser in fp32, and the step.

One safetensors file, written whole or not at all. Its header holds the step, a digest of
everything that must be the same for the run to be the same run, and the optimiser's numbers.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from enogu.errors import ProjectError
from enogu.files import atomic_path

STATE_FORMAT = 1
_ADAPTER = "adapter/"
_OPTIMIZER = "optimizer/"


_HEADER_KEYS = frozenset({"format", "step", "digest", "groups", "numbers"})


@dataclass(frozen=True)
class TrainState:
    """A point a run can go on from.

    Attributes:
        step: Steps done.
        digest: Digest of what makes this run this run.
        adapter: The adapter's tensors, fp32.
        optimizer: As ``Optimizer.state_dict()`` gives it.
    """

    step: int
    digest: str
    adapter: dict[str, Tensor]
    optimizer: dict[str, Any]


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
    numbers: dict[str, dict[str, Any]] = {}
    for index, entries in state.optimizer["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{_OPTIMIZER}{index}/{key}"] = value
            else:
                numbers.setdefault(str(index), {})[key] = value
    header = {
        "format": STATE_FORMAT,
        "step": state.step,
        "digest": state.digest,
        "groups": state.optimizer["param_groups"],
        "numbers": numbers,
    }
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
    adapter: dict[str, Tensor] = {}
    optimizer_state: dict[int, dict[str, Any]] = {
        int(index): dict(values) for index, values in header["numbers"].items()
    }
    with safetensors.safe_open(path, framework="pt") as handle:
        for name in handle.keys():  # noqa: SIM118 the handle is not iterable
            value = handle.get_tensor(name).clone()
            if name.startswith(_ADAPTER):
                adapter[name.removeprefix(_ADAPTER)] = value
            else:
                index, key = name.removeprefix(_OPTIMIZER).split("/")
                optimizer_state.setdefault(int(index), {})[key] = value
    return TrainState(
        step=int(header["step"]),
        digest=str(header["digest"]),
        adapter=adapter,
        optimizer={"state": optimizer_state, "param_groups": header["groups"]},
    )


def restore_optimizer(optimizer: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """Load a saved state into an optimiser built for the same parameters."""
    groups = [
        dict(group) | {"betas": tuple(group["betas"])} if "betas" in group else group
        for group in saved["param_groups"]
    ]
    optimizer.load_state_dict({"state": saved["state"], "param_groups": groups})


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
    if header["format"] > STATE_FORMAT:
        raise ProjectError(
            f"{path} was written by a newer Enogu (format {header['format']}, this program "
            f"reads {STATE_FORMAT})",
            hint="Update Enogu, or start a new run with: enogu train --new",
        )
    return header
