"""What the grid should answer, decoding, and the loss, against closed forms."""

import math

import pytest
import torch

from enogu.world.detector.boxes import Spot
from enogu.world.detector.network import (
    INPUT_PX,
    STRIDE,
    DetectorNet,
    DetectorShape,
    decode,
    grid_centres,
)
from enogu.world.detector.targets import build_targets, detector_loss, generalised_overlap

GRID = 6


def spot(left, top, right, bottom, label=0):
    return Spot(label=label, left=left, top=top, right=right, bottom=bottom)


def test_raw_distances_decode_to_boxes_around_their_place():
    answers = torch.zeros(1, 10, 2, 3)
    answers[0, 2:6, 1, 2] = torch.tensor([0.0, math.log(2), math.log(0.5), 9.0])
    logits, boxes = decode(answers)
    assert logits.shape == (1, 2, 6) and boxes.shape == (1, 2, 6, 4)
    x, y = 2.5 * STRIDE, 1.5 * STRIDE
    # A raw 0 is 16 px, log 2 twice that; 9 is held at e^4.
    wanted = [x - 16, y - 32, x + 8, y + 16 * math.exp(4)]
    assert boxes[0, 0, 5].tolist() == pytest.approx(wanted, rel=1e-5)
    assert boxes[0, 1, 0].tolist() == pytest.approx([4 - 16, 4 - 16, 4 + 16, 4 + 16])


def test_the_places_in_the_middle_answer_and_those_around_are_not_asked():
    grid = 10
    targets = build_targets([[spot(8, 8, 72, 72)], []], grid)
    middle = targets.is_middle[0, 0].reshape(grid, grid)
    assert middle.nonzero().tolist() == [[4, 4], [4, 5], [5, 4], [5, 5]]
    assert targets.boxes[0, 0].reshape(grid, grid, 4)[4, 5].tolist() == [8, 8, 72, 72]
    asked = targets.is_asked[0, 0].reshape(grid, grid)
    # 20 px from the middle is within 0.32 of 64 px, 28 px is not.
    assert not asked[2, 4] and asked[1, 4] and asked[4, 4]
    assert not targets.is_middle[0, 1].any() and not targets.is_middle[1].any()


@pytest.mark.parametrize("x", [10.0, 13.0, 16.0, 23.9])
def test_even_the_smallest_box_has_a_place(x):
    targets = build_targets([[spot(x, 9, x + 5, 14, label=1)]], GRID)
    assert 1 <= int(targets.is_middle[0, 1].sum()) <= 4


def test_where_two_middles_meet_the_smaller_box_counts():
    large, small = spot(0, 0, 48, 48), spot(16, 16, 32, 32)
    for order in ([large, small], [small, large]):
        boxes = build_targets([order], GRID).boxes[0, 0].reshape(GRID, GRID, 4)
        assert boxes[2, 2].tolist() == [16, 16, 32, 32]


def test_generalised_overlap_of_known_pairs():
    box = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    assert generalised_overlap(box, box).item() == pytest.approx(1)
    half = torch.tensor([[1.0, 0.0, 3.0, 2.0]])
    assert generalised_overlap(box, half).item() == pytest.approx(2 / 6)
    # Side by side with a gap of 2: no overlap, hull 6 by 2, union 8.
    apart = torch.tensor([[4.0, 0.0, 6.0, 2.0]])
    assert generalised_overlap(box, apart).item() == pytest.approx(-(12 - 8) / 12)


def test_the_loss_is_the_focal_loss_plus_the_box_loss():
    targets = build_targets([[spot(8, 8, 40, 40)]], GRID)
    right = targets.boxes
    logits = torch.where(targets.is_middle, 2.0, -3.0)
    hit, empty = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(3))
    num_empty = int((targets.is_asked & ~targets.is_middle).sum())
    wanted = 4 * (1 - hit) ** 2 * -math.log(hit) + num_empty * empty**2 * -math.log(1 - empty)
    assert detector_loss(logits, right, targets).item() == pytest.approx(wanted / 4, rel=1e-4)
    moved = right + torch.tensor([16.0, 0, 16.0, 0])
    # Boxes of 32 px moved by half: overlap 1/3, and the hull adds nothing.
    more = detector_loss(logits, moved, targets).item() - wanted / 4
    assert more == pytest.approx(1.5 * (1 - 1 / 3), rel=1e-4)


def test_the_network_answers_for_every_place_and_expects_little_at_first():
    net = DetectorNet(DetectorShape(channels=(4, 4, 8, 8, 8))).eval()
    with torch.no_grad():
        answers = net(torch.rand(2, 3, INPUT_PX, INPUT_PX))
    side = INPUT_PX // STRIDE
    assert answers.shape == (2, 10, side, side)
    logits, _ = decode(answers)
    assert 0.001 < float(logits.sigmoid().mean()) < 0.1
    assert grid_centres(side, side)[-1].tolist() == [INPUT_PX - STRIDE / 2] * 2
