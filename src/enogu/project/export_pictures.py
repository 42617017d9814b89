"""Exporting the prepared pictures of a project for other programs."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import tomlkit
from tomlkit.items import AoT

from enogu.config import (
    CaptionsConfig,
    PicturesConfig,
    ProjectConfig,
    SubsetConfig,
    with_subset,
)
from enogu.errors import PictureError
from enogu.pictures.buckets import BucketFit, BucketRule, BucketSize
from enogu.pictures.chain import Bounds, Progress
from enogu.pictures.exporting import (
    ExportForm,
    ExportReport,
    ExportSettings,
    Sample,
    export_samples,
    name_samples,
)
from enogu.pictures.exporting.files import kohya_folder
from enogu.pictures.scan import PictureRecord, scan_pictures
from enogu.pictures.subsets import innermost_subset, marked_record
from enogu.project.layout import Project
from enogu.project.prep import prepared_pictures
from enogu.tags.caption import CaptionRules, arrange_caption

RuleOf = Callable[[PicturesConfig], BucketRule]
"""Gives the rule by which buckets are chosen under a section ``pictures``."""


def export_pictures(
    project: Project,
    folder: Path,
    form: ExportForm,
    rule_of: RuleOf,
    *,
    fitted: bool = False,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> ExportReport:
    """Write the samples of a project in the form of another program; the project is only read.

    Args:
        project: The project.
        folder: Where to; it must not be there, or be empty.
        form: Which form.
        rule_of: How buckets are chosen under a section ``pictures``, for `fitted` and for the
            settings of kohya's data set.
        fitted: Scale and crop every picture to its bucket.
        bounds: How much of the machine to take.
        progress: Called after each sample.
        stop: Asked before each sample.

    Raises:
        PictureError: There is no picture, or the folder lies in that of the pictures.
        UserError: The folder is there already.
        StorageError: The disk is full; the same call goes on.
    """
    settings = project.resolved.config
    if folder.expanduser().resolve().is_relative_to(project.pictures_dir.resolve()):
        raise PictureError(
            f"{folder} lies in the folder of the project's pictures",
            hint="Choose a place beside the project.",
        )
    samples, notes, refused = _gathered(project, form, rule_of, fitted=fitted)
    report = export_samples(
        samples,
        folder,
        form,
        ExportSettings(
            background=settings.pictures.background,
            max_megapixels=settings.pictures.max_megapixels,
            shrink=settings.pictures.shrink,
            masks=settings.train.loss.masked,
            alpha_as_mask=settings.pictures.alpha_as_mask,
            keep_alpha=settings.prep.background == "transparent",
        ),
        dataset=(lambda root: _dataset(root, samples, project, rule_of))
        if form == "kohya"
        else None,
        bounds=bounds,
        progress=progress,
        stop=stop,
    )
    report.refused += refused
    report.notes = [*notes, *report.notes]
    return report


def _gathered(
    project: Project, form: ExportForm, rule_of: RuleOf, *, fitted: bool
) -> tuple[tuple[Sample, ...], list[str], list[tuple[str, str]]]:
    """Return the samples, what a person should know, and files that cannot be used."""
    settings = project.resolved.config
    most, regularisation = settings.pictures.max_megapixels, project.regularisation_dir
    scan = scan_pictures(project.pictures_dir, leave_out=regularisation, max_megapixels=most)
    side = rule_of(settings.pictures).resolution.width
    prepared = prepared_pictures(project, scan.records, side)
    records = [*prepared.records]
    notes = [*scan.warnings, *prepared.notes]
    if regularisation is not None:
        records += scan_pictures(regularisation, is_reg=True, max_megapixels=most).records

    def own(record: PictureRecord) -> ProjectConfig:
        return _settings_of(project, record)

    marked = [marked_record(record, _subset_of(project, record)) for record in records]
    if form != "kohya" and any(record.is_reg for record in marked):
        marked = [record for record in marked if not record.is_reg]
        notes.append("regularisation pictures are exported for kohya only")
    named = name_samples(
        [_with_words(record, own(record).captions) for record in marked],
        lambda record: _caption(record, own(record).captions),
        (lambda record: _fit(record, rule_of(own(record).pictures))) if fitted else None,
    )
    samples = tuple(
        replace(
            sample,
            background=own(sample.record).pictures.background,
            alpha_as_mask=own(sample.record).pictures.alpha_as_mask,
        )
        for sample in named
    )
    return samples, notes, [(str(one.path), one.reason) for one in scan.refused]


def _subset_of(project: Project, record: PictureRecord) -> SubsetConfig | None:
    subsets = project.resolved.config.pictures.subsets
    return innermost_subset(subsets, project.root, record.path.parent)


def _settings_of(project: Project, record: PictureRecord) -> ProjectConfig:
    """Return the settings as they hold for one picture."""
    config, subset = project.resolved.config, _subset_of(project, record)
    return config if subset is None else with_subset(config, subset)


def _with_words(record: PictureRecord, captions: CaptionsConfig) -> PictureRecord:
    """Name kohya's folder after the trigger where nothing else names it."""
    if record.class_words is not None or record.is_reg or not captions.trigger:
        return record
    return replace(record, class_words=captions.trigger.replace(",", " ").strip())


