"""How sure a measured share is."""

import math
from dataclasses import dataclass


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927), in 0..1."""
    share = right / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


@dataclass(frozen=True, kw_only=True)
class Score:
    """How often something came out right."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """Right answers in 0..1; 0 when nothing was asked."""
        return self.right / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of `share`."""
        return wilson_interval(self.right, self.total) if self.total else (0.0, 1.0)
