"""Which settings contradict each other: one table, each row with its check and its message.

A row says what must not be together and why. Its check sees all settings and what is known of
the base and the machine, and returns a sentence that names the values and the way out, or None.
Checks of the base run again when its headers have been read; before, it is unknown.
"""

from typing import TYPE_CHECKING

from enogu.config.conflicts.adapters import ADAPTER_CONFLICTS
from enogu.config.conflicts.loss import LOSS_CONFLICTS
from enogu.config.conflicts.machine import MACHINE_CONFLICTS
from enogu.config.conflicts.pictures import PICTURE_CONFLICTS
from enogu.config.conflicts.row import Conflict, Known
from enogu.config.conflicts.saving import SAVING_CONFLICTS
from enogu.config.conflicts.settled import SETTLED
from enogu.config.conflicts.subsets import SUBSET_CONFLICTS
from enogu.config.conflicts.training import TRAINING_CONFLICTS
from enogu.config.conflicts.validation import VALIDATION_CONFLICTS
from enogu.config.subsets import with_subset

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig

__all__ = ["CONFLICTS", "SETTLED", "Conflict", "Known", "find_conflicts"]

CONFLICTS: tuple[Conflict, ...] = (
    *LOSS_CONFLICTS,
    *TRAINING_CONFLICTS,
    *ADAPTER_CONFLICTS,
    *SAVING_CONFLICTS,
    *PICTURE_CONFLICTS,
    *SUBSET_CONFLICTS,
    *MACHINE_CONFLICTS,
    *VALIDATION_CONFLICTS,
)
"""Every pair that is refused. `docs/reference/conflicts.md` is written from it."""


def find_conflicts(config: "ProjectConfig", known: Known | None = None) -> list[str]:
    """Return the messages of all conflicts in the settings, in the order of the table.

    Folders with settings of their own are looked at as well; the message then names the folder.

    Args:
        config: All settings, each valid by itself.
        known: Base and machine, as far as they are known.
    """
    facts = known or Known()
    found = _messages(config, facts)
    for subset in config.pictures.subsets:
        inside = _messages(with_subset(config, subset), facts)
        where = f"pictures.subsets, folder {subset.folder!r}: "
        found += [where + message for message in inside if message not in found]
    return found


def _messages(config: "ProjectConfig", known: Known) -> list[str]:
    return [message for row in CONFLICTS if (message := row.check(config, known))]
