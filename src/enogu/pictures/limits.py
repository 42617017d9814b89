"""Refusing settings of a step that are out of their range."""

from collections.abc import Mapping

from enogu.errors import ConfigError


def check_limits(section: str, limits: Mapping[str, tuple[float, float, float]]) -> None:
    """Refuse the first value outside its range.

    Args:
        section: Whose settings they are, for the message.
        limits: By name: the value, the least, and the greatest allowed.

    Raises:
        ConfigError: A value is out of its range, or no number.
    """
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise ConfigError(f"{section}.{name} must be {low} to {high}, got {value!r}")
