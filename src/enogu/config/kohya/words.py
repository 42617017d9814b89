"""FoundOptions the command line of a training script of sd-scripts, as words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from enogu.config.kohya.option import Option, Value, read_value
from enogu.config.kohya.options import OPTIONS
from enogu.errors import ConfigError

SCRIPTS = ("train_network.py", "sdxl_train_network.py")
"""The scripts whose options are known."""

_OTHER_SCRIPTS: Mapping[str, str] = {
    "train_db.py": "trains whole models; only adapters are trained here",
    "fine_tune.py": "trains whole models; only adapters are trained here",
    "sdxl_train.py": "trains whole models; only adapters are trained here",
    "train_textual_inversion.py": "trains embeddings; only adapters are trained here",
    "sdxl_train_textual_inversion.py": "trains embeddings; only adapters are trained here",
    "train_controlnet.py": "trains control networks; only adapters are trained here",
    "train_control_net.py": "trains control networks; only adapters are trained here",
    "flux_train_network.py": "is for FLUX; the families here are SD1, SD2 and SDXL",
    "sd3_train_network.py": "is for SD3; the families here are SD1, SD2 and SDXL",
    "lumina_train_network.py": "is for Lumina; the families here are SD1, SD2 and SDXL",
    "anima_train_network.py": "is for Anima; the families here are SD1, SD2 and SDXL",
}


@dataclass(kw_only=True)
class FoundOptions:
    """Options as they were found.

    Attributes:
        values: By name, in the types of the options.
        unknown: Names that are no options, with what stood behind them.
        notes: What a person should know of the reading.
    """

    values: dict[str, Value] = field(default_factory=dict[str, Value])
    unknown: dict[str, object] = field(default_factory=dict[str, object])
    notes: list[str] = field(default_factory=list[str])

    def take(self, name: str, value: object, where: str) -> None:
        """Take an option in its type; a name that is none is kept apart.

        Raises:
            ConfigError: The value is of another type.
        """
        option = OPTIONS.get(name)
        if option is None:
            self.unknown[name] = value
            return
        try:
            self.values[name] = read_value(option, value)
        except ValueError as error:
            raise ConfigError(f"{where}: {name} {error}, got {value!r}") from error

    def add(self, other: "FoundOptions") -> None:
        """Take over another reading; its values win."""
        self.values |= other.values
        self.unknown |= other.unknown
        self.notes += other.notes


def script_name(word: str) -> str | None:
    """Return the name of the training script that a word names, or None."""
    name = PurePosixPath(word.replace("\\", "/")).name
    name = name if name.endswith(".py") else f"{name}.py"
    return name if name in SCRIPTS or name in _OTHER_SCRIPTS else None


def read_words(words: Sequence[str], where: str) -> FoundOptions:
    """Read the words of one call: launcher, script and options, or options alone.

    Args:
        words: As the shell gives them to the program.
        where: What the words came from, for messages.

    Raises:
        ConfigError: It is another script, a value is missing or of another type, or an
            abbreviated option fits several.
    """
    reading = FoundOptions()
    place = next((i for i, word in enumerate(words) if script_name(word)), None)
    if place is not None:
        name = script_name(words[place]) or ""
        if name in _OTHER_SCRIPTS:
            raise ConfigError(f"{where}: {name} {_OTHER_SCRIPTS[name]}")
        launcher = [word for word in words[:place] if word.startswith("--")]
        if launcher:
            reading.notes.append(
                f"{where}: options of the launcher, which choose processes and number formats: "
                f"{', '.join(launcher)}"
            )
        words = words[place + 1 :]
    elif not words or not words[0].startswith("--"):
        raise ConfigError(
            f"{where}: there is no call of {' or '.join(SCRIPTS)}, nor options of it",
            hint="Give the whole command, or the options alone: -- --network_dim 16 …",
        )
    at = 0
    while at < len(words):
        at = _read_option(words, at, where, reading)
    return reading


def _read_option(words: Sequence[str], at: int, where: str, reading: FoundOptions) -> int:
    """Read the option at a place; return the place after it."""
    word = words[at]
    if not word.startswith("--"):
        reading.unknown[word] = ""
        return at + 1
    name, equals, inline = word[2:].partition("=")
    name = name.replace("-", "_")
    option = _find(name, where, reading)
    behind = at + 1
    while behind < len(words) and not words[behind].startswith("--"):
        behind += 1
    values = [inline] if equals else list(words[at + 1 : behind])
    if option is None:
        reading.unknown[name] = " ".join(values)
        return at + 1 if equals else behind
    if option.kind in ("many", "floats"):
        reading.take(option.name, values, where)
        return at + 1 if equals else behind
    if option.kind == "flag" and not equals:
        reading.take(option.name, True, where)
        return at + 1
    if not values:
        raise ConfigError(f"{where}: --{option.name} needs a value")
    reading.take(option.name, values[0], where)
    return at + 1 if equals else at + 2


def _find(name: str, where: str, reading: FoundOptions) -> Option | None:
    """Find an option by its name or by a beginning that only it has, as argparse does."""
    if name in OPTIONS:
        return OPTIONS[name]
    long = [option for option in OPTIONS if option.startswith(name)]
    if len(long) > 1:
        raise ConfigError(
            f"{where}: --{name} may be {', '.join(f'--{entry}' for entry in long)}; write it out"
        )
    if not long:
        return None
    reading.notes.append(f"{where}: --{name} is short for --{long[0]}")
    return OPTIONS[long[0]]
