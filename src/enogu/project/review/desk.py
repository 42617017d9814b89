"""The desk at which a person goes through pictures: everything a page or a sheet has to ask."""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from enogu.errors import CaptionError, PictureError
from enogu.files import hold_folder
from enogu.pictures.chain import effective
from enogu.pictures.pixels import Pixels
from enogu.pictures.read import read_header, read_picture
from enogu.pictures.records import (
    DECISIONS_NAME,
    FILES,
    PARTS,
    SKIP,
    USE_STEP,
    Decision,
    Decisions,
    FileEntry,
    JsonValue,
    Records,
    Region,
    StepResult,
)
from enogu.pictures.steps import BACKGROUND, REGIONS, TRIM
from enogu.pictures.steps.background import MASK_FILE
from enogu.pictures.thumbnails import Thumbnails
from enogu.project.drawn_masks import decide_mask, drawn_files
from enogu.project.layout import Project
from enogu.project.picture_files import look_at_project, project_loader
from enogu.project.prep_decisions import agreed
from enogu.project.review.drawn import checked_box, drawn_regions, fitted_mask
from enogu.project.review.verdicts import VERDICTS, VerdictHistory, Wish
from enogu.project.review.wall import STEPS, WallRow, wall_rows
from enogu.tags.sidecar import CAPTION_SUFFIXES, read_caption


@dataclass(frozen=True, kw_only=True)
class StepView:
    """What one step says of a picture, with the person's decision laid over it."""

    step: str
    verdict: str
    """What counts; ``skip`` where the person took the step back."""
    found: str
    """What the step itself said; empty where only a person spoke."""
    decided: bool
    values: Mapping[str, JsonValue]
    regions: Sequence[tuple[str, tuple[int, int, int, int], float]]
    """Kind, box, score."""
    mask: str | None
    """The key of its mask; another mask has another key."""
    can_accept: bool
    """Whether it proposes something that a person can agree to."""


@dataclass(frozen=True, kw_only=True)
class PictureView:
    """All that is known of a picture."""

    row: WallRow
    width: int
    """Pixels, upright."""
    height: int
    """Pixels, upright."""
    caption: str
    notes: Sequence[str]
    steps: Sequence[StepView]
    twins: Sequence[str]
    """Other files of the same content."""


