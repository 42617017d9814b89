"""Preparing the pictures of a project: the chain of its steps, and the samples it makes."""

import contextlib
import difflib
from array import array
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

from enogu.config.prep import NO_DETECTOR
from enogu.errors import PictureError
from enogu.pictures.chain import Bounds, ChainRun, Loader, PictureStep, Progress, run_chain
from enogu.pictures.duplicates import LoadPixels
from enogu.pictures.onnx_file import network_digest
from enogu.pictures.pixels import Pixels
from enogu.pictures.prepared import NOT_PREPARED, Preparation, PreparedPictures, apply_preparation
from enogu.pictures.quality import QualitySettings
from enogu.pictures.read import read_picture
from enogu.pictures.records import (
    DECISIONS_NAME,
    Decisions,
    DerivedFiles,
    FileEntry,
    ListedFiles,
    Records,
    StepResult,
)
from enogu.pictures.records.database import RECORDS_NAME
from enogu.pictures.regions import CropSettings, embedded_detector
from enogu.pictures.scan import PictureRecord
from enogu.pictures.steps import (
    BACKGROUND,
    DUPLICATES,
    FINGERPRINT,
    QUALITY,
    REGIONS,
    TRIM,
    BackgroundStep,
    FingerprintStep,
    QualityStep,
    RegionsStep,
    TrimStep,
    compare_pictures,
    fingerprint_of,
)
from enogu.pictures.trim import TrimSettings
from enogu.project.drawn_masks import renew_drawn_masks
from enogu.project.layout import Project
from enogu.project.picture_files import PictureFiles, look_at_project, project_loader

STEPS: Final = (TRIM, BACKGROUND, REGIONS, QUALITY, DUPLICATES)
"""The steps that a person knows, in their order."""


@dataclass(frozen=True, kw_only=True)
class PrepPlace:
    """A project that is held while its pictures are prepared."""

    project: Project
    records: Records
    decisions: Decisions
    files: PictureFiles
    loader: Loader
    resolution: int
    """Side in pixels of the square that training uses."""

    @property
    def entries(self) -> ListedFiles:
        """The pictures to learn from."""
        return self.files.entries

    def names_of(self, picture_id: str) -> list[str]:
        """Return the files that hold a picture, by name."""
        return [entry.relative for entry in self.entries.of_picture(picture_id)]


@contextlib.contextmanager
def open_prep(project: Project, resolution: int) -> Generator[PrepPlace]:
    """Hold a project and look at its picture files.

    Raises:
        BusyError: Another process works in it.
        PictureError: There is no picture.
        ProjectError: The decisions cannot be read.
    """
    with project.lock(), Records(project.work_dir) as records:
        files = look_at_project(project, records)
        if not files.entries:
            raise PictureError(
                f"{project.pictures_dir}: there is no picture to prepare",
                hint="Bring pictures in first: enogu pictures import FOLDER",
            )
        yield PrepPlace(
            project=project,
            records=records,
            decisions=Decisions(project.root / DECISIONS_NAME),
            files=files,
            loader=project_loader(project),
            resolution=resolution,
        )


def chain_steps(project: Project, resolution: int) -> tuple[PictureStep, ...]:
    """Return all steps over single pictures as the settings of a project want them.

    Raises:
        ModelFileError: A network that the settings name cannot be read.
    """
    prep = project.resolved.config.prep
    model, detector = _network(project, prep.background_model), detector_of(project)
    return (
        TrimStep(options=TrimSettings(resolution=resolution), enabled=prep.trim),
        BackgroundStep(
            use=prep.background,
            colour=prep.background_colour,
            model=model,
            model_digest=network_digest(model) if model is not None else "",
        ),
        RegionsStep(
            detector=detector,
            detector_digest=network_digest(detector) if detector is not None else "",
        ),
        QualityStep(options=QualitySettings(resolution_px=resolution)),
        FingerprintStep(),
    )


