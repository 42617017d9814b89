"""The detector's network: one grid of answers at an eighth of the picture's side.

Each place of the grid says for each label how sure it is that it lies in the middle of one, and how
far the four sides are away (arXiv:1904.01355). The coarser grids behind it, down to 1/32, tell the
fine one what it is part of, so that small and large heads need no anchors.
"""

import math
from dataclasses import asdict, dataclass
from typing import Final

import torch
from torch import Tensor, nn

from enogu.world.detector.boxes import LABELS
from enogu.world.judge.network import ResidualBlock, conv_norm

INPUT_PX: Final = 160
"""Width and height of the picture in training and in use."""
STRIDE: Final = 8
_UNIT_PX: Final = 16.0
"""A raw distance of 0 stands for so many pixels."""
_MAX_RAW: Final = 4.0
_FIRST_CHANCE: Final = 0.01
"""What an untrained network says of every place: nearly all are empty."""


@dataclass(frozen=True, kw_only=True)
class DetectorShape:
    """Widths of the network; the defaults are the shipped detector."""

    channels: tuple[int, int, int, int, int] = (16, 32, 48, 56, 56)
    """At 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's side."""

    def to_metadata(self) -> dict[str, str]:
        """Return the shape as strings, to compare a saved state with."""
        return {key: str(value) for key, value in asdict(self).items()}


class DetectorNet(nn.Module):
    """From pictures to grids of chances and boxes.

    Legend: B pictures, C channels, H W the grid, L labels.

    Args:
        shape: Widths.
    """

    def __init__(self, shape: DetectorShape) -> None:
        super().__init__()
        first, second, third, fourth, fifth = shape.channels
        self.stem = nn.ModuleList([conv_norm(3, first, 3, 2), conv_norm(first, second, 3, 2)])
        self.to_eighth = conv_norm(second, third, 3, 2)
        self.eighth = ResidualBlock(third)
        self.to_sixteenth = conv_norm(third, fourth, 3, 2)
        self.sixteenth = ResidualBlock(fourth)
        self.to_last = conv_norm(fourth, fifth, 3, 2)
        self.last = ResidualBlock(fifth)
        self.last_to_sixteenth = nn.Conv2d(fifth, fourth, 1)
        self.merge_sixteenth = conv_norm(fourth, fourth, 3)
        self.sixteenth_to_eighth = nn.Conv2d(fourth, third, 1)
        self.merge_eighth = conv_norm(third, third, 3)
        self.before_answer = conv_norm(third, fourth, 3)
        self.answer = nn.Conv2d(fourth, 5 * len(LABELS), 1)
        nn.init.normal_(self.answer.weight, std=0.01)
        assert self.answer.bias is not None
        nn.init.zeros_(self.answer.bias)
        with torch.no_grad():
            self.answer.bias[: len(LABELS)] = -math.log(1 / _FIRST_CHANCE - 1)

    def forward(self, pictures_BCHW: Tensor) -> Tensor:
        """Return [B, 5 L, H, W] for pictures in [0, 1].

        The first L channels are logits; then follow the four distances of each label, raw.
        """
        x = pictures_BCHW - 0.5
        for layer in self.stem:
            x = torch.relu(layer(x))
        eighth = self.eighth(torch.relu(self.to_eighth(x)))
        sixteenth = self.sixteenth(torch.relu(self.to_sixteenth(eighth)))
        last = self.last(torch.relu(self.to_last(sixteenth)))
        sixteenth = sixteenth + _twice(self.last_to_sixteenth(last))
        sixteenth = torch.relu(self.merge_sixteenth(sixteenth))
        eighth = eighth + _twice(self.sixteenth_to_eighth(sixteenth))
        eighth = torch.relu(self.merge_eighth(eighth))
        return self.answer(torch.relu(self.before_answer(eighth)))


def _twice(x_BCHW: Tensor) -> Tensor:
    return nn.functional.interpolate(x_BCHW, scale_factor=2.0, mode="nearest")


def grid_centres(height: int, width: int) -> Tensor:
    """Return the middle of each place of the grid as x and y in pixels, [H W, 2]."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return (torch.stack([x, y], dim=-1).reshape(-1, 2) + 0.5) * STRIDE


def decode(answers_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Turn the network's answers into logits and boxes.

    Args:
        answers_BCHW: From :class:`DetectorNet`.

    Returns:
        Logits [B, L, H W], and boxes [B, L, H W, 4] as left, top, right, bottom in pixels of the
        input.
    """
    count = len(LABELS)
    batch, _, height, width = answers_BCHW.shape
    logits = answers_BCHW[:, :count].flatten(2)
    raw = answers_BCHW[:, count:].reshape(batch, count, 4, height * width).transpose(2, 3)
    away = raw.clamp(-_MAX_RAW, _MAX_RAW).exp() * _UNIT_PX
    centres = grid_centres(height, width).to(away)
    return logits, torch.cat([centres - away[..., :2], centres + away[..., 2:]], dim=-1)
