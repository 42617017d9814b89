"""What a run of sd-scripts says of single folders: their places, trigger words and settings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enogu.config import CAPTION_SETTINGS, PICTURE_SETTINGS, resolve
from enogu.config.kohya import OPTIONS, Sources, Translation, Value, translate
from enogu.config.kohya.option import read_value
from enogu.errors import ConfigError
from enogu.pictures.importing import Reading
from enogu.pictures.importing.dataset_toml import subset_folder
from enogu.project.create import common_first_tag

REGULARISATION = "regularisation"
"""The folder of regularisation pictures in a new project."""


@dataclass(kw_only=True)
class KohyaPlan:
    """What is to be made, before anything is written.

    Attributes:
        sources: What was given.
        subsets: What is said of each folder of pictures.
        translation: The settings of all pictures.
        notes: What a person should know beside.
    """

    sources: Sources
    subsets: list[dict[str, object]]
    translation: Translation
    notes: list[str] = field(default_factory=list[str])


SETTINGS_OF_FOLDERS = (
    *(f"pictures.{name}" for name in PICTURE_SETTINGS),
    *(f"captions.{name}" for name in CAPTION_SETTINGS),
)
"""Settings that a folder may have of its own, by dotted name."""


def value_of(sources: Sources, name: str, value: object) -> Value:
    """Return the value of an option of a data set in its type.

    Raises:
        ConfigError: It is of another type.
    """
    try:
        return read_value(OPTIONS[name], value)
    except ValueError as error:
        raise ConfigError(f"{sources.dataset}: {name} {error}, got {value!r}") from error


def described(plan: KohyaPlan) -> Path:
    """Return the file that describes the subsets; for the command line one that is not there."""
    return plan.sources.dataset or Path.cwd() / "command line"


def folders_of(plan: KohyaPlan) -> list[tuple[str, str | None]]:
    """Return the folder of each subset inside that of all pictures, each once.

    Subsets with the same repeats and words get folders of their own, so that each can keep its
    settings; their words, which the new name does not say, come with them.
    """
    taken: set[tuple[str, bool]] = set()
    folders: list[tuple[str, str | None]] = []
    for subset in plan.subsets:
        plain = folder = subset_folder(described(plan), subset)
        is_reg, number = subset.get("is_reg") is True, 1
        while (folder, is_reg) in taken:
            number += 1
            folder = f"{plain} {number}"
        taken.add((folder, is_reg))
        folders.append((folder, None if folder == plain else plain.partition("_")[2]))
    return folders


def own_settings(
    plan: KohyaPlan, wanted: Mapping[str, Any], triggers: Sequence[str | None] = ()
) -> list[dict[str, Any]]:
    """Return for each subset what differs there from the settings of all pictures.

    Args:
        plan: What was given.
        wanted: The settings of all pictures.
        triggers: The trigger word of each subset, when there are some.
    """
    defaults = {name: value for name, value, _ in resolve({}, {}).rows()}
    tables: list[dict[str, Any]] = []
    for number, subset in enumerate(plan.subsets):
        trigger = triggers[number] if triggers else None
        given = {
            name: value_of(plan.sources, name, value)
            for name, value in subset.items()
            if name in OPTIONS and OPTIONS[name].in_dataset
        }
        values = {**plan.sources.reading.values, **given}
        mine: dict[str, Any] = {
            **defaults,
            **translate(values, find_path=plan.sources.find).settings,
        }
        # Regularisation pictures get no trigger word, whichever the others have.
        mine["captions.trigger"] = trigger or wanted.get("captions.trigger", "")
        if trigger:
            mine["captions.keep_tags"] = max(0, mine["captions.keep_tags"] - 1)
        own = {
            name.partition(".")[2]: mine[name]
            for name in SETTINGS_OF_FOLDERS
            if mine[name] != wanted.get(name, defaults[name])
        }
        if "resolution" in own:
            # A size of its own does not take over the sides that buckets have elsewhere.
            sides = {side: mine[f"pictures.{side}"] for side in ("bucket_min", "bucket_max")}
            own |= {side: value for side, value in sides.items() if value is not None}
        tables.append(own)
    return tables


def add_own_settings(
    plan: KohyaPlan, wanted: dict[str, Any], triggers: Sequence[str | None]
) -> None:
    """Write what differs in single folders as the tables ``pictures.subsets``."""
    folder_of_all = wanted.get("pictures.folder", resolve({}, {}).config.pictures.folder)
    tables: list[dict[str, Any]] = []
    own = own_settings(plan, wanted, triggers)
    for subset, (folder, words), settings in zip(plan.subsets, folders_of(plan), own, strict=True):
        said = {} if words is None else {"class_words": words}
        root = REGULARISATION if subset.get("is_reg") is True else folder_of_all
        if settings or said:
            tables.append({"folder": f"{root}/{folder}", **said, **settings})
    if tables:
        wanted["pictures.subsets"] = tables
        plan.notes.append(
            f"{len(tables)} of {len(plan.subsets)} folders have settings of their own: the tables "
            "pictures.subsets"
        )


def take_triggers(
    plan: KohyaPlan, wanted: dict[str, Any], reading: Reading
) -> Sequence[str | None]:
    """Name the tags that stand fixed in front of all captions of a folder as its trigger word.

    The captions stay what they are: a trigger is kept in front just so. Either every folder has
    one, or none is named: the trigger of all would be put in front of the other captions.

    Args:
        plan: What was given.
        wanted: The settings of all pictures; the word of the first folder is put in.
        reading: The pictures.

    Returns:
        The word of each subset; None for regularisation pictures, and where none was named.
    """
    separator = str(wanted.get("captions.separator", ","))
    texts: defaultdict[tuple[str, bool], list[str | None]] = defaultdict(list)
    for one in reading.candidates:
        texts[one.place.parts[0], one.is_reg].append(one.caption)
    triggers: list[str | None] = []
    for subset, (folder, _) in zip(plan.subsets, folders_of(plan), strict=True):
        if subset.get("is_reg") is True:
            triggers.append(None)
            continue
        word = common_first_tag(texts[folder, False], separator=separator)
        if word is None or not _keeps_the_first(plan, subset):
            return [None] * len(plan.subsets)
        triggers.append(word)
    words = list(dict.fromkeys(word for word in triggers if word is not None))
    if not words or sum(len(found) for (_, reg), found in texts.items() if not reg) < 2:
        return [None] * len(plan.subsets)
    wanted["captions.trigger"] = words[0]
    wanted["captions.keep_tags"] = max(0, int(wanted.get("captions.keep_tags", 0)) - 1)
    named = (
        f"every caption begins with {words[0]!r}, which is kept in place: it is named as the "
        "trigger word"
        if len(words) == 1
        else f"the captions of each folder begin with a word of its own ({', '.join(words)}), "
        "which is kept in place: these are named as trigger words"
    )
    plan.notes.append(f"{named}, so that samples and reports know it")
    return triggers


def _keeps_the_first(plan: KohyaPlan, subset: Mapping[str, object]) -> bool:
    """Whether the first tag of the captions of a subset never moves."""
    values = {**plan.sources.reading.values, **subset}
    return bool(values.get("keep_tokens")) or not values.get("shuffle_caption")
