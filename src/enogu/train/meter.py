"""Measures while a run trains, records it, and says when the run may end."""

import time
from collections.abc import Callable

from enogu.train.events import Event, EventLog, read_events
from enogu.train.loop import Trainer
from enogu.train.measurements import read_measurements
from enogu.train.validation import Validator


class Meter:
    """Measures the held-out pictures of a run.

    Args:
        validator: Measures.
        log: The record of the run, with what was measured before a stop.
        record: Writes an event.
        patience: Measurements in a row without a better one that end the run; 0 never does.
    """

    def __init__(
        self,
        validator: Validator,
        log: EventLog,
        record: Callable[..., Event],
        *,
        patience: int,
    ) -> None:
        self._validator = validator
        self._log = log
        self._record = record
        self._patience = patience

    def measure(self, trainer: Trainer) -> bool:
        """Measure and record; return whether patience is at its end.

        The weights are those that samples are drawn with.
        """
        started = time.perf_counter()
        with trainer.weights_for_samples():
            measured = self._validator.measure()
        validator = self._validator
        self._record(
            "validation",
            step=trainer.step,
            bands=[list(band) for band in validator.bands],
            names={
                "training": [item.record.name for item in validator.training],
                "held_out": [item.record.name for item in validator.held_out],
            },
            training=measured.training,
            held_out=measured.held_out,
            seconds=round(time.perf_counter() - started, 3),
        )
        return self._patience > 0 and self.waited() >= self._patience

    def waited(self) -> int:
        """Return how many measurements were made since the best one."""
        measured = read_measurements(read_events(self._log.path))
        if measured is None:
            return 0
        means = measured.held_out.means
        return len(means) - 1 - means.index(min(means))
