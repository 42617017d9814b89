"""A project out of a run of kohya's sd-scripts: its settings translated, its pictures copied."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from enogu.config import CONFIG_VERSION, parse_assignment, resolve
from enogu.config.kohya import OPTIONS, Line, Sources, Translation, read_kohya, translate
from enogu.config.kohya.option import Missing, Option, Same
from enogu.errors import ConfigError, ProjectError
from enogu.files import make_dirs, write_text_atomic
from enogu.pictures.chain import Progress
from enogu.pictures.importing import ImportReport, Reading
from enogu.pictures.importing.dataset_toml import read_subset, subsets_of
from enogu.project.create import write_first_settings
from enogu.project.import_pictures import import_reading
from enogu.project.kohya_folders import (
    REGULARISATION,
    SETTINGS_OF_FOLDERS,
    KohyaPlan,
    add_own_settings,
    described,
    folders_of,
    own_settings,
    take_triggers,
    value_of,
)
from enogu.project.layout import CONFIG_NAME

_REPORT_NAME = "kohya-import.json"


@dataclass(frozen=True, kw_only=True)
class KohyaImport:
    """What an import of a run of sd-scripts made.

    Attributes:
        root: The new project.
        lines: What became of each option.
        notes: What a person should know beside.
        pictures: What was done with the pictures; None when none were asked for.
        report_path: The same as a JSON file.
    """

    root: Path
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    pictures: ImportReport | None
    report_path: Path

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "project": str(self.root),
            "lines": [asdict(line) for line in self.lines],
            "notes": list(self.notes),
            "pictures": None if self.pictures is None else asdict(self.pictures),
            "report": str(self.report_path),
        }


def import_kohya(
    words: Sequence[str],
    *,
    into: Path | None = None,
    assignments: Sequence[str] = (),
    pictures: bool = True,
    progress: Progress | None = None,
) -> KohyaImport:
    """Make a project that trains as a run of sd-scripts would.

    Args:
        words: Files of sd-scripts, then possibly a command line; see
            :func:`enogu.config.kohya.read_kohya`.
        into: The project to make; None for one named as the adapter, here.
        assignments: Settings as ``name=value``; they win over what was translated.
        pictures: Copy the pictures too. Otherwise only the settings file is written.
        progress: Called after each picture.

    Raises:
        ConfigError: A source cannot be read, or the settings contradict each other.
        ProjectError: The place of the project is taken.
        PictureError: A folder of pictures is missing or holds none.
        StorageError: The disk is full.
    """
    plan = _plan(words, with_pictures=pictures)
    root = (into or Path(_name_of(plan.sources))).expanduser().absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ProjectError(
            f"{root} is there already; nothing in it was changed",
            hint="Choose another place: --into FOLDER",
        )
    given = dict(parse_assignment(text) for text in assignments)
    comments = {n: t for n, t in _comments(plan.translation).items() if n not in given}
    report: ImportReport | None = None
    if pictures and not plan.subsets:
        raise ConfigError(
            "no pictures are named: there is neither train_data_dir nor a data set",
            hint="Give the dataset.toml as a further file, or write only the settings: "
            "--no-pictures",
        )
    if pictures:
        try:
            imported = import_reading(
                root,
                lambda scratch: _read_pictures(plan),
                sources=[Path(str(one["image_dir"])) for one in plan.subsets if "image_dir" in one],
                assignments=assignments,
                settings=lambda reading, _: _settings(plan, given, reading),
                comments=comments,
                progress=progress,
            )
        except BaseException:
            # The project appears whole or not at all, also when it is interrupted.
            shutil.rmtree(root, ignore_errors=True)
            raise
        report = imported.report
    else:
        values = {**_settings(plan, given, None), **given}
        _check(values)
        make_dirs(root / "pictures")
        write_first_settings(root, values, comments)
        plan.notes.append(f"put the pictures and their captions into {root / 'pictures'}")
    path = make_dirs(root / "work") / _REPORT_NAME
    made = KohyaImport(
        root=root,
        lines=plan.translation.lines,
        notes=(*plan.sources.reading.notes, *plan.notes),
        pictures=report,
        report_path=path,
    )
    write_text_atomic(path, json.dumps(made.to_dict(), ensure_ascii=False, indent=2) + "\n")
    return made


def _plan(words: Sequence[str], *, with_pictures: bool) -> KohyaPlan:
    sources = read_kohya(words)
    reading = sources.reading
    values, unknown, notes = dict(reading.values), dict(reading.unknown), list[str]()
    subsets, again = _each_once(_subsets(sources, with_pictures=with_pictures))
    notes += [
        f"the folder {name!r} is named again with other options; here each picture is trained "
        "once, as its first subset says. To train it in another size too, put copies that differ "
        "(scaled, say) into a folder of their own"
        for name in again
    ]
    # What holds for all is that of the pictures to learn; regularisation pictures come after.
    leading = sorted(subsets, key=lambda subset: subset.get("is_reg") is True)
    for name in dict.fromkeys(name for subset in subsets for name in subset):
        option = OPTIONS.get(name)
        if option is None or not option.in_dataset:
            unknown[name] = next(subset[name] for subset in subsets if name in subset)
            continue
        found = [subset.get(name, values.get(name)) for subset in leading]
        if _only_told(option):
            found.sort(key=lambda value: not value)
        if _holds_for_all(option) and any(value != found[0] for value in found):
            shown = ", ".join(str(value) for value in dict.fromkeys(map(str, found)))
            notes.append(f"{name} differs between subsets ({shown}); all of them get {found[0]}")
        if found[0] is not None:
            values[name] = value_of(sources, name, found[0])
    return KohyaPlan(
        sources=sources,
        subsets=subsets,
        translation=translate(values, unknown, find_path=sources.find),
        notes=notes,
    )


def _each_once(
    subsets: list[dict[str, object]],
) -> tuple[list[dict[str, object]], list[str]]:
    """Return the subsets without those whose folder came before, and the names of these folders."""
    kept: dict[str, dict[str, object]] = {}
    again: list[str] = []
    for number, subset in enumerate(subsets):
        name = subset.get("image_dir")
        key = str(Path(name).absolute()) if isinstance(name, str) else f"subset {number}"
        if key in kept and kept[key] != subset:
            again.append(str(name))
        kept.setdefault(key, subset)
    return list(kept.values()), again


def _holds_for_all(option: Option) -> bool:
    """Whether a data set may say it, but here one value holds for the whole run."""
    meaning = option.meaning
    return isinstance(meaning, Same) and meaning.setting not in SETTINGS_OF_FOLDERS


def _only_told(option: Option) -> bool:
    """Whether an option becomes no setting, so that any subset that has it must be heard."""
    return isinstance(option.meaning, Missing) or option.name == "random_crop"


def _subsets(sources: Sources, *, with_pictures: bool) -> list[dict[str, object]]:
    """Return what is said of each folder of pictures, the command line last."""
    values = sources.reading.values
    if sources.dataset is not None:
        found = subsets_of(sources.dataset)
    else:
        found = [
            *_folders(sources, "train_data_dir", with_pictures=with_pictures),
            *_folders(sources, "reg_data_dir", with_pictures=with_pictures),
        ]
    given = {
        name: value
        for name, value in values.items()
        if OPTIONS[name].in_dataset and value is not None
    }
    if "caption_extention" in given:
        given["caption_extension"] = given.pop("caption_extention")
    return [{**given, **subset} for subset in found]


def _folders(sources: Sources, option: str, *, with_pictures: bool) -> list[dict[str, object]]:
    """Return the subsets in a folder whose sub-folders are named ``10_class words``."""
    named = sources.reading.values.get(option)
    if not isinstance(named, str) or not with_pictures:
        return []
    place = sources.find(named)
    if place is None:
        raise ConfigError(
            f"{option} names {named!r}, which is not there",
            hint="Go to the folder it is meant from, or write only the settings: --no-pictures",
        )
    is_reg = option == "reg_data_dir"
    metadata = sources.reading.values.get("in_json")
    if isinstance(metadata, str) and not is_reg:
        repeats = sources.reading.values.get("dataset_repeats") or 1
        table = sources.find(metadata) or metadata
        return [{"image_dir": place, "metadata_file": table, "num_repeats": repeats}]
    folders = [Path(place), *sorted(path for path in Path(place).iterdir() if path.is_dir())]
    found: list[dict[str, object]] = []
    for folder in folders:
        match = re.fullmatch(r"(\d+)_(.*)", folder.name)
        if match:
            subset: dict[str, object] = {"image_dir": str(folder), "num_repeats": int(match[1])}
            subset |= {"class_tokens": match[2]} if match[2] else {}
            found.append(subset | ({"is_reg": True} if is_reg else {}))
    if not found:
        raise ConfigError(
            f"{option} {place} holds no folder named as 10_name, where the number says how often "
            "its pictures are trained",
            hint="sd-scripts finds no pictures there either. Rename its folders, or make a project "
            f"of it: enogu pictures import {place} --into NAME",
        )
    return found


def _read_pictures(plan: KohyaPlan) -> Reading:
    reading = Reading()
    for subset, (folder, _) in zip(plan.subsets, folders_of(plan), strict=True):
        found = read_subset(described(plan), subset)
        inside = PurePosixPath(folder)
        found.candidates = [replace(one, place=inside / one.place.name) for one in found.candidates]
        reading.add(found)
    return reading


def _settings(plan: KohyaPlan, given: Mapping[str, Any], reading: Reading | None) -> dict[str, Any]:
    """Return the settings of the new project: what differs from the defaults, and nothing else."""
    wanted: dict[str, Any] = dict(plan.translation.settings)
    if reading is not None:
        if any(one.is_reg for one in reading.candidates):
            wanted["pictures.regularisation"] = REGULARISATION
        add_own_settings(plan, wanted, take_triggers(plan, wanted, reading))
    elif lost := [own for own in own_settings(plan, wanted) if own]:
        names = ", ".join(dict.fromkeys(name for own in lost for name in own))
        plan.notes.append(
            f"{len(lost)} subsets have settings of their own ({names}), which were left out with "
            "the pictures; import these too, or write tables pictures.subsets"
        )
    base = given.get("base", wanted.get("base", "mini"))
    usual = {name: value for name, value, _ in resolve({}, {"base": base}).rows()}
    values: dict[str, Any] = {"version": CONFIG_VERSION, "base": base}
    values |= {
        name: list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value
        for name, value in wanted.items()
        if usual[name] != value and name not in ("base", "version")
    }
    _check({**values, **given})
    return values


def _check(values: Mapping[str, Any]) -> None:
    try:
        resolve({}, values, source=CONFIG_NAME)
    except ConfigError as error:
        raise ConfigError(
            f"the translated settings cannot be used together:\n{error.message}",
            hint="Choose with --set name=value; nothing was written.",
        ) from error


def _comments(translation: Translation) -> dict[str, str]:
    """Return what stands above each setting: the option it came from."""
    return {
        setting: f"from {line.option}" + (f" = {line.value}" if line.given else ", as by default")
        for line in translation.lines
        for setting in line.settings
    }


def _name_of(sources: Sources) -> str:
    name = sources.reading.values.get("output_name")
    text = re.sub(r"[^\w.-]+", "-", name if isinstance(name, str) else "").strip("-.")
    return text or "from-kohya"
