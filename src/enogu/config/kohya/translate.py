"""From the options of sd-scripts to settings, and from settings to options."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enogu.config.kohya.given import FindPath, Given, Line
from enogu.config.kohya.option import NoMeaning, PartOf, Same, Value
from enogu.config.kohya.options import OPTIONS
from enogu.config.kohya.rule import Options, Rule
from enogu.config.kohya.rules_files import FILE_RULES
from enogu.config.kohya.rules_learning import LEARNING_RULES
from enogu.config.kohya.rules_machine import MACHINE_RULES
from enogu.config.kohya.rules_network import NETWORK_RULES
from enogu.config.project import ProjectConfig
from enogu.config.resolve import flatten, setting_fields

RULES: dict[str, Rule] = {**FILE_RULES, **NETWORK_RULES, **LEARNING_RULES, **MACHINE_RULES}
"""By the name that options give in :class:`PartOf`."""

_NOT_EXPORTED = {
    "version": "",
    "preset": "",
    "captions.trigger": "",
    "captions.prefix": "",
    "captions.suffix": "",
    "captions.variants": "text features are cached in versions here only",
    "train.loss.masked": "",
    **dict.fromkeys(
        ("samples.steps", "samples.cfg_scale", "samples.seed", "samples.negative_prompt"),
        "stands in the lines of the prompt file there (--s, --l, --d, --n)",
    ),
}
"""Settings without an option of their own; a text says why, an empty one that it is provided
for otherwise."""

_OTHER_TASKS = ("draw.", "tags.", "phrases.", "machine.threads", "machine.device")
"""Beginnings of settings that say nothing about training."""


@dataclass(frozen=True, kw_only=True)
class Translation:
    """What options became.

    Attributes:
        settings: By dotted name.
        lines: What became of each option, in the order of the table; unknown ones last.
    """

    settings: dict[str, object]
    lines: tuple[Line, ...]


def translate(
    values: Mapping[str, Value],
    unknown: Mapping[str, object] | None = None,
    *,
    find_path: FindPath = lambda name: None,
) -> Translation:
    """Turn the options of one run of sd-scripts into settings.

    What sd-scripts would do by default is written too where our default differs, so that the run
    is the same.

    Args:
        values: By option name, in the types of the options.
        unknown: Names that are no options, with their values.
        find_path: Looks for the files that options name.
    """
    given = Given(values, find_path)
    done: set[str] = set()
    for name, option in OPTIONS.items():
        meaning = option.meaning
        if isinstance(meaning, PartOf):
            if meaning.rule not in done:
                done.add(meaning.rule)
                RULES[meaning.rule].read(given)
        elif isinstance(meaning, Same):
            _same(given, name, meaning)
        elif given.has(name) and given.of(name) not in (False, 0):
            if isinstance(meaning, NoMeaning):
                given.nothing(name, meaning.reason)
            else:
                given.missing(name, meaning.reason)
    told = {line.option for line in given.lines}
    for name in values:
        if given.has(name) and name not in told:
            given.nothing(name, "nothing needs to be set for this value")
    order = {name: place for place, name in enumerate(OPTIONS)}
    lines = sorted(given.lines, key=lambda line: order[line.option])
    lines += [_unknown(name, value) for name, value in (unknown or {}).items()]
    return Translation(settings=given.settings, lines=tuple(lines))


def _same(given: Given, name: str, meaning: Same) -> None:
    value = given.of(name)
    if value is None or (name == "train_batch_size" and given.has("batch_size")):
        return
    if name == "seed" and given.number(name) < 0:
        given.missing(name, "a seed is 0 or more; each run can be made again")
        return
    note = ""
    if name in ("base_weights", "network_weights", "vae") and value:
        names = given.words(name) or [given.text(name)]
        found = [given.find_path(word) for word in names]
        value = [place or word for place, word in zip(found, names, strict=True)]
        value = value if name == "base_weights" else value[0]
        lost = [word for place, word in zip(found, names, strict=True) if place is None]
        note = f"no such file here: {', '.join(lost)}" if lost else ""
    if meaning.words is not None:
        if value not in meaning.words:
            known = ", ".join(meaning.words)
            given.missing(name, f"{value!r} is not a word it takes; known are {known}")
            return
        value = meaning.words[str(value)]
    taken = tuple(value) if isinstance(value, list) else value
    given.becomes(name, {meaning.setting: taken}, note=note)


def _unknown(name: str, value: object) -> Line:
    near = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.7)
    note = f"did you mean {near[0]}?" if near else "sd-scripts has no such option"
    shown = value if isinstance(value, bool | int | float) else str(value)
    return Line(option=name, value=shown, verdict="unknown", note=note)


@dataclass(frozen=True, kw_only=True)
class Export:
    """Settings as options.

    Attributes:
        options: By name; those at sd-scripts' default are left out.
        left: Settings that differ from our default and have no option, with the reason.
    """

    options: Options
    left: tuple[tuple[str, str], ...]


def export_options(config: ProjectConfig) -> Export:
    """Turn settings into the options of sd-scripts."""
    flat: dict[str, Any] = flatten(config.model_dump(mode="python"))
    options: Options = {}
    covered = set(_NOT_EXPORTED)
    for name, option in OPTIONS.items():
        meaning = option.meaning
        if isinstance(meaning, Same) and meaning.setting in flat and name != "batch_size":
            value = _theirs(flat[meaning.setting], meaning)
            if option.kind == "flag" and isinstance(value, str):
                # Such as flip = "symmetric", of which a flag is only a part.
                continue
            if value is None and meaning.words is not None:
                # None of their words means it.
                continue
            covered.add(meaning.setting)
            if value is not None:
                options[name] = value
    for rule in RULES.values():
        covered |= set(rule.settings)
        options |= rule.write(flat)
    if "fp8_base" in options:
        # The other format in which the base may be kept has no option there.
        covered.add("machine.base_format")
    known = {name: option for name, option in OPTIONS.items() if name in options}
    options = {
        name: value
        for name, value in options.items()
        if value != known[name].default and value != []
    }
    defaults = {
        name: entry.get_default(call_default_factory=True) for name, entry in setting_fields()
    }
    left = tuple(
        (name, _NOT_EXPORTED.get(name, "sd-scripts has no such option"))
        for name, value in flat.items()
        if value != defaults.get(name)
        and (name not in covered or _NOT_EXPORTED.get(name))
        and not name.startswith(_OTHER_TASKS)
    )
    return Export(options=dict(sorted(options.items())), left=left)


def _theirs(value: Any, meaning: Same) -> Value:  # noqa: ANN401
    if meaning.words is not None:
        return next((theirs for theirs, ours in meaning.words.items() if ours == value), None)
    return [str(item) for item in value] if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
