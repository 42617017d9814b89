"""What a person decided, kept outside ``work/`` because no program can find it out again.

One JSON object a line, only ever added to: the last line about a picture and a step counts, and a
line without a verdict takes the earlier one back. Pictures are named by the SHA-256 of their
bytes, so a decision survives renaming and moving.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from enogu.errors import ProjectError
from enogu.files import storage_errors
from enogu.pictures.records.model import Decision, JsonValue

DECISIONS_NAME: Final = "decisions.jsonl"


class Decisions:
    """The decisions in one project.

    Args:
        path: The file; made by the first decision.

    Raises:
        ProjectError: The file is not what this program writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._by_picture: dict[str, dict[str, Decision]] = {}
        self._torn = False
        self._load()

    def get(self, picture_id: str, step: str) -> Decision | None:
        """Return what was decided about a step of a picture, if anything was."""
        return self._by_picture.get(picture_id, {}).get(step)

    def of_picture(self, picture_id: str) -> dict[str, Decision]:
        """Return the decisions on one picture, by step."""
        return dict(self._by_picture.get(picture_id, {}))

    def of_step(self, step: str) -> dict[str, Decision]:
        """Return the decisions on one step, by picture id."""
        return {
            picture_id: steps[step]
            for picture_id, steps in self._by_picture.items()
            if step in steps
        }

    def add(self, decisions: Sequence[Decision]) -> None:
        """Decide; what was decided about the same steps and pictures before is replaced.

        Raises:
            StorageError: The disk is full or the place cannot be written.
        """
        self._append(
            {
                "picture": one.picture_id,
                "step": one.step,
                "verdict": one.verdict,
                **({"values": dict(one.values)} if one.values else {}),
            }
            for one in decisions
        )
        for one in decisions:
            self._by_picture.setdefault(one.picture_id, {})[one.step] = one

    def take_back(self, step: str, picture_ids: Iterable[str]) -> int:
        """Take decisions back; return how many there were.

        Raises:
            StorageError: The disk is full or the place cannot be written.
        """
        there = [one for one in dict.fromkeys(picture_ids) if self.get(one, step) is not None]
        self._append({"picture": one, "step": step, "verdict": None} for one in there)
        for one in there:
            del self._by_picture[one][step]
        return len(there)

    def _append(self, lines: Iterable[Mapping[str, object]]) -> None:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        if not text:
            return
        with storage_errors(self.path), self.path.open("a", encoding="utf-8") as handle:
            # A line that a crash cut off must not swallow the next one.
            handle.write("\n" + text if self._torn else text)
            handle.flush()
            os.fsync(handle.fileno())
        self._torn = False

    def _load(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise ProjectError(
                f"{self.path}: the decisions cannot be read ({error})",
                hint="It is a UTF-8 text with one JSON object a line; restore it from a copy, or "
                "move it away to begin without decisions.",
            ) from error
        self._torn = bool(text) and not text.endswith("\n")
        lines = text.split("\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                if number == len(lines):
                    # Cut off by a crash while it was written; it was never acknowledged.
                    continue
                raise ProjectError(
                    f"{self.path}, line {number}: is no decision ({error}): {line[:80]!r}",
                    hint="Mend or delete that line in a text editor.",
                ) from error

    def _take(self, document: object) -> None:
        if not isinstance(document, dict):
            raise TypeError("not a JSON object")
        entry = cast(dict[str, JsonValue], document)
        picture_id, step, verdict = entry["picture"], entry["step"], entry["verdict"]
        if not isinstance(picture_id, str) or not isinstance(step, str):
            raise TypeError("picture and step must be text")
        if verdict is None:
            self._by_picture.get(picture_id, {}).pop(step, None)
            return
        values = entry.get("values", {})
        if not isinstance(verdict, str) or not isinstance(values, dict):
            raise TypeError("verdict must be text and values an object")
        self._by_picture.setdefault(picture_id, {})[step] = Decision(
            picture_id=picture_id, step=step, verdict=verdict, values=values
        )
