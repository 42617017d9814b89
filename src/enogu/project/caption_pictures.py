"""Reading tags out of a project's pictures, and bringing them into its captions.

Reading and writing are apart: scores lie in the records, so that limits can be moved without
reading again. What was written is kept with them: a tag that the person took out stays out, and a
tag that no longer reaches the limit leaves, but never one that the person wrote.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from enogu.files import sha256_bytes
from enogu.pictures.chain import Bounds, ChainRun, Progress, run_chain
from enogu.pictures.listing import Listing, list_files
from enogu.pictures.records import (
    DECISIONS_NAME,
    LEAVE_OUT,
    USE_STEP,
    Decisions,
    FileEntry,
    JsonValue,
    Records,
    StepResult,
)
from enogu.pictures.tagging import (
    Limits,
    TaggerSource,
    TaggingStep,
    choose_tags,
    tagger_step_name,
)
from enogu.project.layout import Project
from enogu.project.picture_files import PictureFiles, look_at_project, project_loader
from enogu.tags.dataset import Addition, CaptionSet, CaptionSyntax, EditPlan, plan_additions
from enogu.tags.dataset.captions import captions_from_texts, load_captions
from enogu.tags.names import normal_name
from enogu.tags.sidecar import captions_by_stem, stem_key

_STATES_KEPT: Final = 50

WRITTEN_STEP: Final = "captions"
"""The name under which the records keep which tags of a caption came from a tagger."""


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """What reading did."""

    run: ChainRun
    unreadable: tuple[tuple[str, str], ...]
    """Files that could not be opened, with the reason."""
    notes: tuple[str, ...]
    """What a person should know of the records."""


@dataclass(frozen=True, kw_only=True)
class CaptionPlan:
    """What captions would become."""

    edit: EditPlan
    nothing: tuple[str, ...]
    """Pictures without a caption in which nothing reached the limits; they get no file."""
    shared: tuple[str, ...]
    """Pictures that share a caption file with another one; it is left alone."""
    unread: tuple[str, ...]
    """Pictures that the tagger has not read."""
    left_out: int
    """Pictures that a person left out of the training."""
    agreement: float | None
    """Share of what was read in captioned pictures that the person wrote there too, 0 to 1; None
    where there is nothing to compare."""
    results: tuple[StepResult, ...]
    """What the records will say of the tags written."""

    @property
    def num_new(self) -> int:
        """How many caption files are made."""
        return sum(change.is_new for change in self.edit.changes)


def tag_pictures(
    project: Project,
    source: TaggerSource,
    *,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Tagged:
    """Read the tags of all pictures of a project that were not read yet; call it under its lock.

    Args:
        project: The project.
        source: The tagger.
        bounds: How much of the machine to take.
        progress: Called after each picture.
        stop: Asked after each picture; what was read is kept.

    Raises:
        ModelFileError: The tagger cannot be used.
        StorageError: The disk is full; what was read is kept.
    """
    step = TaggingStep(source, background=project.resolved.config.pictures.background)
    with Records(project.work_dir) as records:
        files = look_at_project(project, records)
        run = run_chain(
            project.root,
            files.entries,
            [step],
            records,
            Decisions(project.root / DECISIONS_NAME),
            loader=project_loader(project),
            bounds=bounds,
            progress=progress,
            stop=stop,
        )
        return Tagged(run=run, unreadable=files.unreadable, notes=records.notes)


def plan_captions(project: Project, source: str, limits: Limits) -> CaptionPlan:
    """Work out what the captions become with what a tagger read; nothing is written.

    Args:
        project: The project; call it under its lock.
        source: The name of the tagger.
        limits: From which score on a tag counts.

    Raises:
        CaptionError: No caption file can be read.
        StorageError: The disk is full.
    """
    with Records(project.work_dir) as records:
        files = look_at_project(project, records)
        decisions = Decisions(project.root / DECISIONS_NAME).of_step(USE_STEP)
        listing = list_files(project.pictures_dir, leave_out=project.regularisation_dir)
        captions = _captions(project, listing)
        planner = _Planner(project, source, limits, captions, files, listing)
        left_out = 0
        for entry in files.entries:
            decision = decisions.get(entry.picture_id)
            if decision is not None and decision.verdict == LEAVE_OUT:
                left_out += 1
            else:
                planner.take(entry, records.results(entry.picture_id))
    return planner.plan(left_out)


def keep_written(project: Project, plan: CaptionPlan) -> None:
    """Keep in the records which tags come from the tagger; call it before writing the plan.

    Before, so that a stop in between loses nothing: the record holds for a file only when that is
    no longer what it was before.

    Raises:
        StorageError: The disk is full.
    """
    with Records(project.work_dir) as records, records.changing():
        for result in plan.results:
            # Two files of one content share a record; each has its own entry in it.
            there = records.results(result.picture_id).get(WRITTEN_STEP)
            earlier = there.values if there is not None else {}
            records.put_result(replace(result, values={**earlier, **result.values}))


class _Planner:
    """Takes one picture after the other and collects what their captions become."""

    def __init__(
        self,
        project: Project,
        source: str,
        limits: Limits,
        captions: CaptionSet,
        files: PictureFiles,
        listing: Listing,
    ) -> None:
        self._project = project
        self._source = source
        self._limits = limits
        self._captions = captions
        self._chosen = captions_by_stem(listing.captions)[0]
        self._by_path = {file.path: file for file in captions.files}
        self._count = Counter(stem_key(project.root / entry.relative) for entry in files.entries)
        self._keys: dict[str, set[str]] = {file.relative: set() for file in captions.files}
        for number in range(captions.num_captions):
            relative = captions.files[int(captions.file_of[number])].relative
            self._keys[relative] |= set(captions.tags_of(number))
        self._additions: dict[str, Addition] = {}
        self._new: dict[str, Sequence[str]] = {}
        self._results: dict[str, StepResult] = {}
        self._nothing: list[str] = []
        self._shared: list[str] = []
        self._unread: list[str] = []
        self._num_read = 0
        self._num_agreed = 0

    def take(self, entry: FileEntry, results: Mapping[str, StepResult]) -> None:
        path = self._project.root / entry.relative
        reading = results.get(tagger_step_name(self._source))
        if self._count[stem_key(path)] > 1:
            self._shared.append(entry.relative)
            return
        if reading is None:
            self._unread.append(entry.relative)
            return
        caption = self._chosen.get(stem_key(path))
        file = None if caption is None else self._by_path.get(caption)
        if caption is not None and file is None:
            # It cannot be read; the caption set names it with the reason.
            return
        found = [normal_name(one.tag) for one in choose_tags(reading.tags, self._limits)]
        relative = (
            self._relative(path.with_name(f"{path.stem}.txt")) if file is None else file.relative
        )
        there = self._keys.get(relative, set())
        kept = results.get(WRITTEN_STEP)
        known = _History.read(kept, relative, None if file is None else file.data, there)
        mine = known.written.get(self._source, set[str]())
        own = there.difference(*known.written.values())
        if own:
            self._num_read += len(set(found))
            self._num_agreed += len(own & set(found))
        add = tuple(name for name in dict.fromkeys(found) if name not in known.refused)
        drop = mine - set(add)
        if not add and not there - drop:
            # A caption without a tag teaches nothing; better the file stays as it is.
            self._nothing.append(entry.relative)
            return
        if file is not None:
            self._additions[relative] = Addition(add=add, drop=frozenset(drop))
        else:
            self._new[relative] = add
        now = {name for name in add if name in mine or name not in there}
        values = known.values({**known.written, self._source: now})
        self._results[relative] = StepResult(
            picture_id=entry.picture_id,
            step=WRITTEN_STEP,
            version=1,
            settings="",
            inputs="",
            verdict="written",
            values={relative: values},
        )

    def plan(self, left_out: int) -> CaptionPlan:
        limits = self._limits
        title = f"add what {self._source} reads " + (
            "by the widest gap between scores"
            if limits.by_gap
            else f"from {limits.general:g} on (characters from {limits.character:g})"
        )
        edit = plan_additions(self._captions, self._additions, self._new, title=title)
        return CaptionPlan(
            edit=edit,
            nothing=tuple(self._nothing),
            shared=tuple(self._shared),
            unread=tuple(self._unread),
            left_out=left_out,
            agreement=self._num_agreed / self._num_read if self._num_read else None,
            results=tuple(self._results[change.file.relative] for change in edit.changes),
        )

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._captions.folder).as_posix()


@dataclass(frozen=True, kw_only=True)
class _History:
    """What is known of one caption file from earlier writing."""

    written: Mapping[str, set[str]]
    """By tagger: the tags it brought that are still there."""
    refused: frozenset[str]
    """Tags that a tagger brought and a person took out."""
    states: tuple[str, ...]
    """Names of what the file held before each writing, the present one last."""

    @classmethod
    def read(
        cls, kept: StepResult | None, relative: str, data: bytes | None, there: set[str]
    ) -> "_History":
        entry = _object(kept.values.get(relative)) if kept is not None else {}
        by_tagger = {name: _texts(tags) for name, tags in _object(entry.get("written")).items()}
        states = [str(one) for one in _list(entry.get("states"))]
        refused = _texts(entry.get("refused"))
        present = "" if data is None else sha256_bytes(data)
        if present not in states:
            # Not a state that an undo went back to: what is missing was taken out by a person.
            refused |= {name for tags in by_tagger.values() for name in tags} - there
        return cls(
            written={name: tags & there for name, tags in by_tagger.items()},
            refused=frozenset(refused),
            states=tuple(dict.fromkeys([*states, present]))[-_STATES_KEPT:],
        )

    def values(self, written: Mapping[str, set[str]]) -> dict[str, JsonValue]:
        return {
            "written": {name: list[JsonValue](sorted(tags)) for name, tags in written.items()},
            "refused": list[JsonValue](sorted(self.refused)),
            "states": list[JsonValue](self.states),
        }


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _texts(value: JsonValue) -> set[str]:
    return {str(one) for one in _list(value)}


def _captions(project: Project, listing: Listing) -> CaptionSet:
    """Read the captions of a project, which may have none yet."""
    settings = project.resolved.config.captions
    syntax = CaptionSyntax(
        separator=settings.separator,
        keep_separator=settings.keep_separator,
        secondary_separator=settings.secondary_separator,
    )
    if not listing.captions:
        return captions_from_texts(project.pictures_dir, [], syntax)
    return load_captions(
        project.pictures_dir, listing.captions, pictures=listing.pictures, syntax=syntax
    )
