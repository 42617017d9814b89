"""Which settings of saving contradict each other; rows of the one table of conflicts."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _every_needs_last(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.keep_every is None or train.keep_last is not None:
        return None
    return (
        f"train.keep_every is {train.keep_every}, but without train.keep_last all adapters are "
        "kept anyway; set train.keep_last as well"
    )


SAVING_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "keep-every-without-last",
        ("train.keep_every", "train.keep_last"),
        "Nothing is given up, so nothing needs to be spared.",
        _every_needs_last,
    ),
)
