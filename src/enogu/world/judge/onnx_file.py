"""A reader as an ONNX file, for programs that have no torch."""

import importlib.util
import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from enogu.errors import MissingExtraError
from enogu.files import atomic_path, make_dirs
from enogu.world.judge.network import INPUT_PX, JudgeNet
from enogu.world.judge.reader import Reader
from enogu.world.questions import questions_to_text, vocabulary_digest

if TYPE_CHECKING:
    from onnx import ModelProto

_OPSET = 18


class _WholeReader(nn.Module):
    """From pixels to probabilities, as :meth:`enogu.world.judge.reader.Reader.read` gives them."""

    def __init__(self, net: JudgeNet, temperatures: list[float]) -> None:
        super().__init__()
        self.net = net
        self.temperatures = temperatures

    def forward(self, pixels_BHWC: Tensor) -> Tensor:
        logits = self.net(pixels_BHWC.permute(0, 3, 1, 2).float() / 255.0)
        parts = logits.split(list(self.net.sizes), dim=1)
        return torch.cat(
            [
                (scores / temperature).softmax(dim=1)
                for scores, temperature in zip(parts, self.temperatures, strict=True)
            ],
            dim=1,
        )


def check_can_export() -> None:
    """Refuse to begin where the export would fail for want of a package.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
    """
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"writing the ONNX file needs the package {' and '.join(missing)}",
            hint="pip install 'enogu[onnx]'   or leave the file out with --no-onnx",
        )


def export_onnx(reader: Reader, path: Path) -> int:
    """Write `reader` as ONNX and return the size in bytes.

    Input ``pixels``: uint8 [N, 128, 128, 3]. Output ``probabilities``: float32 [N, answers], in
    the order of the JSON in the metadata entry ``questions``. Weights are kept in half precision,
    as in the safetensors file, and computed with in single precision.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        StorageError: The place cannot be written.
    """
    check_can_export()
    whole = _WholeReader(reader.net, list(reader.temperatures.values())).eval()
    example = torch.zeros(2, INPUT_PX, INPUT_PX, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        # The exporter warns of its own future; nothing in it can be acted on here.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            whole,
            (example,),
            input_names=["pixels"],
            output_names=["probabilities"],
            dynamic_shapes={"pixels_BHWC": {0: torch.export.Dim("pictures", min=1)}},
            opset_version=_OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    model = program.model_proto
    _halve_weights(model)
    for key, value in {
        "questions": questions_to_text(reader.questions),
        "vocabulary": vocabulary_digest(reader.questions),
        "temperatures": json.dumps(reader.temperatures),
    }.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    make_dirs(path.parent)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
    return path.stat().st_size


def _halve_weights(model: "ModelProto") -> None:
    """Store float32 weights as float16 with a cast behind each: half the size, equal numbers."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(numpy_helper.to_array(weight).shape) < 1:
            continue
        name = weight.name
        halved = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(halved, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    # Notes of where each node came from: they name files of the machine that exported.
    del model.graph.value_info[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
