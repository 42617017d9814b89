"""The text file beside contact sheets: written for a person, read back with care.

::

    12 [k] 3fa94c1d02ab pictures/flower.png   (background)

Number, verdict between brackets, the start of the picture's id, its name, what is in doubt.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enogu.errors import PictureError
from enogu.pictures.records import LEAVE_OUT
from enogu.project.review.desk import ReviewDesk
from enogu.project.review.verdicts import KEEP, UNSURE
from enogu.project.review.wall import WallRow
from enogu.tags.sidecar import decode_caption

VERDICTS_NAME: Final = "verdicts.txt"

_HEAD: Final = """\
# Write one letter between the brackets, save, then: enogu pictures review --read verdicts.txt
#   k  keep        x  leave out        u  unsure, look again        -  take a verdict back
# Empty brackets change nothing. The number is the one on the sheets.
# 括弧の中に一文字を書いて保存し、上のコマンドで読み込みます。番号は一覧の画像と同じです。
#   k  採用        x  除外             u  保留                       -  判定を取り消す
"""

_WORDS: Final[dict[str, str | None]] = {
    "k": KEEP, "keep": KEEP, "採用": KEEP,
    "x": LEAVE_OUT, "leave out": LEAVE_OUT, LEAVE_OUT: LEAVE_OUT, "除外": LEAVE_OUT,
    "u": UNSURE, "?": UNSURE, "unsure": UNSURE, "保留": UNSURE,
    "-": None,
}  # fmt: skip
_LETTERS: Final = {KEEP: "k", LEAVE_OUT: "x", UNSURE: "u", None: " "}
_ID_LENGTH: Final = 12
_LINE: Final = re.compile(r"\s*(\d+)\s*\[([^\]]*)\]\s*([0-9a-f]{12})\b")
_LINES_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    """What a file of verdicts changed."""

    counts: dict[str, int]
    """How many pictures got each verdict; ``none`` for those taken back."""
    gone: tuple[str, ...]
    """Lines about pictures that the project has no more."""

    @property
    def num_changed(self) -> int:
        """How many pictures have another verdict now."""
        return sum(self.counts.values())


def verdicts_text(rows: Sequence[WallRow], *, per_sheet: int) -> str:
    """Return the file for some pictures, with the verdicts they have.

    Args:
        rows: In the order of the sheets.
        per_sheet: How many pictures a sheet has.
    """
    lines = [_HEAD]
    for number, row in enumerate(rows, start=1):
        if (number - 1) % per_sheet == 0:
            lines.append(f"\n# sheet {(number - 1) // per_sheet + 1}\n")
        doubts = f"   ({', '.join(row.doubts)})" if row.doubts else ""
        letter = _LETTERS.get(row.verdict, " ")
        short = row.picture_id[:_ID_LENGTH]
        lines.append(f"{number:4d} [{letter}] {short} {row.relative}{doubts}\n")
    return "".join(lines)


def _text(path: Path) -> str:
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: the verdicts cannot be read ({error.strerror})") from error
    return decode_caption(path, data)[0]


def read_verdicts(desk: ReviewDesk, path: Path) -> TakenIn:
    """Take in the verdicts of a file; all of them, or none where a line is wrong.

    Args:
        desk: The desk.
        path: The file, in UTF-8 or another encoding that captions may have.

    Raises:
        PictureError: A line is wrong; it is named.
        CaptionError: The file cannot be read.
        StorageError: The disk is full.
    """
    present = {row.picture_id: row for row in desk.rows()}
    by_short: dict[str, list[str]] = {}
    for picture_id in present:
        by_short.setdefault(picture_id[:_ID_LENGTH], []).append(picture_id)
    wanted: dict[str, str | None] = {}
    wrong: list[str] = []
    gone: list[str] = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        word = match[2].strip().lower() if match else ""
        if match is None or (word and word not in _WORDS):
            wrong.append(f"line {number}: {line.strip()[:60]}")
            continue
        ids = by_short.get(match[3], [])
        if word and not ids:
            gone.append(line.strip())
        for picture_id in ids if word else ():
            if wanted.get(picture_id, _WORDS[word]) != _WORDS[word]:
                wrong.append(f"line {number}: another line gives this picture another verdict")
            wanted[picture_id] = _WORDS[word]
    if wrong:
        shown = "\n  ".join(wrong[:_LINES_SHOWN])
        raise PictureError(
            f"{path}: {len(wrong)} lines cannot be understood; nothing was taken in\n  {shown}",
            hint="A line is: number [letter] id name. Letters: k, x, u, or - to take back.",
        )
    changed = {
        picture_id: verdict
        for picture_id, verdict in wanted.items()
        if present[picture_id].verdict != verdict
    }
    desk.give_each(changed)
    counts = Counter(verdict or "none" for verdict in changed.values())
    return TakenIn(counts=dict(counts), gone=tuple(gone))
