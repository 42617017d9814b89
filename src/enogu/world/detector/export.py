"""The detector as an ONNX file in the form of YOLO 8, with its card."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from enogu.files import write_text_atomic
from enogu.pictures.onnx_file import card_path
from enogu.pictures.regions.embedded import EMBEDDED_PATH
from enogu.world.detector.boxes import LABELS
from enogu.world.detector.network import INPUT_PX, DetectorNet, decode
from enogu.world.detector.scenes import PADDING
from enogu.world.onnx_export import write_onnx

SURE_CHANCE: Final = 0.9
"""A score of one half says that a box is right so often, on pictures as it was calibrated on."""
LEAST_CHANCE: Final = 0.35
"""Boxes that are right less often are not said."""
_MAX_OVERLAP: Final = 0.45


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How the logits of one label become chances: ``sigmoid(slope * logit + shift)``."""

    slope: float = 1.0
    shift: float = 0.0


class _WholeDetector(nn.Module):
    """From a picture in [0, 1] to rows of boxes, as a detector of YOLO's form answers."""

    def __init__(self, net: DetectorNet, calibrations: tuple[Calibration, ...]) -> None:
        super().__init__()
        self.net = net
        self.slopes: Tensor
        self.shifts: Tensor
        self.register_buffer("slopes", torch.tensor([[c.slope] for c in calibrations]))
        self.register_buffer("shifts", torch.tensor([[c.shift] for c in calibrations]))

    def forward(self, picture_BCHW: Tensor) -> Tensor:
        """Return [1, 4 + labels, labels * places].

        Head and face often share their middle, and a row names one label only: so each label has
        rows of its own, with zeros under the other labels.
        """
        logits, boxes = decode(self.net(picture_BCHW))
        scores = (logits[0] * self.slopes + self.shifts).sigmoid()
        own = [
            torch.cat([scores[i : i + 1] * float(i == j) for i in range(len(LABELS))], dim=1)
            for j in range(len(LABELS))
        ]
        flat = boxes[0].reshape(-1, 4).T
        centre, size = (flat[:2] + flat[2:]) / 2, flat[2:] - flat[:2]
        return torch.cat([centre, size, *own], dim=0)[None]


def sure_shift() -> float:
    """Return what is taken from a logit so that `SURE_CHANCE` becomes a score of one half."""
    return math.log(SURE_CHANCE / (1 - SURE_CHANCE))


def least_score() -> float:
    """Return the score below which a box is not said."""
    return 1 / (1 + math.exp(sure_shift() - math.log(LEAST_CHANCE / (1 - LEAST_CHANCE))))


def export_detector(
    net: DetectorNet,
    path: Path = EMBEDDED_PATH,
    *,
    calibrations: tuple[Calibration, ...] | None = None,
    min_score: float,
    facts: dict[str, str] | None = None,
) -> int:
    """Write a folded network and its card, and return the size of the network in bytes.

    Args:
        net: From :func:`enogu.world.detector.training.train_detector`.
        path: The ONNX file; the card goes beside it.
        calibrations: One for each label; none leaves the chances as the network says them.
        min_score: For the card: boxes below are not said, 0 to 1.
        facts: About the training; written into the file.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        StorageError: The place cannot be written.
    """
    used = calibrations or tuple(Calibration() for _ in LABELS)
    num_bytes = write_onnx(
        _WholeDetector(net, used).eval(),
        torch.zeros(1, 3, INPUT_PX, INPUT_PX),
        path,
        input_name="picture",
        output_name="boxes",
        dynamic_shapes=None,
        metadata={"names": str(dict(enumerate(LABELS))), **(facts or {})},
    )
    card = {
        "input": {
            "width": INPUT_PX,
            "height": INPUT_PX,
            "padding": PADDING,
            "sampling": "smooth",
        },
        "output": {
            "form": "v8",
            "labels": list(LABELS),
            "min_score": round(min_score, 4),
            "max_overlap": _MAX_OVERLAP,
        },
    }
    write_text_atomic(card_path(path), json.dumps(card, indent=2) + "\n")
    return num_bytes
