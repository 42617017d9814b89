import pytest

from enogu.world.training_state import Budget


class StopsAfter(Budget):
    """A budget that ends early, yet schedules the learning rate as the whole one."""

    def __init__(self, steps: int, stop: int) -> None:
        super().__init__(steps=steps)
        object.__setattr__(self, "stop", stop)

    def progress(self, step: int, cpu_seconds: float) -> float:
        return 1.0 if step >= self.stop else super().progress(step, cpu_seconds)


@pytest.fixture
def stops_after():
    return StopsAfter
