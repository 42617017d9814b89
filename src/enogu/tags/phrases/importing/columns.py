"""Which column of a table is the label and which are the tags."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NAMES: Final = {
    "label": "label name title phrase meaning 日本語 和名 名前 ラベル 名称 意味 説明 タイトル",
    "prompt": "prompt tags tag content english 英語 タグ プロンプト 呪文 キーワード",
    "negative": "negative negative_prompt ネガティブ ネガティブプロンプト",
    "category": "category カテゴリ カテゴリー 分類 大分類",
    "group": "group subgroup グループ 小分類 中分類",
    "reading": "reading terms よみ 読み 読みがな ふりがな",
    "label_en": "label_en",
    "category_en": "category_en",
    "group_en": "group_en",
}
_FIELD_OF_NAME: Final = {name: field for field, names in _NAMES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Columns:
    """The number of each column that is there."""

    places: dict[str, int]
    from_header: bool
    """The first row names the columns and is no entry."""

    def value(self, cells: Sequence[str], field: str) -> str:
        """Return one field of a row; empty where the row is too short."""
        place = self.places.get(field)
        return cells[place].strip() if place is not None and place < len(cells) else ""


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]], *, named: bool) -> Columns:
    """Find out what the columns of a table are.

    A header with known names decides. Else, of the first two columns, the one in plain ASCII is
    the tags when the other one is not; else the first is the label.

    Args:
        header: The first row.
        rows: Rows to look at; a sample is enough.
        named: The first row is a header in any case, as in markdown.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        key = unicodedata.normalize("NFKC", name).strip().strip("*`").lower().replace(" ", "_")
        if key in _FIELD_OF_NAME:
            places.setdefault(_FIELD_OF_NAME[key], place)
    if "prompt" in places and "label" in places:
        return Columns(places, from_header=True)
    sample = rows[:50] if named else [header, *rows[:50]]
    swapped = _foreign(sample, 1) > _foreign(sample, 0)
    label, prompt = (1, 0) if swapped else (0, 1)
    guessed = {"label": label, "prompt": prompt}
    if not named and len(header) > 2:
        guessed |= dict(zip(("category", "group"), range(2, len(header)), strict=False))
    return Columns(guessed, from_header=named)


def _foreign(rows: Sequence[Sequence[str]], column: int) -> int:
    return sum(1 for row in rows if column < len(row) and not row[column].isascii())