class ReviewDesk:
    """Answers questions about the pictures of a project and takes decisions.

    One thread at a time may ask it, the one that made it; pictures are read by others from the
    paths it names.

    Args:
        project: The project.
        records: Its records.
        decisions: Its decisions.
        entries: The pictures to learn from.
    """

    def __init__(
        self,
        project: Project,
        records: Records,
        decisions: Decisions,
        entries: Sequence[FileEntry],
    ) -> None:
        self.project = project
        self._records = records
        self._history = VerdictHistory(decisions, project.work_dir / "review" / "history.jsonl")
        self._decisions = decisions
        self._entries = list(entries)
        self._by_id: dict[str, FileEntry] = {}
        for entry in self._entries:
            self._by_id.setdefault(entry.picture_id, entry)
        self.loader = project_loader(project)
        self.thumbnails = Thumbnails(project.work_dir / "thumbnails", self.loader)

    @property
    def can_undo(self) -> bool:
        """Whether there is a decision to take back."""
        return self._history.can_undo

    def rows(self) -> list[WallRow]:
        """Return a row for each picture, by name; a picture in two files has one."""
        return wall_rows(self._by_id.values(), self._records, self._decisions)

    def rows_of(self, picture_ids: Sequence[str]) -> list[WallRow]:
        """Return the rows of some pictures as they are now."""
        entries = [self._by_id[one] for one in picture_ids if one in self._by_id]
        return wall_rows(entries, self._records, self._decisions)

    def original(self, picture_id: str) -> Path:
        """Return the file of a picture.

        Raises:
            PictureError: The project has no such picture.
        """
        return self.project.root / self._entry(picture_id).relative

    def name_of(self, picture_id: str) -> str:
        """Return the name of a picture, or the start of its id where it is no more."""
        entry = self._by_id.get(picture_id)
        return picture_id[:12] if entry is None else entry.relative

    def view(self, picture_id: str) -> PictureView:
        """Return all that is known of a picture.

        Raises:
            PictureError: The project has no such picture, or its file cannot be read.
        """
        entry = self._entry(picture_id)
        facts = self._records.facts(picture_id)
        width, height = self._size(picture_id)
        results = self._records.results(picture_id)
        decided = self._decisions.of_picture(picture_id)
        return PictureView(
            row=wall_rows([entry], self._records, self._decisions)[0],
            width=width,
            height=height,
            caption=self._caption(entry),
            notes=facts.notes if facts is not None else (),
            steps=tuple(
                _step_view(step, results.get(step), decided.get(step))
                for step in STEPS
                if step in results or step in decided
            ),
            twins=tuple(
                one.relative
                for one in self._entries
                if one.picture_id == picture_id and one is not entry
            ),
        )

    def step(self, picture_id: str, step: str) -> StepResult | None:
        """Return what counts of a step; None where it did not run or was taken back."""
        result = self._records.results(picture_id).get(step)
        return effective(result, self._decisions.get(picture_id, step))

    def file_of(self, picture_id: str, step: str, role: str) -> Path | None:
        """Return a derived file of a step that is there."""
        result = self.step(picture_id, step)
        key = None if result is None else result.files.get(role)
        path = None if key is None else self._records.derived.path(key)
        return path if path is not None and path.is_file() else None

    def give(self, picture_ids: Sequence[str], verdict: str | None) -> None:
        """Give pictures a verdict on their use; None takes it back.

        Raises:
            PictureError: There is no such verdict or picture.
            StorageError: The disk is full.
        """
        if verdict is not None and verdict not in VERDICTS:
            raise PictureError(f"a verdict is one of {', '.join(VERDICTS)}, got {verdict!r}")
        ids = [self._entry(one).picture_id for one in picture_ids]
        self._history.decide(
            [
                (one, USE_STEP, None)
                if verdict is None
                else (one, USE_STEP, Decision(picture_id=one, step=USE_STEP, verdict=verdict))
                for one in ids
            ]
        )

    def answer(self, picture_id: str, step: str, answer: str) -> None:
        """Agree to what a step proposes, take it back, or let it decide again.

        Args:
            picture_id: The picture.
            step: ``trim``, ``background``, ``regions``, ``quality``.
            answer: ``accept``, ``skip`` or ``reset``.

        Raises:
            PictureError: There is nothing to agree to, or no such answer.
        """
        self._entry(picture_id)
        if answer not in ("accept", "skip", "reset") or step not in STEPS:
            raise PictureError(f"cannot {answer!r} the step {step!r}")
        decision: Decision | None = None
        if answer == "skip":
            decision = Decision(picture_id=picture_id, step=step, verdict=SKIP)
        elif answer == "accept":
            decision = agreed(step, self._records.results(picture_id).get(step))
            if decision is None:
                raise PictureError(f"{step}: there is nothing to agree to in this picture")
        self._history.decide([(picture_id, step, decision)])

    def draw_crop(self, picture_id: str, box: object) -> None:
        """Keep the part of a picture that a person framed.

        Raises:
            PictureError: The box does not lie in the picture.
        """
        width, height = self._size(picture_id)
        corners: list[JsonValue] = [*checked_box(box, width, height, self._name(picture_id))]
        self._decide(picture_id, TRIM, "trim", {"box": corners})

    def draw_regions(self, picture_id: str, regions: JsonValue) -> None:
        """Keep the regions that a person drew; an empty list takes them back.

        Raises:
            PictureError: A region is wrong.
        """
        width, height = self._size(picture_id)
        drawn = drawn_regions(regions, width, height, self._name(picture_id))
        if drawn:
            self._decide(picture_id, REGIONS, "found", {"drawn": drawn})
        else:
            self._history.decide([(picture_id, REGIONS, None)])

    def draw_mask(self, picture_id: str, mask: Pixels) -> str:
        """Keep a mask that a person drew, and return its key.

        Args:
            picture_id: The picture.
            mask: uint8 [H, W], 255 = subject; the picture's size, or a smaller view of it.

        Raises:
            PictureError: The mask does not fit the picture.
            StorageError: The disk is full.
        """
        width, height = self._size(picture_id)
        picture = read_picture(
            self.original(picture_id),
            background=self.loader.background,
            max_megapixels=self.loader.max_megapixels,
        )
        decision = decide_mask(
            picture_id,
            picture.pixels,
            fitted_mask(mask, width, height),
            self.project.resolved.config.prep,
            self._records.derived,
        )
        self._history.decide([(picture_id, BACKGROUND, decision)])
        return drawn_files(decision)[MASK_FILE]

    def undo(self) -> list[str]:
        """Take the last decision back; return the pictures it was about."""
        return self._history.undo()

    def give_each(self, verdicts: Mapping[str, str | None]) -> None:
        """Give several pictures each their own verdict, to be taken back together.

        Args:
            verdicts: By picture id; None takes a verdict back.
        """
        wishes: list[Wish] = [
            (
                one,
                USE_STEP,
                None
                if verdict is None
                else Decision(picture_id=one, step=USE_STEP, verdict=verdict),
            )
            for one, verdict in verdicts.items()
        ]
        if wishes:
            self._history.decide(wishes)

    def _decide(
        self, picture_id: str, step: str, verdict: str, values: dict[str, JsonValue]
    ) -> None:
        decision = Decision(picture_id=picture_id, step=step, verdict=verdict, values=values)
        self._history.decide([(picture_id, step, decision)])

    def _entry(self, picture_id: str) -> FileEntry:
        entry = self._by_id.get(picture_id)
        if entry is None:
            raise PictureError(f"the project has no picture {picture_id[:12]!r} any more")
        return entry

    def _name(self, picture_id: str) -> str:
        return self._entry(picture_id).relative

    def _size(self, picture_id: str) -> tuple[int, int]:
        facts = self._records.facts(picture_id)
        if facts is not None:
            return facts.width, facts.height
        header = read_header(self.original(picture_id), max_megapixels=self.loader.max_megapixels)
        return header.width, header.height

    def _caption(self, entry: FileEntry) -> str:
        path = self.project.root / entry.relative
        for suffix in CAPTION_SUFFIXES:
            beside = path.with_suffix(suffix)
            if beside.is_file():
                try:
                    return read_caption(beside).text
                except CaptionError as error:
                    return error.message
        return ""


