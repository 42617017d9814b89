"""DyLoRA: nested ranks, any of which can be cut out afterwards (arXiv:2210.07558)."""

from typing import ClassVar

from torch import Tensor, nn

from enogu.adapters.kinds.lora import LoRA, leave_out, through
from enogu.adapters.step_noise import StepNoise


class DyLoRA(LoRA):
    """LoRA that is trained with its first b ranks in each step, b drawn anew.

    `ΔW = alpha / b * up[:, :b] @ down[:b]`, so the first b ranks are an adapter of their own with
    the same alpha; with all ranks, and in a file, it is plain LoRA. All b ranks are trained, the
    form that the paper finds better than training the b-th alone.
    """

    kind: ClassVar[str] = "dylora"
    title: ClassVar[str] = "DyLoRA"

    def adapt_noisily(
        self, base: nn.Module, x: Tensor, multiplier: float, noise: StepNoise, name: str
    ) -> Tensor:
        """Return the output with the ranks of this step."""
        rank = noise.nested_rank(self.lora_down.shape[0])
        mid = self.shape.apply(x, self.lora_down[:rank].to(x.dtype))
        mid = leave_out(mid, self.shape, noise, name)
        assert self.alpha is not None
        return base(x).add(
            through(mid, self.lora_up[:, :rank]), alpha=multiplier * self.alpha / rank
        )
