"""One row of the table of conflicts, and what its check may know."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known beside the settings; None is not known yet.

    Attributes:
        prediction: What the base predicts.
        zero_terminal_snr: Whether its schedule ends in pure noise.
        num_timesteps: Length of its schedule.
        resolution: Side in pixels it was made for.
        device: Where it will run: ``cpu``, ``cuda``, ``mps``.
    """

    prediction: str | None = None
    zero_terminal_snr: bool | None = None
    num_timesteps: int | None = None
    resolution: int | None = None
    device: str | None = None


Check = Callable[["ProjectConfig", Known], str | None]


@dataclass(frozen=True)
class Conflict:
    """One pair of settings that cannot be meant together.

    Attributes:
        name: Short and unique, lower case with dashes.
        settings: Dotted names of the settings it looks at.
        why: What goes wrong, in one sentence; for the documentation.
        check: Returns the message when the conflict is there.
    """

    name: str
    settings: tuple[str, ...]
    why: str
    check: Check