def _step_view(step: str, result: StepResult | None, decision: Decision | None) -> StepView:
    counts = effective(result, decision)
    verdict = decision.verdict if decision is not None else (result.verdict if result else "")
    values = counts.values if counts is not None else (result.values if result else {})
    return StepView(
        step=step,
        verdict=verdict,
        found=result.verdict if result is not None else "",
        decided=decision is not None,
        values={name: value for name, value in values.items() if name not in (FILES, PARTS)},
        regions=tuple(
            (one.kind, (one.box.left, one.box.top, one.box.right, one.box.bottom), one.score)
            for one in _regions_of(result, counts)
        ),
        mask=None if counts is None else counts.files.get(MASK_FILE),
        can_accept=agreed(step, result) is not None,
    )


def _regions_of(result: StepResult | None, counts: StepResult | None) -> tuple[Region, ...]:
    """Return the regions that count; those found where the step was taken back."""
    shown = counts or result
    return () if shown is None else shown.regions


@contextlib.contextmanager
def open_desk(project: Project) -> Generator[ReviewDesk]:
    """Open the desk of a project; other reviews of it have to wait.

    Raises:
        BusyError: Another review, or another program that works in the project, is open.
        PictureError: There is no picture.
        ProjectError: The decisions cannot be read.
    """
    busy = f"the pictures of {project.root} are being reviewed in another window"
    with hold_folder(project.work_dir / "review", busy), Records(project.work_dir) as records:
        with project.lock():
            files = look_at_project(project, records)
        if not files.entries:
            raise PictureError(
                f"{project.pictures_dir}: there is no picture to look at",
                hint="Bring pictures in first: enogu pictures import FOLDER",
            )
        decisions = Decisions(project.root / DECISIONS_NAME)
        yield ReviewDesk(project, records, decisions, files.entries)
