"""The network: its answers stand in order, and folding changes nothing."""

import torch
from torch import nn

from enogu.world.judge.network import (
    INPUT_PX,
    JudgeNet,
    JudgeShape,
    fold_batch_norm,
    measure_batch_statistics,
)

SHAPE = JudgeShape(channels=(4, 6, 8, 10), depths=(1, 1, 1))


def trained_net() -> JudgeNet:
    """A net whose normalisation has met pictures."""
    torch.manual_seed(0)
    net = JudgeNet([2, 3], SHAPE)
    pictures = torch.rand(6, 3, INPUT_PX, INPUT_PX)
    measure_batch_statistics(net, [pictures[:3], pictures[3:]], net)
    return net


def test_folding_keeps_the_answers() -> None:
    net = trained_net()
    folded = fold_batch_norm(net)
    assert not [m for m in folded.modules() if isinstance(m, nn.BatchNorm2d)]
    pictures = torch.rand(2, 3, INPUT_PX, INPUT_PX)
    with torch.no_grad():
        assert torch.allclose(folded(pictures), net(pictures), atol=1e-5)
    assert [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)], "the net itself is kept"


def test_each_question_reads_from_its_own_place() -> None:
    net = fold_batch_norm(trained_net())
    pictures = torch.rand(1, 3, INPUT_PX, INPUT_PX)
    before = net(pictures)
    with torch.no_grad():
        net.places[1, 7] += 50
    after = net(pictures)
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2:], after[:, 2:])


def test_statistics_are_the_plain_average_over_batches() -> None:
    net = trained_net()
    first = net.stem[0][1]
    assert isinstance(first, nn.BatchNorm2d)
    torch.manual_seed(0)
    JudgeNet([2, 3], SHAPE)
    pictures = torch.rand(6, 3, INPUT_PX, INPUT_PX)
    responses = net.stem[0][0](pictures - 0.5).detach()
    expected = (responses[:3].mean(dim=(0, 2, 3)) + responses[3:].mean(dim=(0, 2, 3))) / 2
    assert first.running_mean is not None
    assert torch.allclose(first.running_mean, expected, atol=1e-5)
    assert not net.training


def test_a_picture_does_not_depend_on_its_neighbours() -> None:
    net = fold_batch_norm(trained_net())
    pictures = torch.rand(3, 3, INPUT_PX, INPUT_PX)
    assert torch.allclose(net(pictures)[1], net(pictures[1:2])[0], atol=1e-5)


def test_the_shape_is_written_as_text() -> None:
    assert SHAPE.to_metadata()["channels"] == "(4, 6, 8, 10)"
    assert JudgeShape().to_metadata() != SHAPE.to_metadata()
