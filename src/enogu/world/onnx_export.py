"""Writing a network of this room as an ONNX file, for programs that have no torch."""

import importlib.util
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from enogu.errors import MissingExtraError
from enogu.files import atomic_path, make_dirs

if TYPE_CHECKING:
    from onnx import ModelProto

_OPSET = 18


def check_can_export(otherwise: str = "") -> None:
    """Refuse to begin where the export would fail for want of a package.

    Args:
        otherwise: What a person can do instead of installing it.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
    """
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"writing the ONNX file needs the package {' and '.join(missing)}",
            hint="pip install 'enogu[onnx]'" + (f"   or {otherwise}" if otherwise else ""),
        )


def write_onnx(
    network: nn.Module,
    example: Tensor,
    path: Path,
    *,
    input_name: str,
    output_name: str,
    dynamic_shapes: Mapping[str, Any] | None,
    metadata: Mapping[str, str],
) -> int:
    """Write a network of one input and one output as ONNX and return the size in bytes.

    Weights are kept in half precision and computed with in single precision.

    Args:
        network: In evaluation mode.
        example: An input; its shape is fixed where `dynamic_shapes` does not free it.
        path: The file.
        input_name: What the file calls the input.
        output_name: What the file calls the output.
        dynamic_shapes: As `torch.onnx.export` takes it.
        metadata: Written into the file.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        StorageError: The place cannot be written.
    """
    check_can_export()
    with warnings.catch_warnings():
        # The exporter warns of its own future; nothing in it can be acted on here.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network,
            (example,),
            input_names=[input_name],
            output_names=[output_name],
            dynamic_shapes=None if dynamic_shapes is None else dict(dynamic_shapes),
            opset_version=_OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    model = program.model_proto
    _halve_weights(model)
    for key, value in metadata.items():
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
