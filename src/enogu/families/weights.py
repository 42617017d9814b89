"""From tensors in files to modules: what each parameter is read from, and the filling itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from enogu.errors import BaseModelError
from enogu.families.architecture import restore_position_ids
from enogu.families.safetensors_file import SafetensorsFile, TensorEntry

_FLOAT_TYPES = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})


@dataclass(frozen=True, slots=True)
class TensorRef:
    """Where one parameter comes from and how it has to be turned."""

    file: SafetensorsFile
    name: str
    """Key in the file."""
    rows: tuple[int, int] | None = None
    """Part of a fused tensor along the first axis."""
    turn: Literal["none", "squeeze", "transpose"] = "none"
    """`squeeze`: a 1x1 convolution that is a linear layer here; `transpose`: [in, out]."""

    @property
    def entry(self) -> TensorEntry:
        """The header line of the tensor."""
        return self.file.tensors[self.name]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameter, after taking rows and turning."""
        shape = self.entry.shape
        if self.rows is not None:
            shape = (self.rows[1] - self.rows[0], *shape[1:])
        if self.turn == "squeeze":
            shape = shape[:2]
        return shape[::-1] if self.turn == "transpose" else shape

    def read(self) -> Tensor:
        """Read the parameter into new memory, in the type of the file."""
        tensor = self.file.read(self.name, self.rows)
        if self.turn == "squeeze":
            return tensor.reshape(self.shape)
        return tensor.T.contiguous() if self.turn == "transpose" else tensor


Refs = Mapping[str, TensorRef]
"""Parameter name of a module -> where it is read from."""


def refs_of(file: SafetensorsFile) -> dict[str, TensorRef]:
    """Return a reference to each tensor of a file under its own name."""
    return {name: TensorRef(file, name) for name in file.tensors}


def fill_module(
    module: nn.Module, refs: Refs, *, dtype: torch.dtype, device: torch.device, what: str
) -> None:
    """Read the weights of a module built on the meta device, one tensor at a time.

    Memory never holds more than the finished module and one tensor of the file.

    Args:
        module: Built under ``torch.device("meta")``; its parameters are replaced.
        refs: Exactly the module's parameters.
        dtype: Type of the finished parameters.
        device: Where they are put.
        what: Names part and file in messages.

    Raises:
        BaseModelError: A parameter is missing, left over, of another shape or not floating
            point. Nothing is ever left at random values.
    """
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    check_refs(expected, refs, what)
    state = {name: refs[name].read().to(device=device, dtype=dtype) for name in expected}
    module.load_state_dict(state, strict=True, assign=True)
    restore_position_ids(module, device)
    unfilled = [name for name, value in module.named_buffers() if value.is_meta]
    assert not unfilled, f"{what}: buffers without values: {unfilled}"


def check_refs(expected: Mapping[str, tuple[int, ...]], refs: Refs, what: str) -> None:
    """Refuse references that are not exactly the expected parameters.

    Raises:
        BaseModelError: With the first names of each kind of difference.
    """
    problems: list[str] = []
    if missing := [name for name in expected if name not in refs]:
        problems.append(f"{len(missing)} missing ({_some(missing)})")
    if extra := [refs[name].name for name in refs if name not in expected]:
        problems.append(f"{len(extra)} not known ({_some(extra)})")
    wrong = [
        f"{refs[name].name}: {list(refs[name].shape)} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in refs and refs[name].shape != shape
    ]
    if wrong:
        problems.append(f"{len(wrong)} of another shape ({_some(wrong)})")
    odd = [ref.name for ref in refs.values() if ref.entry.dtype not in _FLOAT_TYPES]
    if odd:
        problems.append(f"{len(odd)} not floating point, so quantised ({_some(odd)})")
    if problems:
        raise BaseModelError(
            f"{what} does not fit: of {len(expected)} tensors, {'; '.join(problems)}",
            hint="The file is incomplete, of a variant that is not supported, or not what its "
            "description says. Fetch it again, or take the original it was made from.",
        )


def _some(names: list[str]) -> str:
    """Return the first names and how many follow."""
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
