"""When adapters and states are saved, and which of the saved adapters are given up again."""

import re
import time
from collections.abc import Callable, Sequence

from enogu.config import SamplesConfig, TrainConfig
from enogu.train.events import Event
from enogu.train.feed import Feed


class SaveTimes:
    """Says after which steps something is saved: by steps, epochs, or minutes.

    Args:
        settings: The section ``train``.
        feed: Knows where epochs end.
        clock: Seconds that pass evenly.
    """

    def __init__(
        self, settings: TrainConfig, feed: Feed, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._clock = clock
        self._last = clock()

    def due(self, step: int) -> bool:
        """Return whether to save after this many steps. A yes starts the minutes anew."""
        settings = self._settings
        minutes = settings.save_every_minutes
        due = (
            _by_steps(step, settings.save_every)
            or epoch_ends(self._feed, step, settings.save_every_epochs)
            or (minutes is not None and self._clock() - self._last >= 60 * minutes)
        )
        if due:
            self._last = self._clock()
        return due


def sample_due(settings: SamplesConfig, feed: Feed, step: int) -> bool:
    """Return whether to draw samples after this many steps."""
    return _by_steps(step, settings.every) or epoch_ends(feed, step, settings.every_epochs)


def epoch_ends(feed: Feed, step: int, every: int | None) -> bool:
    """Return whether the last of this many steps ended every `every`-th epoch; None is never."""
    if every is None or step < 1:
        return False
    epochs = feed.epoch_of(step)
    return epochs > feed.epoch_of(step - 1) and epochs % every == 0


def _by_steps(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def superseded(
    saves: Sequence[Event], *, keep_last: int | None, keep_every: int | None
) -> list[str]:
    """Return the files of a run that its settings give up.

    Args:
        saves: The ``save`` events of the run, in order; the final adapter is none of them.
        keep_last: How many of the newest stay; None keeps all.
        keep_every: Of the older ones every such stays, counted from the first save; None: none.
    """
    if keep_last is None:
        return []
    older = list(enumerate(saves, start=1))[:-keep_last]
    return [str(event["file"]) for number, event in older if not keep_every or number % keep_every]


def is_of_a_step(name: str) -> bool:
    """Whether an adapter was saved on the way: the final one has no step in its name."""
    return re.search(r"-\d{6,}\.safetensors$", name) is not None
