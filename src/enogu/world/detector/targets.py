"""What each place of the grid should answer, and how wrong an answer is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from enogu.world.detector.boxes import LABELS, Spot
from enogu.world.detector.network import STRIDE, grid_centres

_MIDDLE: Final = 0.18
"""Places so near to the middle of a box, of its sides, answer for it."""
_AROUND: Final = 0.32
"""Places up to here may answer for it or not: nothing is asked of them."""
_LEAST_PX: Final = 0.71 * STRIDE
"""So that one place at least answers for each box, however small."""
_FOCUS: Final = 2.0
_BOX_WEIGHT: Final = 1.5


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Of a batch. Legend: B pictures, L labels, P places."""

    is_middle: Tensor
    """bool [B, L, P]: a place that answers for a box."""
    is_asked: Tensor
    """bool [B, L, P]: False where any answer is right."""
    boxes: Tensor
    """float32 [B, L, P, 4]: left, top, right, bottom in pixels; zeros where there is none."""


def build_targets(pictures: Sequence[Sequence[Spot]], grid: int) -> Targets:
    """Return what a square grid should answer.

    Args:
        pictures: The heads and faces of each picture.
        grid: Places along each side.
    """
    shape = (len(pictures), len(LABELS), grid * grid)
    is_middle = torch.zeros(shape, dtype=torch.bool)
    is_asked = torch.ones(shape, dtype=torch.bool)
    boxes = torch.zeros(*shape, 4)
    centres = grid_centres(grid, grid)
    for number, spots in enumerate(pictures):
        # Small ones last: where two middles meet, the one in front of the other counts.
        for spot in sorted(spots, key=lambda spot: -spot.area):
            middle = torch.tensor([(spot.left + spot.right) / 2, (spot.top + spot.bottom) / 2])
            sides = torch.tensor([spot.width, spot.height])
            away = (centres - middle).abs()
            inside = (away <= (_MIDDLE * sides).clamp(min=_LEAST_PX)).all(dim=1)
            around = (away <= (_AROUND * sides).clamp(min=2 * _LEAST_PX)).all(dim=1)
            is_asked[number, spot.label] &= ~around
            is_middle[number, spot.label] |= inside
            boxes[number, spot.label, inside] = torch.tensor(
                [float(side) for side in (spot.left, spot.top, spot.right, spot.bottom)]
            )
    return Targets(is_middle=is_middle, is_asked=is_asked | is_middle, boxes=boxes)


def detector_loss(logits: Tensor, boxes: Tensor, targets: Targets) -> Tensor:
    """Return one number for a batch: focal loss of the chances, GIoU of the boxes.

    The focal loss (arXiv:1708.02002) keeps the many empty places from drowning the few others.
    GIoU (arXiv:1902.09630) pulls boxes that do not meet yet.

    Args:
        logits: [B, L, P].
        boxes: [B, L, P, 4].
        targets: For the same grid.
    """
    wanted = targets.is_middle.float()
    chance = logits.sigmoid()
    plain = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    missed = torch.where(targets.is_middle, 1 - chance, chance).pow(_FOCUS)
    count = targets.is_middle.sum().clamp(min=1)
    score_loss = (plain * missed * targets.is_asked).sum() / count
    found, truth = boxes[targets.is_middle], targets.boxes[targets.is_middle]
    box_loss = (1 - generalised_overlap(found, truth)).sum() / count
    return score_loss + _BOX_WEIGHT * box_loss


def generalised_overlap(ones: Tensor, others: Tensor) -> Tensor:
    """Return the GIoU of pairs of boxes, from -1 to 1.

    Args:
        ones: [N, 4], left, top, right, bottom.
        others: [N, 4].
    """
    shared = _area(
        torch.maximum(ones[:, :2], others[:, :2]), torch.minimum(ones[:, 2:], others[:, 2:])
    )
    union = _area(ones[:, :2], ones[:, 2:]) + _area(others[:, :2], others[:, 2:]) - shared
    around = _area(
        torch.minimum(ones[:, :2], others[:, :2]), torch.maximum(ones[:, 2:], others[:, 2:])
    )
    union, around = union.clamp(min=1e-6), around.clamp(min=1e-6)
    return shared / union - (around - union) / around


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(dim=1)
