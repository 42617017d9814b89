"""Weights kept in bf16 that still learn from small steps: rounding by chance.

bf16 keeps 8 bits of a number, so a step below a 256th of a weight would be lost each time it is
rounded to the nearest. Rounded up or down by chance, in the ratio of the distances, the weight
moves by the step on average (arXiv:2010.06192, section 4).
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from enogu.diffusion.noise import seeded_generator
from enogu.train.feed import ROUNDING_STREAM

_LOST_BITS = 16
"""Bits that a float32 has more than a bfloat16, all of them at the end."""


def round_by_chance(values: Tensor, generator: torch.Generator) -> Tensor:
    """Round to one of the two nearest bf16 numbers, the nearer one more often.

    The mean over many roundings is the value itself; what bf16 can hold stays as it is.

    Args:
        values: float32, finite.
        generator: On the device of the values.

    Returns:
        bfloat16 of the same shape.
    """
    bits = values.contiguous().view(torch.int32)
    chance = torch.randint(
        0,
        1 << _LOST_BITS,
        bits.shape,
        generator=generator,
        dtype=torch.int32,
        device=values.device,
    )
    cut = (bits + chance) & -(1 << _LOST_BITS)
    return cut.view(torch.float32).to(torch.bfloat16)


@contextmanager
def in_full_precision(parameters: Iterable[nn.Parameter], seed: int, step: int) -> Generator[None]:
    """Let an optimiser see bf16 weights and gradients in fp32; afterwards round by chance.

    Weights of other formats are left alone. The fp32 copies live for the step only, when nothing
    is kept of the forward pass any more.

    Args:
        parameters: The weights.
        seed: Seed of the run.
        step: The chances follow from both.
    """
    short = [p for p in parameters if p.dtype == torch.bfloat16]
    for parameter in short:
        gradient, parameter.grad = parameter.grad, None
        parameter.data = parameter.data.float()
        parameter.grad = None if gradient is None else gradient.float()
    try:
        yield
    finally:
        generators: dict[torch.device, torch.Generator] = {}
        for parameter in short:
            generator = generators.setdefault(
                parameter.device, _generator(seed, step, parameter.device)
            )
            parameter.grad = None
            parameter.data = round_by_chance(parameter.data, generator)


def _generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    chosen = seeded_generator(seed, ROUNDING_STREAM, step)
    if device.type == "cpu":
        return chosen
    return torch.Generator(device).manual_seed(chosen.initial_seed())
