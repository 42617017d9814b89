"""The training loop: batch, loss, step, events; save and sample now and then."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from enogu.adapters import AdapterSet
from enogu.config import ProjectConfig
from enogu.families.base import Base
from enogu.train.base_answers import base_answers
from enogu.train.batch import Batch, BatchSource, encode_batch
from enogu.train.diagnose import (
    first_non_finite_gradient,
    first_non_finite_module,
    non_finite_error,
)
from enogu.train.events import Event, EventLog
from enogu.train.loss import compute_loss
from enogu.train.optimizers import learning_rate_factor, set_learning_rate
from enogu.train.state import TrainState

Observer = Callable[[Event], None]
"""Called with every event right after it was recorded."""


@dataclass(kw_only=True)
class Trainer:
    """One run in memory.

    Attributes:
        base: The frozen base.
        adapter: What is trained, attached to the base.
        optimizer: Holds the adapter's parameters.
        source: Gives the batch of any step.
        config: All settings.
        log: Where events go.
        digest: What makes this run this run.
        step: Steps done.
    """

    base: Base
    adapter: AdapterSet
    optimizer: torch.optim.Optimizer
    source: BatchSource
    config: ProjectConfig
    log: EventLog
    digest: str
    step: int = 0

    def run(
        self,
        *,
        save: Callable[["Trainer"], None],
        sample: Callable[["Trainer"], None],
        save_due: Callable[[int], bool],
        sample_due: Callable[[int], bool],
        observe: Observer,
        stop: Callable[[], bool],
    ) -> bool:
        """Train until the last step, or until `stop` says so between two steps.

        Args:
            save: Saves adapter and state; called when it is due, at the end, and when stopped.
            sample: Draws samples; called before the first step, when it is due, and at the end.
            save_due: Asked after every step, with the number of steps done.
            sample_due: Likewise.
            observe: Told every step event.
            stop: Asked after every step.

        Returns:
            Whether the last step was reached.

        Raises:
            NonFiniteError: A loss or gradient is not finite. Nothing is saved over the last
                good state.
            StorageError: The disk is full.
        """
        settings = self.config.train
        drawn = self.config.samples.drawn
        if self.step == 0 and drawn:
            sample(self)
        while self.step < settings.steps:
            observe(self._step_event())
            last = self.step == settings.steps
            stopped = stop() and not last
            if save_due(self.step) or last or stopped:
                save(self)
            if drawn and (last or sample_due(self.step)):
                sample(self)
            if stopped:
                return False
        return True

    def state(self) -> TrainState:
        """Return the point the run can go on from."""
        return TrainState(
            step=self.step,
            digest=self.digest,
            adapter=self.adapter.state_dict(),
            optimizer=self.optimizer.state_dict(),
        )

    def _step_event(self) -> Event:
        started = time.perf_counter()
        batch = self.source.batch(self.step)
        taken = self._train_on(batch)
        self.step += 1
        return self.log.write(
            "step",
            step=self.step,
            **taken,
            seconds=round(time.perf_counter() - started, 4),
            pictures=len(batch.items),
            timesteps=[int(value) for value in batch.timesteps],
        )

    def _train_on(self, batch: Batch) -> dict[str, float]:
        """Take one optimiser step; return loss, learning rate, gradient norm and weight norms."""
        settings = self.config.train
        stop = settings.text_encoder_stop
        if stop is not None and self.step >= stop:
            self.adapter.freeze("text_encoder")
        with self.adapter.training_step(self.step):
            loss = self._backward(batch)
        parameters = list(self.adapter.parameters())
        limit = settings.max_grad_norm or float("inf")
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
        if norm != norm or norm == float("inf"):
            where = first_non_finite_gradient(self.adapter.named_parameters())
            raise non_finite_error(self.step + 1, batch, "gradient", where)
        rate = set_learning_rate(self.optimizer, learning_rate_factor(settings, self.step))
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        taken = {"loss": loss, "learning_rate": rate, "grad_norm": norm}
        if settings.adapter.max_norm is None:
            return taken
        report = self.adapter.limit_norms(settings.adapter.max_norm)
        return taken | {
            "norms_limited": report.scaled,
            "mean_norm": report.mean,
            "largest_norm": report.largest,
        }

    def _backward(self, batch: Batch) -> float:
        """Compute loss and gradients; return the loss."""
        settings = self.config.train.loss
        clip_skip = self.config.model.clip_skip
        features = encode_batch(self.base, batch, clip_skip)
        answers = base_answers(self.base, self.adapter, batch, settings, clip_skip=clip_skip)
        result = compute_loss(self.base, batch, features, settings, answers)
        loss = float(result.loss.detach())
        if not torch.isfinite(result.loss):
            where = first_non_finite_module(self.base, batch, features, settings, answers)
            raise non_finite_error(self.step + 1, batch, "loss", where)
        result.loss.backward()
        return loss