def run_steps(
    place: PrepPlace,
    wanted: Sequence[str],
    *,
    entries: Sequence[FileEntry] | None = None,
    again: bool = False,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> ChainRun:
    """Take pictures through some steps and all that these need.

    Args:
        place: The project.
        wanted: Names of :data:`STEPS`. Duplicates compare all pictures, whatever `entries` says.
        entries: The pictures; all of them when None.
        again: Run the wanted steps whether or not their results hold.
        bounds: How much of the machine to take.
        progress: Called after each picture.
        stop: Asked after each picture.

    Raises:
        StorageError: The disk is full; what was done is kept.
    """
    renew_drawn_masks(
        place.project.root,
        place.entries,
        place.records,
        place.decisions,
        loader=place.loader,
        prep=place.project.resolved.config.prep,
    )
    names = {FINGERPRINT if name == DUPLICATES else name for name in wanted}
    steps = _with_needs(chain_steps(place.project, place.resolution), names)
    run = run_chain(
        place.project.root,
        place.entries if entries is None else entries,
        steps,
        place.records,
        place.decisions,
        loader=place.loader,
        again=frozenset(names) if again else frozenset(),
        bounds=bounds,
        progress=progress,
        stop=stop,
    )
    if DUPLICATES not in wanted or run.outcome == "stopped":
        return run
    if progress is not None:
        progress(run.looked_at, run.looked_at, "comparing them with each other")
    try:
        _compare(place, again=again, stop=stop or (lambda: False))
    except _Stopped:
        return replace(run, outcome="stopped")
    return run


class _Stopped(Exception):
    """The person wants the comparison to end; what the steps found is kept."""


def bring_up_to_date(
    place: PrepPlace, entries: Sequence[FileEntry], *, bounds: Bounds | None = None
) -> None:
    """Run every step again that looked at something a person has decided since."""
    there = [step for step in STEPS if step != DUPLICATES and place.records.verdicts(step)]
    run_steps(place, there, entries=entries, bounds=bounds)


def _with_needs(steps: Sequence[PictureStep], names: set[str]) -> tuple[PictureStep, ...]:
    wanted = set(names)
    for step in reversed(steps):
        if step.name in wanted:
            wanted.update(step.needs)
    return tuple(step for step in steps if step.name in wanted)


def _compare(place: PrepPlace, *, again: bool, stop: Callable[[], bool]) -> None:
    picture_ids, worth, poor = list[str](), array("d"), list[int]()
    for entry in place.entries.first_of_each():
        value = _worth(place, entry)
        if value is None:
            continue
        if _is_flagged(place, entry):
            poor.append(len(picture_ids))
        picture_ids.append(entry.picture_id)
        worth.append(value)
    compare_pictures(
        picture_ids,
        place.records,
        _loader_of(place, picture_ids, stop),
        worth=worth,
        poor=poor,
        again=again,
    )


def _worth(place: PrepPlace, entry: FileEntry) -> float | None:
    """Return how much a picture is worth beside its copies; None where it cannot be compared.

    Bytes say how much detail a file holds, but for a rim around it.
    """
    result = place.records.result(entry.picture_id, FINGERPRINT)
    if result is None:
        return None
    found = fingerprint_of(result)
    share = found.box.area / (found.width * found.height)
    return share * entry.num_bytes


def _is_flagged(place: PrepPlace, entry: FileEntry) -> bool:
    quality = place.records.result(entry.picture_id, QUALITY)
    return quality is not None and quality.verdict == "flagged"


def _loader_of(
    place: PrepPlace, picture_ids: Sequence[str], stop: Callable[[], bool]
) -> LoadPixels:
    def load(index: int) -> Pixels:
        if stop():
            raise _Stopped
        return read_picture(
            place.project.root / place.names_of(picture_ids[index])[0],
            background=place.loader.background,
            max_megapixels=place.loader.max_megapixels,
        ).pixels

    return load


def choose_entries(place: PrepPlace, names: Sequence[str]) -> Sequence[FileEntry]:
    """Return the pictures that a person names.

    Args:
        place: The project.
        names: Paths inside the project or its folder of pictures, with or without the ending, or
            patterns with ``*``; none for all pictures.

    Raises:
        PictureError: A name fits no picture.
    """
    if not names:
        return place.entries
    folder = place.project.resolved.config.pictures.folder
    chosen: dict[str, FileEntry] = {}
    for name in names:
        fitting = [entry for entry in place.entries if name in _spellings(entry, folder)]
        fitting = fitting or [
            entry
            for entry in place.entries
            if any(fnmatchcase(spelling, name) for spelling in _spellings(entry, folder))
        ]
        if not fitting:
            raise _no_such(place, name, folder)
        chosen.update({entry.relative: entry for entry in fitting})
    return tuple(chosen[relative] for relative in sorted(chosen))


def _spellings(entry: FileEntry, folder: str) -> list[str]:
    inside = PurePosixPath(entry.relative)
    short = inside.relative_to(folder) if inside.is_relative_to(folder) else inside
    return [str(inside), str(short), str(short.with_suffix("")), short.name, short.stem]


def _no_such(place: PrepPlace, name: str, folder: str) -> PictureError:
    known = [_spellings(entry, folder)[1] for entry in place.entries]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return PictureError(
        f"no picture of the project is called {name!r}",
        hint=f"Did you mean {' or '.join(near)}?" if near else f"The first is called {known[0]}.",
    )


def detector_of(project: Project) -> Path | None:
    """Return the network that looks for heads and faces in the pictures of a project.

    The embedded one unless the settings name another; None where they say ``none``, or where the
    package that runs it is not installed.
    """
    name = project.resolved.config.prep.detector
    if name == NO_DETECTOR:
        return None
    return _network(project, name) if name else embedded_detector()


def _network(project: Project, name: str) -> Path | None:
    return project.root / Path(name).expanduser() if name else None


def prepared_pictures(
    project: Project, records: Sequence[PictureRecord], resolution: int
) -> PreparedPictures:
    """Turn scanned pictures into samples with what preparing found; reads only.

    Args:
        project: The project.
        records: Its scanned pictures.
        resolution: Side in pixels of the square that training uses; extra samples smaller than
            half of it are left out.

    Raises:
        ProjectError: The decisions cannot be read.
    """
    decisions = Decisions(project.root / DECISIONS_NAME)
    if not (project.work_dir / RECORDS_NAME).is_file():
        derived = DerivedFiles(project.work_dir / "derived")
        return apply_preparation(
            records, _preparation(project, _none, decisions, derived, resolution)
        )
    with Records(project.work_dir) as found:
        preparation = _preparation(project, found.results, decisions, found.derived, resolution)
        return apply_preparation(records, replace(preparation, notes=found.notes))


def _none(picture_id: str) -> Mapping[str, StepResult]:
    return {}


def _preparation(
    project: Project,
    results: Callable[[str], Mapping[str, StepResult]],
    decisions: Decisions,
    derived: DerivedFiles,
    resolution: int,
) -> Preparation:
    config = project.resolved.config
    prep = config.prep
    replaced = prep.background == "colour"
    return Preparation(
        results=results,
        decisions=decisions,
        derived=derived,
        use=prep.background,
        colour=prep.background_colour if replaced else config.pictures.background,
        crops=CropSettings(kinds=prep.crops, min_side_px=max(1, resolution // 2))
        if prep.crops
        else None,
        separator=config.captions.separator,
    )


def advice_before_training(project: Project) -> str | None:
    """Return what to say to a person whose pictures were never prepared; None when they were."""
    if (project.work_dir / RECORDS_NAME).is_file():
        with Records(project.work_dir) as records:
            if records.verdicts(TRIM):
                return None
            return "\n".join([*records.notes, NOT_PREPARED])
    return NOT_PREPARED
