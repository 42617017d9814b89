"""Judging a folder of pictures, and holding the answers against captions or known truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from enogu.errors import WorldError
from enogu.pictures.read import read_picture
from enogu.pictures.scan import PictureRecord, scan_pictures
from enogu.tags.caption import split_tags
from enogu.tags.tagger import TagProbabilities
from enogu.world.axes import TAGS, read_tags
from enogu.world.dataset import read_truth
from enogu.world.judge.judge import Judge
from enogu.world.judge.measure import AxisAgreement

_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class PictureReport:
    """What the judge read from one picture."""

    name: str
    """Path inside the folder, with forward slashes."""
    answers: dict[str, str]
    """By axis, those that can be seen."""
    tags: TagProbabilities
    expected: dict[str, str]
    """By axis, what caption or truth says; empty when they say nothing the world knows."""
    source: str
    """``truth``, ``caption``, or empty."""
    note: str
    """Why the caption could not be compared; empty when it could."""

    @property
    def wrong(self) -> dict[str, tuple[str, str]]:
        """Axes where the picture does not show what is expected: (expected, read)."""
        return {
            axis: (value, self.answers.get(axis, "hidden"))
            for axis, value in self.expected.items()
            if self.answers.get(axis) != value
        }


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """All pictures of a folder."""

    folder: Path
    pictures: tuple[PictureReport, ...]
    refused: tuple[str, ...]
    """Files that could not be read, each with the reason."""

    @property
    def axes(self) -> list[AxisAgreement]:
        """Agreement by axis, over the pictures of which something is expected there."""
        counts: dict[str, list[int]] = {}
        for picture in self.pictures:
            for axis in picture.expected:
                count = counts.setdefault(axis, [0, 0])
                count[0] += axis not in picture.wrong
                count[1] += 1
        return [AxisAgreement(axis=a, right=r, total=n) for a, (r, n) in counts.items()]

    @property
    def all_right(self) -> AxisAgreement | None:
        """Pictures that show everything expected; None where nothing is."""
        compared = [picture for picture in self.pictures if picture.expected]
        if not compared:
            return None
        right = sum(not picture.wrong for picture in compared)
        return AxisAgreement(axis="everything at once", right=right, total=len(compared))


def judge_folder(judge: Judge, folder: Path, *, threshold: float = 0.5) -> FolderReport:
    """Read every picture of `folder`, and compare with ``truth.json`` or captions where there are.

    A caption is compared on the axes that its tags answer; tags the world does not know, such as
    trigger words, are passed over.

    Args:
        judge: Who reads.
        folder: Pictures, with sub-folders.
        threshold: Tags below this probability are left out of the report, 0 to 1.

    Raises:
        PictureError: The folder is missing or holds no picture.
        WorldError: Its ``truth.json`` cannot be used, or `threshold` is out of range.
    """
    if not 0 <= threshold <= 1:
        raise WorldError(f"threshold must be 0 to 1, got {threshold}; 0.5 is usual")
    scan = scan_pictures(folder)
    truth = read_truth(folder)
    reports: list[PictureReport] = []
    for start in range(0, len(scan.records), _AT_ONCE):
        records = scan.records[start : start + _AT_ONCE]
        pictures = [Image.fromarray(read_picture(record.path).pixels) for record in records]
        judgement = judge(pictures)
        answers, visible, tags = judgement.answers, judgement.visible, judgement.tags(threshold)
        for i, record in enumerate(records):
            expected, source, note = _expected(record, truth)
            reports.append(
                PictureReport(
                    name=record.relative,
                    answers={axis: answers[i][axis] for axis in visible[i]},
                    tags=tags[i],
                    expected=expected,
                    source=source,
                    note=note,
                )
            )
    return FolderReport(
        folder=folder,
        pictures=tuple(reports),
        refused=tuple(f"{item.path.name}: {item.reason}" for item in scan.refused),
    )


def _expected(
    record: PictureRecord, truth: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, str], str, str]:
    """Return the expected answers, where they come from, and what stood in the way."""
    if record.relative in truth:
        return dict(truth[record.relative]), "truth", ""
    if not record.caption:
        return {}, "", ""
    tags = [tag.lower().replace("_", " ") for tag in split_tags(record.caption)]
    try:
        expected = read_tags([tag for tag in tags if tag in TAGS])
    except WorldError as error:
        return {}, "", error.message
    return expected, "caption" if expected else "", ""
