"""Options as they were given, and what is said of each while they are translated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from enogu.config.kohya.option import Value
from enogu.config.kohya.options import OPTIONS
from enogu.config.resolve import setting_fields

Verdict = Literal["same", "renamed", "nothing", "missing", "unknown"]
"""Became the setting of the same name; became others or another value; has no meaning here; cannot
be done here; or is no option of sd-scripts."""

FindPath = Callable[[str], str | None]
"""Gives the absolute path of a file or folder that is there, or None."""

SECRETS = frozenset({"wandb_api_key", "huggingface_token"})
"""Options whose value is never repeated."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What became of one option."""

    option: str
    value: Value
    verdict: Verdict
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    """Settings it became, by dotted name."""
    note: str = ""
    given: bool = True
    """False where sd-scripts' own default was translated, because ours is another."""


class Given:
    """The options of one run of sd-scripts, and what they become.

    Args:
        values: By option name, in the types of the options.
        find_path: Looks for files and folders.
    """

    def __init__(self, values: Mapping[str, Value], find_path: FindPath) -> None:
        self.values = dict(values)
        self.find_path = find_path
        self.settings: dict[str, object] = {}
        self.lines: list[Line] = []
        self._fields = dict(setting_fields())

    def has(self, name: str) -> bool:
        """Whether an option was given, with any value but None."""
        return self.values.get(name) is not None

    def of(self, name: str) -> Value:
        """Return the value of an option: as given, else sd-scripts' default."""
        value = self.values.get(name)
        return OPTIONS[name].default if value is None else value

    def text(self, name: str) -> str:
        """Return a text option; empty when there is none."""
        value = self.of(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float:
        """Return a number; 0 when there is none."""
        value = self.of(name)
        return value if isinstance(value, int | float) else 0.0

    def whole(self, name: str) -> int:
        """Return a whole number; 0 when there is none."""
        return int(self.number(name))

    def on(self, name: str) -> bool:
        """Return a flag."""
        return self.of(name) is True

    def words(self, name: str) -> list[str]:
        """Return an option of several words; empty when there is none."""
        value = self.of(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def numbers(self, name: str) -> list[float]:
        """Return an option of several numbers; empty when there are none."""
        value = self.of(name)
        return [float(item) for item in value] if isinstance(value, list) else []

    def pairs(self, name: str) -> dict[str, str]:
        """Return an option of the form ``key=value key=value``."""
        found: dict[str, str] = {}
        for word in self.words(name):
            key, _, value = word.partition("=")
            found[key.strip()] = value.strip()
        return found

    def refusal(self, name: str, value: object) -> str:
        """Return why a setting does not take a value; empty when it does."""
        if name not in self._fields:
            return "this cannot be set here"
        try:
            _adapter(self._fields[name]).validate_python(value)
        except ValidationError as error:
            return f"{name} does not take {value!r}: {error.errors()[0]['msg']}"
        return ""

    def becomes(self, option: str, settings: Mapping[str, object], note: str = "") -> None:
        """Take settings over from an option; what no setting takes is told to be missing."""
        given = self.has(option)
        refused = {
            name: reason
            for name, value in settings.items()
            if (reason := self.refusal(name, value))
        }
        known = {name: value for name, value in settings.items() if name not in refused}
        self.settings.update(known)
        if refused and given and self.of(option) == OPTIONS[option].default:
            self.nothing(option, "its default is what happens here")
        elif refused and given:
            self.missing(option, "; ".join(dict.fromkeys(refused.values())))
        if known and (given or any(self.differs(*item) for item in known.items())):
            bare = {name.rpartition(".")[2]: value for name, value in known.items()}
            same = bare == {option: self.of(option)} and not note
            self._say(option, "same" if same else "renamed", known, note)
        elif not settings and given:
            self._say(option, "renamed", {}, note)

    def differs(self, name: str, value: object) -> bool:
        """Whether a value is another than the setting's default."""
        return self._fields[name].get_default(call_default_factory=True) != value

    def nothing(self, option: str, reason: str) -> None:
        """Say that an option has no meaning here."""
        self._say(option, "nothing", {}, reason)

    def missing(self, option: str, reason: str) -> None:
        """Say that what an option does cannot be done here."""
        self._say(option, "missing", {}, reason)

    def _say(
        self, option: str, verdict: Verdict, settings: Mapping[str, object], note: str
    ) -> None:
        value = "…" if option in SECRETS else self.of(option) if option in OPTIONS else None
        self.lines.append(
            Line(
                option=option,
                value=value,
                verdict=verdict,
                settings=dict(settings),
                note=note,
                given=self.has(option),
            )
        )


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    kind: Any = field.annotation
    for rule in field.metadata:
        kind = Annotated[kind, rule]
    return TypeAdapter(kind)
