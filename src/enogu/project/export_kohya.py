"""A project as `config.toml` and `dataset.toml` for kohya's sd-scripts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tomlkit

from enogu.config import EMBEDDED_BASES, ProjectConfig, with_subset
from enogu.config.kohya import OPTIONS, Value, export_options
from enogu.errors import ProjectError
from enogu.files import make_dirs, write_text_atomic
from enogu.pictures.scan import PictureRecord, scan_pictures
from enogu.pictures.subsets import innermost_subset, marked_record
from enogu.project.layout import Project
from enogu.tags.caption import split_tags


@dataclass(frozen=True, kw_only=True)
class KohyaExport:
    """What was written.

    Attributes:
        config_path: The settings.
        dataset_path: The data set.
        command: The call that trains with them.
        left: Settings that sd-scripts has no option for, with the reason.
        notes: What a person should know beside.
    """

    config_path: Path
    dataset_path: Path
    command: str
    left: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "config": str(self.config_path),
            "dataset": str(self.dataset_path),
            "command": self.command,
            "left": dict(self.left),
            "notes": list(self.notes),
        }


_OF_A_DATASET = frozenset(
    {
        "resolution",
        "batch_size",
        "enable_bucket",
        "bucket_no_upscale",
        "min_bucket_reso",
        "max_bucket_reso",
        "bucket_reso_steps",
        "resize_interpolation",
        "validation_split",
        "validation_seed",
    }
)
"""Options that stand in ``[[datasets]]``; the others of a data set may stand in its subsets."""


@dataclass(kw_only=True)
class _Written:
    config: dict[str, Value]
    general: dict[str, Value]
    resolution: int
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        """Take a note once."""
        if text not in self.notes:
            self.notes.append(text)


def export_kohya(
    project: Project,
    out: Path,
    *,
    family: str,
    prediction: str,
    zero_terminal_snr: bool,
    resolution: int,
) -> KohyaExport:
    """Write the settings and the data set of a project for sd-scripts.

    The pictures stay where they are; the data set names their folders.

    Args:
        project: The project.
        out: The folder to write; made when missing.
        family: `sd1`, `sd2` or `sdxl`.
        prediction: What the base predicts.
        zero_terminal_snr: Whether its schedule ends in pure noise.
        resolution: Side in pixels it was made for.

    Raises:
        ProjectError: Such files are there already.
        PictureError: The project holds no picture that can be read.
        StorageError: The place cannot be written.
    """
    config_path, dataset_path = out / "config.toml", out / "dataset.toml"
    for path in (config_path, dataset_path):
        if path.exists():
            raise ProjectError(
                f"{path} is there already; nothing was written", hint="Choose another folder."
            )
    config = project.resolved.config
    export = export_options(config)
    written = _Written(
        config={n: v for n, v in export.options.items() if not OPTIONS[n].in_dataset},
        general={},
        resolution=resolution,
    )
    written.general = _dataset_options(written, config)
    _add_base(written, project, family, prediction, zero_terminal_snr)
    datasets = _datasets(written, project)
    written.config["dataset_config"] = str(dataset_path.absolute())
    written.config["output_dir"] = str((out / "output").absolute())
    written.config.setdefault("output_name", project.adapter_name)
    make_dirs(out)
    write_text_atomic(config_path, tomlkit.dumps(_plain(written.config)))
    document = {
        "general": _plain(written.general),
        "datasets": datasets,
    }
    write_text_atomic(dataset_path, tomlkit.dumps(document).rstrip("\n") + "\n")
    script = "sdxl_train_network.py" if family == "sdxl" else "train_network.py"
    return KohyaExport(
        config_path=config_path,
        dataset_path=dataset_path,
        command=f"accelerate launch {script} --config_file {config_path.absolute()}",
        left=tuple(pair for pair in export.left if pair[0] != "pictures.subsets"),
        notes=tuple(written.notes),
    )


def _plain(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}


def _add_base(
    written: _Written, project: Project, family: str, prediction: str, zero_terminal_snr: bool
) -> None:
    values, root = written.config, project.root
    if project.base_reference in EMBEDDED_BASES:
        written.notes.append("the base mini comes with Enogu; sd-scripts cannot load it")
    else:
        place = Path(project.base_reference).expanduser()
        values["pretrained_model_name_or_path"] = str(place.absolute())
    if family == "sd2":
        values["v2"] = True
    if prediction == "v_prediction":
        values["v_parameterization"] = True
    if zero_terminal_snr:
        values["zero_terminal_snr"] = True
    for name in ("network_weights", "sample_prompts", "vae"):
        value = values.get(name)
        if isinstance(value, str):
            values[name] = str(root / Path(value).expanduser())
    files = values.get("base_weights")
    if isinstance(files, list):
        values["base_weights"] = [str(root / Path(str(name)).expanduser()) for name in files]


def _dataset_options(written: _Written, config: ProjectConfig) -> dict[str, Value]:
    """Return the options of a data set that these settings are."""
    options = export_options(config).options
    found = {name: value for name, value in options.items() if OPTIONS[name].in_dataset}
    found["batch_size"] = config.train.batch_size
    pictures = config.pictures
    side = pictures.resolution or written.resolution
    found["resolution"] = side
    captions = config.captions
    trigger = split_tags(captions.trigger, separator=captions.separator)
    if keep := captions.keep_tags + len(trigger):
        found["keep_tokens"] = keep
    if pictures.bucket_mode == "no_upscale" or "enable_bucket" not in found:
        return found
    found["min_bucket_reso"] = pictures.bucket_min or side // 2
    found["max_bucket_reso"] = pictures.bucket_max or side * 2
    if pictures.bucket_mode in ("fit", "aspects"):
        written.note(
            f"pictures.bucket_mode {pictures.bucket_mode!r} is not in sd-scripts: there the "
            "nearest ratio is taken"
        )
    return found


def _datasets(written: _Written, project: Project) -> list[dict[str, object]]:
    """Return the data sets: folders of the same size and buckets share one."""
    found: list[tuple[dict[str, Value], list[dict[str, Value]]]] = []
    for folder, records in sorted(_folders(written, project).items()):
        config = project.resolved.config
        subset = innermost_subset(config.pictures.subsets, project.root, folder)
        inside = config if subset is None else with_subset(config, subset)
        marked = [marked_record(record, subset) for record in records]
        if marked[0].is_reg:
            own_words = subset is not None and subset.regularisation
            words = {
                "trigger": "",
                "prefix": inside.captions.prefix if own_words else "",
                "suffix": inside.captions.suffix if own_words else "",
            }
            inside = inside.model_copy(
                update={"captions": inside.captions.model_copy(update=words)}
            )
        own = _differences(written.general, _dataset_options(written, inside))
        table = _subset(written, inside, folder, marked)
        table |= {name: value for name, value in own.items() if name not in _OF_A_DATASET}
        shared = {name: value for name, value in own.items() if name in _OF_A_DATASET}
        if subset is not None and subset.background is not None:
            written.note(f"{folder}: sd-scripts has no colour behind transparent pictures")
        same = next((tables for options, tables in found if options == shared), None)
        if same is None:
            found.append((shared, [table]))
        else:
            same.append(table)
    return [
        {**_plain(options), "subsets": [_plain(table) for table in tables]}
        for options, tables in found
    ]


def _differences(general: Mapping[str, Value], options: Mapping[str, Value]) -> dict[str, Value]:
    """Return what must be written for a folder so that it is not as for all."""
    left = {name: OPTIONS[name].default for name in general if name not in options}
    return left | {name: v for name, v in options.items() if general.get(name) != v}


def _folders(written: _Written, project: Project) -> dict[Path, list[PictureRecord]]:
    pictures = project.resolved.config.pictures
    scan = scan_pictures(
        project.pictures_dir,
        leave_out=project.regularisation_dir,
        max_megapixels=pictures.max_megapixels,
    )
    records = list(scan.records)
    if project.regularisation_dir is not None:
        records += scan_pictures(project.regularisation_dir, is_reg=True).records
    folders: defaultdict[Path, list[PictureRecord]] = defaultdict(list)
    for record in records:
        folders[record.path.parent].append(record)
    masks = sum(record.mask_path is not None for record in records)
    if masks:
        written.notes.append(
            f"{masks} pictures have masks beside them, which sd-scripts would take for pictures: "
            "move them into a folder of their own and name it as conditioning_data_dir"
        )
    return folders


def _subset(
    written: _Written, config: ProjectConfig, folder: Path, records: Sequence[PictureRecord]
) -> dict[str, Value]:
    first = records[0]
    subset: dict[str, Value] = {
        "image_dir": str(folder),
        "num_repeats": first.repeats,
        "class_tokens": first.class_words,
        "caption_extension": ".txt",
        "is_reg": True if first.is_reg else None,
    }
    captions = config.captions
    trigger = captions.trigger.strip()
    starts = [
        (record.caption or "").casefold().startswith(trigger.casefold()) for record in records
    ]
    if trigger and any(starts) and not all(starts):
        written.notes.append(
            f"{folder}: {sum(starts)} of {len(starts)} captions begin with {trigger!r}; in "
            "sd-scripts these will have it twice"
        )
    joint = captions.separator.strip() or " "
    lead = "" if not trigger or all(starts) else f"{trigger}{joint}"
    subset["caption_prefix"] = " ".join(part for part in (lead, captions.prefix) if part) or None
    subset["caption_suffix"] = captions.suffix or None
    return subset
