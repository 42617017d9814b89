"""From a dense difference to two thin factors, by its singular values."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.errors import AdapterError

_ZERO = 1e-6
"""A largest singular value below this is noise of the arithmetic: the layer does nothing."""


def _by_ratio(values: Tensor, goal: float) -> int:
    return int((values > values[0] / goal).sum())


def _by_sum(values: Tensor, goal: float) -> int:
    return int(torch.searchsorted(values.cumsum(0) / values.sum(), goal)) + 1


def _by_energy(values: Tensor, goal: float) -> int:
    squares = values.square()
    return int(torch.searchsorted(squares.cumsum(0) / squares.sum(), goal**2)) + 1


RANK_RULES: dict[str, Callable[[Tensor, float], int]] = {
    "sv_ratio": _by_ratio,
    "sv_cumulative": _by_sum,
    "sv_fro": _by_energy,
}
"""Ways to choose a rank from descending singular values, with the names of sd-scripts.

`sv_ratio`: those above the largest divided by the goal (goal above 1). `sv_cumulative`: until their
sum is the goal's share of all. `sv_fro`: until the kept Frobenius norm is that share.
"""


@dataclass(frozen=True, kw_only=True)
class RankRule:
    """How the rank of each layer is chosen.

    Attributes:
        rank: The rank, or the largest one when a rule chooses.
        conv_rank: The same for convolutions wider than 1x1; None for `rank`.
        rule: A name in `RANK_RULES`; None for a fixed rank.
        goal: Goal of the rule: above 1 for `sv_ratio`, else in 0..1.
    """

    rank: int
    conv_rank: int | None = None
    rule: str | None = None
    goal: float = 0.0

    def __post_init__(self) -> None:
        for name, rank in (("rank", self.rank), ("conv_rank", self.conv_rank)):
            if rank is not None and rank < 1:
                raise AdapterError(f"{name} must be 1 or more, got {rank}")
        if self.rule is None:
            return
        if self.rule not in RANK_RULES:
            raise AdapterError(
                f"there is no rule {self.rule!r} to choose a rank; known: {', '.join(RANK_RULES)}"
            )
        fits = self.goal > 1 if self.rule == "sv_ratio" else 0 < self.goal <= 1
        if not fits:
            allowed = "above 1" if self.rule == "sv_ratio" else "above 0 and at most 1"
            raise AdapterError(f"the goal of {self.rule} must be {allowed}, got {self.goal:g}")

    def choose(self, values: Tensor, *, wide: bool) -> int:
        """Return the rank for singular values in descending order."""
        limit = self.conv_rank if wide and self.conv_rank is not None else self.rank
        limit = min(limit, len(values))
        if float(values[0]) <= _ZERO:
            return 1
        if self.rule is None:
            return limit
        return max(1, min(RANK_RULES[self.rule](values, self.goal), limit))


@dataclass(frozen=True, kw_only=True)
class LowRank:
    """Two factors whose product is near a dense difference.

    Attributes:
        down: [R, I] or [R, I, kh, kw].
        up: [O, R] or [O, R, 1, 1].
        kept: Share of the Frobenius norm that is kept, 0..1; 1 for a difference of zero.
    """

    down: Tensor
    up: Tensor
    kept: float

    @property
    def rank(self) -> int:
        """The inner width."""
        return self.down.shape[0]


def low_rank_of(difference: Tensor, rule: RankRule) -> LowRank:
    """Return the best two factors of a difference: its largest singular values (Eckart-Young).

    The root of each value goes to either side, so that both factors fit fp16 equally well.

    Args:
        difference: [O, I] or [O, I, kh, kw], fp32.
        rule: Chooses the rank.
    """
    flat = difference.flatten(1)
    wide = difference.dim() == 4 and tuple(difference.shape[2:]) != (1, 1)
    left, values, right = torch.linalg.svd(flat, full_matrices=False)
    rank = rule.choose(values, wide=wide)
    roots = values[:rank].sqrt()
    up, down = left[:, :rank] * roots, roots[:, None] * right[:rank]
    whole = float(values.norm())
    if difference.dim() == 4:
        up, down = up[:, :, None, None], down.view(rank, *difference.shape[1:])
    return LowRank(
        down=down.contiguous(),
        up=up.contiguous(),
        kept=float(values[:rank].norm()) / whole if whole > _ZERO else 1.0,
    )


def kohya_tensors(name: str, factors: LowRank) -> dict[str, Tensor]:
    """Return the tensors of a layer under kohya's keys; the alpha is the rank, so the scale 1."""
    return {
        f"{name}.lora_down.weight": factors.down,
        f"{name}.lora_up.weight": factors.up,
        f"{name}.alpha": torch.tensor(float(factors.rank)),
    }
