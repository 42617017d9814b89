"""The training loop: batch, loss, step, events; save and sample now and then."""

import contextlib
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch

from enogu.adapters import AdapterSet
from enogu.config import ProjectConfig
from enogu.families.base import Base
from enogu.machine import return_freed_memory
from enogu.machine.parallel import num_processes, rank, sum_gradients, total
from enogu.train.base_answers import base_answers
from enogu.train.batch import Batch, BatchSource, encode_batch, with_equal_chunks
from enogu.train.diagnose import (
    first_non_finite_gradient,
    first_non_finite_module,
    non_finite_error,
)
from enogu.train.ema import EmaWeights
from enogu.train.events import Event, EventLog
from enogu.train.loss import compute_loss
from enogu.train.loss_scale import LossScale
from enogu.train.optimizers import set_learning_rate, weights_for_use
from enogu.train.rounding import in_full_precision
from enogu.train.schedules import rate_schedule
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
        first: Steps that were done when this adapter was begun: more than 0 in later rounds.
        end: Steps done when it hands back; the last step of all when None.
        ema: The running mean of the adapter, when one is kept.
        loss_scale: What the loss is multiplied by, where the base computes in fp16.
        ended_early: Whether a measurement ended the run before its last step.
    """

    base: Base
    adapter: AdapterSet
    optimizer: torch.optim.Optimizer
    source: BatchSource
    config: ProjectConfig
    log: EventLog
    digest: str
    step: int = 0
    first: int = 0
    end: int | None = None
    ema: EmaWeights | None = None
    loss_scale: LossScale | None = None
    ended_early: bool = False

    def __post_init__(self) -> None:
        self._factor = rate_schedule(self.config.train)
        self._packs_next = True

    def run(
        self,
        *,
        save: Callable[["Trainer"], None],
        sample: Callable[["Trainer"], None],
        save_due: Callable[[int], bool],
        sample_due: Callable[[int], bool],
        measure: Callable[["Trainer"], bool] | None = None,
        measure_every: int | None = None,
        observe: Observer,
        stop: Callable[[], bool],
    ) -> bool:
        """Train until the last step of the round, or until `stop` says so between two steps.

        Args:
            save: Saves adapter and state; called when it is due, at the end of the run and of a
                round, and when stopped.
            sample: Draws samples; called before the first step, when it is due, and at the end.
            save_due: Asked after every step, with the number of steps done.
            sample_due: Likewise.
            measure: Measures held-out pictures and says whether the run ends here; called before
                the first step, when it is due, and at the end.
            measure_every: Steps between two measurements; None measures with every save.
            observe: Told every step event.
            stop: Asked after every step.

        Returns:
            Whether the last step of the round was reached, or a measurement ended the run.

        Raises:
            NonFiniteError: A loss or gradient is not finite. Nothing is saved over the last
                good state.
            StorageError: The disk is full.
        """
        settings = self.config.train
        drawn = self.config.samples.drawn
        if self.step == 0 and drawn:
            self._draw(sample)
        if self.step == 0 and measure is not None:
            measure(self)
        end = settings.steps if self.end is None else self.end
        while self.step < end:
            observe(self._step_event())
            last = self.step == settings.steps
            stopped = total(float(stop())) > 0 and not last
            saves = save_due(self.step)
            due = last or (self.step % measure_every == 0 if measure_every else saves)
            if measure is not None and due:
                self.ended_early = measure(self) and not last
            if self.config.validation.patience:
                # Only the process that leads measures; the others learn here that it is over.
                self.ended_early = total(float(self.ended_early)) > 0
            if saves or self.step == end or stopped or self.ended_early:
                save(self)
            if drawn and (last or self.ended_early or sample_due(self.step)):
                self._draw(sample)
            if self.ended_early:
                return True
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
            ema={} if self.ema is None else self.ema.state_dict(),
            loss_scale=self.loss_scale,
        )

    @contextlib.contextmanager
    def weights_for_samples(self) -> Generator[None]:
        """Hold the weights that samples are drawn with: the running mean, when there is one."""
        if self.ema is not None:
            with self.ema.in_place():
                yield
        else:
            with weights_for_use(self.optimizer):
                yield

    def _draw(self, sample: Callable[["Trainer"], None]) -> None:
        sample(self)
        # Samples are drawn with plain weights, which the next forward pass packs again.
        self._packs_next = True

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
        loss = self._accumulate(batch)
        rate = set_learning_rate(self.optimizer, self._factor(self.step))
        if self.loss_scale is not None and self._overflows(self.loss_scale):
            self.optimizer.zero_grad(set_to_none=True)
            factor = self.loss_scale.factor
            return {"loss": loss, "learning_rate": rate, "loss_scale": factor, "left_out": 1}
        norm = self._clip(batch)
        parameters = self.adapter.parameters()
        with in_full_precision(parameters, settings.seed, self.step):
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        taken = {"loss": loss, "learning_rate": rate, "grad_norm": norm}
        if self.loss_scale is not None:
            self.loss_scale.succeeded()
            taken["loss_scale"] = self.loss_scale.factor
        if settings.adapter.max_norm is not None:
            report = self.adapter.limit_norms(settings.adapter.max_norm)
            taken |= {
                "norms_limited": report.scaled,
                "mean_norm": report.mean,
                "largest_norm": report.largest,
            }
        if self.ema is not None:
            self.ema.update(self.step + 1 - self.first)
        return taken

    def _overflows(self, scale: LossScale) -> bool:
        """Divide the gradients by the scale; return whether the step must be left out."""
        return not scale.unscale(self.adapter.parameters()) and scale.overflowed()

    def _accumulate(self, batch: Batch) -> float:
        """Sum the gradients of a step over its parts and processes; return the loss of the whole.

        The mean over all pictures is the mean of each part times its share of the pictures, so
        the sum is the gradient of one large batch, up to the rounding of the sum.
        """
        train = self.config.train
        if train.accumulate == 1 and num_processes() == 1:
            with self.adapter.training_step(self.step):
                return self._backward(batch, 1.0)
        parts = with_equal_chunks(self.base, batch).split(train.batch_size)
        loss, first = 0.0, 0
        for number, part in enumerate(parts):
            count = len(part.latents)
            if number % num_processes() == rank():
                with self.adapter.training_step(self.step, first=first, pictures=count):
                    loss += self._backward(part, count / len(batch.latents))
            first += count
        sum_gradients(self.adapter.parameters())
        return total(loss)

    def _backward(self, batch: Batch, share: float) -> float:
        """Add the gradients of a part, weighed by its share of the step; return its loss so."""
        settings, clip_skip = self.config.train.loss, self.config.model.clip_skip
        features = encode_batch(self.base, batch, clip_skip)
        answers = base_answers(self.base, self.adapter, batch, settings, clip_skip=clip_skip)
        result = compute_loss(self.base, batch, features, settings, answers)
        if self._packs_next:
            # Packing leaves holes where the plain weights were, among what the way back needs.
            return_freed_memory()
            self._packs_next = False
        if not torch.isfinite(result.loss):
            where = first_non_finite_module(self.base, batch, features, settings, answers)
            raise non_finite_error(self.step + 1, batch, "loss", where)
        loss = result.loss if share == 1.0 else result.loss * share
        (loss if self.loss_scale is None else loss * self.loss_scale.factor).backward()
        return float(loss.detach())

    def _clip(self, batch: Batch) -> float:
        """Cut the gradients as the settings say; return their length before."""
        settings = self.config.train
        parameters = list(self.adapter.parameters())
        limit = settings.max_grad_norm or float("inf")
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
        if norm != norm or norm == float("inf"):
            where = first_non_finite_gradient(self.adapter.named_parameters())
            raise non_finite_error(self.step + 1, batch, "gradient", where)
        if settings.max_grad_value:
            torch.nn.utils.clip_grad_value_(parameters, settings.max_grad_value)
        return norm