def _fit(record: PictureRecord, rule: BucketRule) -> BucketFit:
    return rule.choose(BucketSize(record.width, record.height)).keeping(record.keep)


def _caption(record: PictureRecord, captions: CaptionsConfig) -> str:
    """Return the caption with the trigger in front, as other trainers need it in the file."""
    rules = CaptionRules(
        trigger=captions.trigger,
        prefix=captions.prefix,
        suffix=captions.suffix,
        separator=captions.separator,
        keep_separator=captions.keep_separator,
    )
    if record.is_reg:
        rules = rules.for_general_class()
    # Nothing in these rules is drawn, so any source of chance gives the same.
    lines = (record.caption or "").splitlines() if captions.wildcards else [record.caption]
    texts = [
        arrange_caption(line, rules, random.Random(0), class_words=record.class_words)
        for line in lines or [None]
    ]
    return "\n".join(text for text in texts if text)


def _dataset(root: Path, samples: tuple[Sample, ...], project: Project, rule_of: RuleOf) -> str:
    """Return kohya's ``dataset.toml``; keys as in its document of data set settings.

    Folders of the same size and buckets share a data set.
    """
    config = project.resolved.config
    folders: dict[str, Sample] = {}
    for sample in samples:
        folders.setdefault(kohya_folder(sample), sample)
    masked = {kohya_folder(sample) for sample in samples if sample.record.mask_path is not None}
    tables: list[tuple[dict[str, int | bool | str], AoT]] = []
    for name, sample in folders.items():
        own = _settings_of(project, sample.record)
        pictures, captions = own.pictures, own.captions
        subset = tomlkit.table()
        subset.update(
            {
                "image_dir": (root / name).as_posix(),
                "num_repeats": sample.record.repeats,
                "caption_extension": ".txt",
                "class_tokens": sample.record.class_words or "",
                "shuffle_caption": captions.shuffle,
                "keep_tokens": captions.keep_tags
                + (1 if captions.trigger and not sample.record.is_reg else 0),
                "caption_separator": captions.separator,
                "flip_aug": pictures.flip is True,
                "is_reg": sample.record.is_reg,
                "alpha_mask": name in masked
                or (pictures.alpha_as_mask and config.train.loss.masked),
                "enable_wildcard": captions.wildcards,
            }
        )
        shared = _dataset_settings(pictures, rule_of(pictures), config.train.batch_size)
        subsets = next((found for options, found in tables if options == shared), None)
        if subsets is None:
            subsets = tomlkit.aot()
            tables.append((shared, subsets))
        subsets.append(subset)
    document = tomlkit.document()
    document["general"] = {"caption_extension": ".txt"}
    datasets = tomlkit.aot()
    for options, subsets in tables:
        dataset = tomlkit.table()
        dataset.update(options)
        dataset["subsets"] = subsets
        datasets.append(dataset)
    document["datasets"] = datasets
    return tomlkit.dumps(document)


def _dataset_settings(
    pictures: PicturesConfig, rule: BucketRule, batch_size: int
) -> dict[str, int | bool | str]:
    # Without the option sd-scripts averages areas.
    filters = {} if pictures.shrink == "area" else {"resize_interpolation": pictures.shrink}
    return {
        **filters,
        "resolution": rule.resolution.width,
        "batch_size": batch_size,
        "enable_bucket": True,
        "bucket_no_upscale": pictures.bucket_mode == "no_upscale",
        "min_bucket_reso": rule.min_px,
        "max_bucket_reso": rule.max_px,
        "bucket_reso_steps": rule.step,
    }
