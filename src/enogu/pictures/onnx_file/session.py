"""Opening an ONNX file that a person brought, and refusing one that is not what its card says."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from enogu.errors import MissingExtraError, ModelFileError
from enogu.pictures.onnx_file.card import InputCard
from enogu.pictures.onnx_file.prepare import Array

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_NEXT = "Check the model's page for its size, layout and outputs, and mend the card beside it."


InputShape: TypeAlias = list[int | str | None]
"""Sides of an input as the file states them; names and None are open."""


class _InputEntry(Protocol):
    """How onnxruntime describes an input."""

    name: str
    type: str
    shape: InputShape


class PictureModel:
    """A network that reads one picture.

    Args:
        path: The ONNX file.
        card: What its input is, or how that follows from the shape that the file states.
        threads: How many threads it may use.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: The file is missing, no ONNX file, or its input is not as the card says.
    """

    def __init__(
        self,
        path: Path,
        card: InputCard | Callable[[InputShape], InputCard],
        *,
        threads: int = 1,
    ) -> None:
        self.path = path
        self._session = _open(path, threads)
        self._input = self._only_input()
        self.card = card if isinstance(card, InputCard) else card(list(self._input.shape))
        self._check_shape()

    @property
    def output_shapes(self) -> list[InputShape]:
        """The shapes that the file states for its outputs; names and None are open."""
        return [list(entry.shape) for entry in self._session.get_outputs()]

    @property
    def metadata(self) -> dict[str, str]:
        """What the exporter wrote into the file, by name."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, values: Array) -> list[Array]:
        """Return the outputs for one input.

        Args:
            values: As :func:`enogu.pictures.onnx_file.prepare.to_input` makes it.

        Returns:
            Each output as float32.

        Raises:
            ModelFileError: The network failed, or an output is not finite.
        """
        kind = np.float16 if self._input.type == "tensor(float16)" else np.float32
        try:
            answers: Sequence[Any] = self._session.run(
                None, {self._input.name: values.astype(kind)}
            )
        except _runtime_errors() as error:
            raise ModelFileError(
                f"{self.path}: the network failed on an input of {list(values.shape)} "
                f"({_first_line(error)})",
                hint=_NEXT,
            ) from error
        outputs = [np.asarray(answer, dtype=np.float32) for answer in answers]
        if not all(np.isfinite(output).all() for output in outputs):
            raise ModelFileError(
                f"{self.path}: the network answered with values that are not numbers", hint=_NEXT
            )
        return outputs

    def _only_input(self) -> _InputEntry:
        inputs: list[_InputEntry] = list(self._session.get_inputs())
        if len(inputs) != 1:
            names = ", ".join(entry.name for entry in inputs)
            raise ModelFileError(
                f"{self.path}: has {len(inputs)} inputs ({names}); a network that reads a picture "
                "has one",
                hint="It may be another part of the same model; look for the whole one.",
            )
        entry = inputs[0]
        if entry.type not in ("tensor(float)", "tensor(float16)"):
            raise ModelFileError(
                f"{self.path}: its input {entry.name} is {entry.type}; float32 and float16 are "
                "understood",
                hint=_NEXT,
            )
        return entry

    def _check_shape(self) -> None:
        card, entry = self.card, self._input
        wanted = [1, 3, card.height, card.width]
        if card.layout == "NHWC":
            wanted = [1, card.height, card.width, 3]
        fits = len(entry.shape) == 4 and all(
            not isinstance(there, int) or there == here
            for there, here in zip(entry.shape, wanted, strict=True)
        )
        if not fits:
            raise ModelFileError(
                f"{self.path}: its input {entry.name} has the shape {list(entry.shape)}; the card "
                f"says {wanted} ({card.layout})",
                hint=_NEXT,
            )


def _open(path: Path, threads: int) -> "InferenceSession":
    if importlib.util.find_spec("onnxruntime") is None:
        raise MissingExtraError(
            f"{path}: running an ONNX file needs the package onnxruntime",
            hint="pip install 'enogu[onnx]'",
        )
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no such model file", hint="Check the path.")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Errors come as exceptions; the log would say them a second time.
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except _runtime_errors() as error:
        raise ModelFileError(
            f"{path}: is not an ONNX file that can be run ({_first_line(error)})",
            hint="Weights in other forms (.pth, .safetensors, .ckpt) must be exported to ONNX "
            "first; a cut-off download must be fetched again.",
        ) from error


def _runtime_errors() -> tuple[type[Exception], ...]:
    state = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    # They have no common ancestor but Exception.
    names = (
        "EPFail",
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NoSuchFile",
        "NotImplemented",
        "RuntimeException",
    )
    return (*(getattr(state, name) for name in names), RuntimeError, ValueError)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__
