"""A group of options that are read together: both ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from enogu.config.kohya.given import Given
from enogu.config.kohya.option import Value

Settings = Mapping[str, object]
"""Every setting by dotted name."""

Options = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a group of options becomes settings, and back.

    Attributes:
        read: Reads the options and says of each what it became.
        write: Returns the options that these settings are.
        settings: Those it writes; for the list of what cannot be exported.
    """

    read: Callable[[Given], None]
    write: Callable[[Settings], Options]
    settings: tuple[str, ...]
