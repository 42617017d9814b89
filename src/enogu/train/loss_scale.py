"""A factor on the loss that keeps small gradients alive in fp16."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

_FIRST = 2.0**16
_GROWS_AFTER = 2000
_LARGEST = 2.0**24


@dataclass
class LossScale:
    """Multiplies the loss, and divides the gradients before they are used.

    fp16 has nothing below 6e-8, where many gradients lie. The factor is halved whenever a gradient
    overflows, and that step is left out; after 2000 good steps it is doubled (dynamic loss scaling,
    arXiv:1710.03740, section 3.2, with the numbers of torch's GradScaler). It is a power of two, so
    that where nothing over- or underflows it changes no digit.

    Attributes:
        factor: What the loss is multiplied by now.
        good_steps: Steps since it last changed.
    """

    factor: float = _FIRST
    good_steps: int = 0

    @torch.no_grad()
    def unscale(self, parameters: Iterable[nn.Parameter]) -> bool:
        """Divide the gradients by the factor; return whether they can be used."""
        finite = True
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.div_(self.factor)
                finite = finite and bool(torch.isfinite(parameter.grad).all())
        return finite

    def succeeded(self) -> None:
        """Count a step that could be used."""
        self.good_steps += 1
        if self.good_steps >= _GROWS_AFTER:
            self.factor, self.good_steps = min(self.factor * 2, _LARGEST), 0

    def overflowed(self) -> bool:
        """Lower the factor; return False when it is 1 already: then it is not the reason."""
        if self.factor <= 1.0:
            return False
        self.factor, self.good_steps = self.factor / 2, 0
        return True
