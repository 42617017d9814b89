"""The judge's network: a small residual net that looks at one place of the picture per question.

Every axis has its own attention map over the last feature grid, because the answers sit in
different places: hair above, clothes below, eyes in a few cells. Batch normalisation is used in
training only. It is folded into the convolutions before a judge is written, so what ships
is convolutions, ReLU and two matrix products.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Net = TypeVar("Net", bound=nn.Module)

INPUT_PX = 128
"""Width and height of the picture the network sees; mini draws at this size."""


@dataclass(frozen=True, kw_only=True)
class JudgeShape:
    """Widths and depths; the defaults are the shipped judge."""

    channels: tuple[int, int, int, int] = (16, 32, 64, 96)
    """At 1/2, 1/4, 1/8 and 1/16 of the picture's size."""
    depths: tuple[int, int, int] = (1, 1, 1)
    """Residual blocks at 1/4, 1/8 and 1/16."""
    dropout: float = 0.1
    """Of the features of each question, in training."""

    def to_metadata(self) -> dict[str, str]:
        """Return the shape as strings, to compare a saved state with."""
        return {key: str(value) for key, value in asdict(self).items()}


def conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution that keeps the picture's extent, with batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut.

    Args:
        width: Channels in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv_norm(width, width, 3)
        self.second = conv_norm(width, width, 3)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return features of the same shape."""
        return torch.relu(x_BCHW + self.second(torch.relu(self.first(x_BCHW))))


class JudgeNet(nn.Module):
    """From pictures to one row of logits over all answers of all questions.

    Legend: B pictures, C channels, H W grid, Q questions, P grid places, V answers of all
    questions one after another.

    Args:
        sizes: Number of answers of each question.
        shape: Widths and depths.
    """

    def __init__(self, sizes: Sequence[int], shape: JudgeShape) -> None:
        super().__init__()
        first, second, third, fourth = shape.channels
        self.sizes = tuple(sizes)
        self.stem = nn.ModuleList([conv_norm(3, first, 5, 2), conv_norm(first, second, 3, 2)])
        self.quarter = _blocks(second, shape.depths[0])
        self.to_eighth = conv_norm(second, third, 3, 2)
        self.eighth = _blocks(third, shape.depths[1])
        self.to_sixteenth = conv_norm(third, fourth, 3, 2)
        self.sixteenth = _blocks(fourth, shape.depths[2])
        # What the coarse grid has understood is told to the finer one, where eyes have a place.
        self.lateral = nn.Conv2d(fourth, third, 1)
        self.merge = conv_norm(third, fourth, 3)
        self.attention = nn.Conv2d(fourth, len(self.sizes), 1)
        grid = INPUT_PX // 8
        self.places = nn.Parameter(torch.zeros(len(self.sizes), grid * grid))
        self.dropout = nn.Dropout(shape.dropout)
        self.answer_weight = nn.Parameter(torch.empty(sum(self.sizes), fourth))
        self.answer_bias = nn.Parameter(torch.zeros(sum(self.sizes)))
        nn.init.normal_(self.answer_weight, std=fourth**-0.5)
        owner = [q for q, size in enumerate(self.sizes) for _ in range(size)]
        self.owner: Tensor
        self.register_buffer("owner", torch.tensor(owner), persistent=False)

    def forward(self, pictures_BCHW: Tensor) -> Tensor:
        """Return logits [B, V] for pictures [B, 3, 128, 128] in [0, 1]."""
        x = pictures_BCHW - 0.5
        for layer in self.stem:
            x = torch.relu(layer(x))
        x = self.quarter(x)
        fine = self.eighth(torch.relu(self.to_eighth(x)))
        coarse = self.sixteenth(torch.relu(self.to_sixteenth(fine)))
        wide = nn.functional.interpolate(self.lateral(coarse), scale_factor=2.0, mode="nearest")
        features = torch.relu(self.merge(fine + wide))
        where_BQP = (self.attention(features).flatten(2) + self.places).softmax(dim=-1)
        read_BQC = torch.matmul(where_BQP, features.flatten(2).transpose(1, 2))
        own_BVC = self.dropout(read_BQC).index_select(1, self.owner)
        return (own_BVC * self.answer_weight).sum(dim=-1) + self.answer_bias


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width) for _ in range(count)))


def fold_batch_norm(net: Net) -> Net:
    """Return a copy of `net` for use only: batch normalisation folded in, weights fixed."""
    folded = copy.deepcopy(net).eval()
    for module in list(folded.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Sequential) and len(child) == 2:
                conv, norm = child[0], child[1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    setattr(module, name, fuse_conv_bn_eval(conv, norm))
    return use_channels_last(folded.requires_grad_(False))


def use_channels_last(net: Net) -> Net:
    """Lay out the convolutions of `net` as CPUs compute them fastest, and return it."""
    for weight in (p for p in net.parameters() if p.ndim == 4):
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return net


def empty_folded(sizes: Sequence[int], shape: JudgeShape) -> JudgeNet:
    """Return a folded network whose weights are to be filled from a file."""
    return fold_batch_norm(JudgeNet(sizes, shape))


@torch.no_grad()
def measure_batch_statistics(
    net: nn.Module, batches: Iterable[Tensor], forward: Callable[[Tensor], Tensor]
) -> None:
    """Set the means and variances of batch normalisation to their averages over `batches`.

    Averaged weights were never run in training, so their statistics are not known yet
    (arXiv:1803.05407, section 3.2).

    Args:
        net: Changed in place; left in evaluation mode.
        batches: Pictures as in training.
        forward: Runs `net`, in the number format of training.
    """
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
    net.train()
    for batch in batches:
        forward(batch)
    net.eval()
