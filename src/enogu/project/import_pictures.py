"""Importing pictures into a project, which is made when it is not there."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from enogu.config import parse_assignment, resolve
from enogu.errors import EnoguError, PictureError, ProjectError
from enogu.files import make_dirs, storage_errors
from enogu.pictures.chain import Bounds, Loader, Progress
from enogu.pictures.importing import (
    ImportReport,
    Places,
    Reading,
    RefusedSource,
    read_sources,
    take_pictures,
)
from enogu.pictures.records import Records
from enogu.project.create import find_trigger, first_settings, write_first_settings
from enogu.project.layout import CONFIG_NAME, Project, open_project

_REGULARISATION = "regularisation"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What :func:`import_into` did."""

    project: Project
    is_new: bool
    """Whether the project was made by this import."""
    trigger: str
    trigger_reason: str
    """Where the trigger word of a new project came from; empty for one that was there."""
    report: ImportReport


def import_into(
    root: Path,
    sources: Sequence[Path],
    *,
    assignments: Sequence[str] = (),
    rename: bool = False,
    use_prompts: bool = False,
    follow_links: bool = False,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Imported:
    """Copy pictures with captions and masks into a project; the sources are only read.

    Args:
        root: The project. One that does not exist is made, with the settings a ``dataset.toml``
            among the sources asks for.
        sources: Folders, archives, ``dataset.toml`` files, metadata JSON files, pictures.
        assignments: Settings as ``name=value``: of a new project, or for this call.
        rename: Take pictures that share one caption with another under new names.
        use_prompts: Make the prompt inside a picture the caption of one that has none.
        follow_links: Follow links that lead out of a source folder.
        bounds: How much of the machine to take.
        progress: Called after each picture.
        stop: Asked after each picture.

    Raises:
        ProjectError: The place is taken by something else, or lies inside a source.
        PictureError: A source cannot be used, or nothing in them can.
        StorageError: The disk is full; what was taken is kept.
    """
    return import_reading(
        root,
        lambda scratch: read_sources(sources, scratch=scratch, follow_links=follow_links),
        sources=sources,
        assignments=assignments,
        rename=rename,
        use_prompts=use_prompts,
        bounds=bounds,
        progress=progress,
        stop=stop,
    )


def import_reading(
    root: Path,
    read: Callable[[Path], Reading],
    *,
    sources: Sequence[Path],
    assignments: Sequence[str] = (),
    settings: Callable[[Reading, str], Mapping[str, Any]] | None = None,
    comments: Mapping[str, str] | None = None,
    rename: bool = False,
    use_prompts: bool = False,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Imported:
    """Copy what a reading holds into a project, as :func:`import_into` does.

    Args:
        root: The project.
        read: Reads the sources; is given a folder for what archives hold.
        sources: Files and folders that are read; the project must lie outside.
        assignments: As in :func:`import_into`.
        settings: Makes the settings of a new project from the reading and a trigger word that is
            proposed; None for the usual ones.
        comments: What stands above settings in the file of a new project.
        rename: As in :func:`import_into`.
        use_prompts: As in :func:`import_into`.
        bounds: As in :func:`import_into`.
        progress: As in :func:`import_into`.
        stop: As in :func:`import_into`.

    Raises:
        ProjectError: As in :func:`import_into`.
        PictureError: As in :func:`import_into`.
        StorageError: As in :func:`import_into`.
    """
    root = root.expanduser().absolute()
    is_new = not (root / CONFIG_NAME).is_file()
    _check_place(root, sources, is_new=is_new)
    scratch = root.with_name(f".{root.name}.import") if is_new else root / "work" / "unpacked"
    try:
        with storage_errors(root):
            shutil.rmtree(scratch, ignore_errors=True)
            make_dirs(scratch)
        reading = read(scratch)
        if not reading.candidates:
            raise _nothing(reading, ())
        project, trigger, reason = _project(
            root, reading, assignments, settings, comments or {}, is_new=is_new
        )
        try:
            report = _take(
                project,
                reading,
                rename=rename,
                use_prompts=use_prompts,
                bounds=bounds,
                progress=progress,
                stop=stop,
            )
            if is_new and not report.kept and report.outcome == "finished":
                raise _nothing(reading, report.refused)
        except EnoguError:
            if is_new and not any(project.pictures_dir.rglob("*")):
                # A project without a picture is of no use, and its name shall stay free.
                shutil.rmtree(root, ignore_errors=True)
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Imported(
        project=project, is_new=is_new, trigger=trigger, trigger_reason=reason, report=report
    )


def report_as_dict(imported: Imported) -> dict[str, object]:
    """Return what an import did as plain values for JSON."""
    return {
        "project": str(imported.project.root),
        "new_project": imported.is_new,
        "trigger": imported.trigger,
        **asdict(imported.report),
    }


def report_as_text(imported: Imported) -> str:
    """Return what an import did as the text of a JSON file."""
    return json.dumps(report_as_dict(imported), ensure_ascii=False, indent=2) + "\n"


def _check_place(root: Path, sources: Sequence[Path], *, is_new: bool) -> None:
    if is_new and root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ProjectError(
            f"{root} is there already and is no project",
            hint="Choose another name for --into; a project holds the file enogu.toml.",
        )
    for source in sources:
        place = source.expanduser().absolute()
        if place.is_dir() and root.is_relative_to(place):
            raise ProjectError(
                f"the project {root} lies inside the folder to import, {place}",
                hint="Choose a place beside that folder for --into.",
            )


def _project(
    root: Path,
    reading: Reading,
    assignments: Sequence[str],
    settings: Callable[[Reading, str], Mapping[str, Any]] | None,
    comments: Mapping[str, str],
    *,
    is_new: bool,
) -> tuple[Project, str, str]:
    given: dict[str, Any] = dict(parse_assignment(text) for text in assignments)
    wanted: dict[str, Any] = dict(reading.settings)
    if any(one.is_reg for one in reading.candidates):
        wanted["pictures.regularisation"] = _REGULARISATION
    if not is_new:
        project = open_project(root, given)
        _propose(reading, project, wanted)
        return project, project.resolved.config.captions.trigger, ""
    captions = [one.caption for one in reading.candidates if not one.is_reg]
    trigger, reason = find_trigger(captions, root.name)
    if settings is None:
        values = first_settings(trigger=trigger, more={**wanted, **given})
    else:
        values = {**settings(reading, trigger), **given}
        resolve({}, values, source=CONFIG_NAME)
    make_dirs(root / "pictures")
    write_first_settings(root, values, comments)
    if wanted and settings is None:
        names = ", ".join(f"{name} = {value!r}" for name, value in wanted.items())
        reading.notes.append(f"settings taken over: {names}")
    return open_project(root), str(values.get("captions.trigger", "")), reason


def _propose(reading: Reading, project: Project, wanted: dict[str, Any]) -> None:
    """Say which settings a source asks for; those of a project that is there stay."""
    have = {name: value for name, value, _ in project.resolved.rows()}
    other = {name: value for name, value in wanted.items() if have.get(name) != value}
    if other:
        names = ", ".join(f"{name} = {value!r}" for name, value in other.items())
        reading.notes.append(f"the source asks for other settings than the project has: {names}")


def _take(
    project: Project,
    reading: Reading,
    *,
    rename: bool,
    use_prompts: bool,
    bounds: Bounds | None,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> ImportReport:
    pictures = project.resolved.config.pictures
    with project.lock(), Records(project.work_dir) as records:
        report = take_pictures(
            reading,
            Places(
                root=project.root,
                pictures=project.pictures_dir,
                regularisation=project.regularisation_dir,
            ),
            records,
            loader=Loader(background=pictures.background, max_megapixels=pictures.max_megapixels),
            rename=rename,
            use_prompts=use_prompts,
            bounds=bounds,
            progress=progress,
            stop=stop,
        )
        report.notes += records.notes
    return report


def _nothing(reading: Reading, refused: Sequence[RefusedSource]) -> PictureError:
    every = list(refused) or reading.refused
    shown = "".join(f"\n  {one.origin}: {one.reason}" for one in every[:5])
    return PictureError(
        f"there is no picture that can be used ({len(every)} files were refused){shown}",
        hint="Give folders with PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF files.",
    )
