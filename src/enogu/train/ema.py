"""A running mean of the adapter's weights, kept beside them."""

import contextlib
from collections.abc import Generator, Mapping

import torch
from torch import Tensor

from enogu.adapters import AdapterSet
from enogu.errors import ProjectError


class EmaWeights:
    """mean ← d · mean + (1 - d) · weights after every step, in fp32.

    d is `decay`, at first no more than (1 + n) / (10 + n) after n steps, so that the start, where
    the weights are far from anything, is soon forgotten (the warm-up of TensorFlow's
    ExponentialMovingAverage, which diffusers' EMAModel has too).

    Args:
        adapter: The adapter in training; its present weights are the first mean.
        decay: 0..1; 0.999 remembers about 1000 steps.
    """

    def __init__(self, adapter: AdapterSet, decay: float) -> None:
        self._adapter = adapter
        self._decay = decay
        self._mean = {
            name: value.detach().float().clone() for name, value in adapter.named_parameters()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` steps, counted from 1."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, value in self._adapter.named_parameters():
            self._mean[name].lerp_(value.float(), 1 - decay)

    @contextlib.contextmanager
    def in_place(self) -> Generator[None]:
        """Put the mean in place of the weights inside the block; the weights come back exactly."""
        kept = {name: value.detach().clone() for name, value in self._adapter.named_parameters()}
        self._copy_in(self._mean)
        try:
            yield
        finally:
            self._copy_in(kept)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the mean by the names of the weights."""
        return dict(self._mean)

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over a saved mean.

        Raises:
            ProjectError: It belongs to another adapter.
        """
        if tensors.keys() != self._mean.keys():
            raise ProjectError(
                f"the saved mean of the adapter has {len(tensors)} tensors, this adapter "
                f"{len(self._mean)}",
                hint="Start a new run with: enogu train --new",
            )
        for name, value in tensors.items():
            self._mean[name].copy_(value)

    @torch.no_grad()
    def _copy_in(self, tensors: Mapping[str, Tensor]) -> None:
        for name, value in self._adapter.named_parameters():
            value.copy_(tensors[name])
