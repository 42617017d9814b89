"""Writing samples in one of four forms, so that a stop loses nothing and no half set is seen.

Everything goes into a hidden folder beside the target, which takes the target's name in the end.
A run that was stopped goes on there, unless the samples changed in between.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from enogu.errors import StorageError, UserError
from enogu.files import content_key, make_dirs, sha256_file, storage_errors, write_text_atomic
from enogu.pictures.chain import Bounds, Progress
from enogu.pictures.chain.pool import in_order, memory_of_file, run_all
from enogu.pictures.exporting.files import DiffusersForm, FolderForm, FormWriter, KohyaForm
from enogu.pictures.exporting.model import ExportForm, ExportSettings, Sample
from enogu.pictures.exporting.render import Rendered, Renderer
from enogu.pictures.exporting.shards import ShardForm

_STATE_NAME: Final = ".export.json"
_KEEP_FREE_BYTES: Final = 64 << 20


@dataclass(kw_only=True)
class ExportReport:
    """What an export did."""

    outcome: Literal["finished", "stopped"] = "finished"
    folder: Path
    written: int = 0
    """Samples in the folder."""
    masks: int = 0
    without_caption: list[str] = field(default_factory=list[str])
    """Samples for which nothing is known to say; they have no caption."""
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Names with the reason."""
    notes: list[str] = field(default_factory=list[str])


def export_samples(
    samples: Sequence[Sample],
    folder: Path,
    form: ExportForm,
    settings: ExportSettings,
    *,
    dataset: Callable[[Path], str] | None = None,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> ExportReport:
    """Write samples for another program.

    Args:
        samples: From :func:`enogu.pictures.exporting.names.name_samples`.
        folder: Where to; it must not be there, or be empty.
        form: ``kohya``: folders ``10_words`` with captions; ``folder``: pictures, captions and
            masks side by side; ``webdataset``: shards of 10,000; ``diffusers``: a folder with
            ``metadata.jsonl``.
        settings: How pictures are written.
        dataset: For ``kohya``: returns the text of ``dataset.toml`` for the final folder.
        bounds: How much of the machine to take.
        progress: Called after each sample.
        stop: Asked before each sample.

    Raises:
        UserError: The folder is there already.
        StorageError: The disk is full; what was written is kept, and the same call goes on.
    """
    folder = folder.expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder} is there already and is not empty",
            hint="Choose another name; nothing is ever written over.",
        )
    part = folder.with_name(f".{folder.name}.part")
    _continue_or_begin(part, samples, form, settings)
    writer = _writer(form, part, settings)
    report = ExportReport(folder=folder)
    waiting = [sample for sample in samples if not writer.has(sample)]
    done = len(samples) - len(waiting)
    rendered = run_all(
        waiting,
        Renderer(settings=settings, mask_in_alpha=form == "kohya"),
        bounds=bounds or Bounds(),
        memory_need=lambda sample: memory_of_file(sample.record.pixels_path),
        stop=stop,
    )
    finished = done
    for sample, files in zip(waiting, in_order(_checked(rendered, part)), strict=False):
        finished += 1
        if files.refusal is not None:
            report.refused.append((sample.record.name, files.refusal))
        else:
            writer.add(sample, files)
        if progress is not None:
            progress(finished, len(samples), sample.record.name)
    if finished < len(samples):
        writer.close(samples, complete=False)
        report.outcome = "stopped"
        return report
    return _finish(report, samples, writer, part, dataset)


def _finish(
    report: ExportReport,
    samples: Sequence[Sample],
    writer: FormWriter,
    part: Path,
    dataset: Callable[[Path], str] | None,
) -> ExportReport:
    writer.close(samples, complete=True)
    refused = {name for name, _ in report.refused}
    kept = [sample for sample in samples if sample.record.name not in refused]
    report.written, report.masks = len(kept), writer.num_masks
    report.without_caption = [one.record.name for one in kept if not one.caption]
    report.notes += writer.notes
    if dataset is not None:
        write_text_atomic(part / "dataset.toml", dataset(report.folder))
    with storage_errors(report.folder):
        (part / _STATE_NAME).unlink()
        if report.folder.exists():
            report.folder.rmdir()
        part.replace(report.folder)
    return report


def _checked(
    rendered: Iterator[tuple[int, Rendered]], part: Path
) -> Iterator[tuple[int, Rendered]]:
    for number, files in rendered:
        if shutil.disk_usage(part).free < len(files.picture) + _KEEP_FREE_BYTES:
            raise StorageError(
                f"cannot write {part}: the disk is full",
                hint="Make room, then run the same command again; it goes on.",
            )
        yield number, files


def _writer(form: ExportForm, part: Path, settings: ExportSettings) -> FormWriter:
    if form == "kohya":
        return KohyaForm(part)
    if form == "folder":
        return FolderForm(part)
    if form == "diffusers":
        return DiffusersForm(part)
    return ShardForm(part, settings.shard_size)


def _continue_or_begin(
    part: Path, samples: Sequence[Sample], form: ExportForm, settings: ExportSettings
) -> None:
    """Keep what an interrupted export of the same samples wrote; else begin with nothing."""
    digest = content_key(
        {
            "form": form,
            "settings": repr(settings),
            "samples": [_sample_key(sample) for sample in samples],
        }
    )
    state = part / _STATE_NAME
    if state.is_file():
        try:
            if json.loads(state.read_text(encoding="utf-8")).get("digest") == digest:
                return
        except (OSError, ValueError, AttributeError):
            pass  # A torn state file says only that the run must begin anew.
    with storage_errors(part):
        shutil.rmtree(part, ignore_errors=True)
    make_dirs(part)
    write_text_atomic(state, json.dumps({"digest": digest}) + "\n")


def _sample_key(sample: Sample) -> list[object]:
    record, fit = sample.record, sample.fit
    return [
        record.id,
        sample.stem,
        sample.caption,
        record.changes,
        "" if record.mask_path is None else sha256_file(record.mask_path),
        None if fit is None else [*fit.bucket, *fit.resized, fit.crop_left, fit.crop_top],
        record.repeats,
        record.class_words,
    ]
