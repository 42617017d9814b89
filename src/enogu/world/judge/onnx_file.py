"""A reader as an ONNX file, for programs that have no torch."""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from enogu.world.judge.network import INPUT_PX, JudgeNet
from enogu.world.judge.reader import Reader
from enogu.world.onnx_export import write_onnx
from enogu.world.questions import questions_to_text, vocabulary_digest


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


def export_onnx(reader: Reader, path: Path) -> int:
    """Write `reader` as ONNX and return the size in bytes.

    Input ``pixels``: uint8 [N, 128, 128, 3]. Output ``probabilities``: float32 [N, answers], in
    the order of the JSON in the metadata entry ``questions``. Weights are kept in half precision,
    as in the safetensors file, and computed with in single precision.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        StorageError: The place cannot be written.
    """
    whole = _WholeReader(reader.net, list(reader.temperatures.values())).eval()
    return write_onnx(
        whole,
        torch.zeros(2, INPUT_PX, INPUT_PX, 3, dtype=torch.uint8),
        path,
        input_name="pixels",
        output_name="probabilities",
        dynamic_shapes={"pixels_BHWC": {0: torch.export.Dim("pictures", min=1)}},
        metadata={
            "questions": questions_to_text(reader.questions),
            "vocabulary": vocabulary_digest(reader.questions),
            "temperatures": json.dumps(reader.temperatures),
        },
    )
