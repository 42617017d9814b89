"""What is left out of an adapter in one training step, so that it does not rely on any one part.

All choices follow from (seed, step, layer), never from the order of calls: a forward pass that is
computed twice (gradient checkpointing) leaves out the same, and a resumed run goes on as it would.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(kw_only=True)
class StepNoise:
    """Shared by the layers of an adapter in training.

    Attributes:
        seed: Seed of the run.
        network: Share of the numbers between down and up that are zeroed, 0..1 (dropout).
        rank: Share of the ranks that are zeroed per picture, 0..1.
        module: Share of the layers that are left out, 0..1.
        rank_unit: Ranks per block of a nested adapter (DyLoRA); None for others.
        step: The step that is being computed.
        first: Place in the step of the first picture that is computed: a step in several parts
            leaves out what it would leave out in one.
        pictures: How many are computed; only read when `first` is above 0.
        active: On while a training step is computed, off while samples are drawn.
    """

    seed: int
    network: float = 0.0
    rank: float = 0.0
    module: float = 0.0
    rank_unit: int | None = None
    step: int = 0
    first: int = 0
    pictures: int = 1
    active: bool = False

    @property
    def needed(self) -> bool:
        """Whether anything is ever left out."""
        return bool(self.network or self.rank or self.module or self.rank_unit)

    def skips(self, name: str) -> bool:
        """Whether the layer is left out in this step."""
        if not self.module:
            return False
        return float(torch.rand((), generator=self._generator("module", name))) < self.module

    def mask(self, shape: tuple[int, ...], share: float, name: str, like: Tensor) -> Tensor:
        """Return 0 for a `share` of places and 1 / (1 - share) for the others.

        The mean is kept, so nothing has to be changed when all places are back.
        """
        drawn = torch.rand(shape, generator=self._generator("mask", name))
        kept = (drawn >= share).to(like.dtype) / (1.0 - share)
        return kept.to(like.device)

    def mask_pictures(
        self, shape: tuple[int, ...], share: float, name: str, like: Tensor
    ) -> Tensor:
        """Return a mask whose first dimension is pictures; each depends on its place in the step.

        Args:
            shape: [B, ...] or, where texts have several chunks, [B * chunks, ...].
            share: As in :meth:`mask`.
            name: As in :meth:`mask`.
            like: As in :meth:`mask`.
        """
        before = self.first * (shape[0] // self.pictures) if self.first else 0
        return self.mask((before + shape[0], *shape[1:]), share, name, like)[before:]

    def nested_rank(self, full: int) -> int:
        """Return how many ranks take part in this step: a multiple of `rank_unit`, up to `full`.

        One number for all layers, uniform over the multiples (DyLoRA, arXiv:2210.07558).
        """
        unit = self.rank_unit or full
        blocks = max(full // unit, 1)
        drawn = torch.randint(blocks, (), generator=self._generator("rank", ""))
        return min((int(drawn) + 1) * unit, full)

    def _generator(self, purpose: str, name: str) -> torch.Generator:
        return named_generator(self.seed, f"{purpose}\0{self.step}\0{name}")


def named_generator(seed: int, name: str) -> torch.Generator:
    """Return a generator on the CPU that depends on `(seed, name)` alone."""
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
