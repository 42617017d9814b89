"""A project as `config.toml` and `dataset.toml` for kohya's sd-scripts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tomlkit

from enogu.config import EMBEDDED_BASES, ProjectConfig
from enogu.config.kohya import OPTIONS, Value, export_options
from enogu.errors import ProjectError
from enogu.files import make_dirs, write_text_atomic
from enogu.pictures.scan import PictureRecord, scan_pictures
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


@dataclass(kw_only=True)
class _Written:
    config: dict[str, Value]
    general: dict[str, Value]
    notes: list[str] = field(default_factory=list[str])


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
        general={n: v for n, v in export.options.items() if OPTIONS[n].in_dataset},
    )
    _add_base(written, project, family, prediction, zero_terminal_snr)
    _add_buckets(written, config, resolution)
    subsets = _subsets(written, project)
    written.general["batch_size"] = config.train.batch_size
    written.config["dataset_config"] = str(dataset_path.absolute())
    written.config["output_dir"] = str((out / "output").absolute())
    written.config.setdefault("output_name", project.adapter_name)
    make_dirs(out)
    write_text_atomic(config_path, tomlkit.dumps(_plain(written.config)))
    document = {
        "general": _plain(written.general),
        "datasets": [{"subsets": [_plain(subset) for subset in subsets]}],
    }
    write_text_atomic(dataset_path, tomlkit.dumps(document).rstrip("\n") + "\n")
    script = "sdxl_train_network.py" if family == "sdxl" else "train_network.py"
    return KohyaExport(
        config_path=config_path,
        dataset_path=dataset_path,
        command=f"accelerate launch {script} --config_file {config_path.absolute()}",
        left=export.left,
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
    for name in ("network_weights", "sample_prompts"):
        value = values.get(name)
        if isinstance(value, str):
            values[name] = str(root / Path(value).expanduser())
    files = values.get("base_weights")
    if isinstance(files, list):
        values["base_weights"] = [str(root / Path(str(name)).expanduser()) for name in files]


def _add_buckets(written: _Written, config: ProjectConfig, resolution: int) -> None:
    pictures, general = config.pictures, written.general
    side = pictures.resolution or resolution
    general["resolution"] = side
    if pictures.bucket_mode == "no_upscale" or "enable_bucket" not in general:
        return
    general["min_bucket_reso"] = pictures.bucket_min or side // 2
    general["max_bucket_reso"] = pictures.bucket_max or side * 2
    if pictures.bucket_mode in ("fit", "aspects"):
        written.notes.append(
            f"pictures.bucket_mode {pictures.bucket_mode!r} is not in sd-scripts: there the "
            "nearest ratio is taken"
        )


def _subsets(written: _Written, project: Project) -> list[dict[str, Value]]:
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
    _add_trigger(written, project.resolved.config)
    return [
        _subset(written, project.resolved.config, folder, folders[folder])
        for folder in sorted(folders)
    ]


def _add_trigger(written: _Written, config: ProjectConfig) -> None:
    captions = config.captions
    count = len(split_tags(captions.trigger, separator=captions.separator))
    keep = captions.keep_tags + count
    if keep:
        written.general["keep_tokens"] = keep


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
    if first.is_reg:
        return subset
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
