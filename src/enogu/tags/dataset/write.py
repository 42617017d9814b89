"""Writing edits to caption files, going on after a crash, and taking edits back."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from enogu.errors import CaptionError
from enogu.files import storage_errors, write_bytes_atomic
from enogu.tags.dataset.change import EditPlan
from enogu.tags.dataset.journal import (
    Journal,
    JournalEntry,
    JournalHead,
    begin_journal,
    hold_journals,
    list_journals,
)

_NAMES_SHOWN: Final = 5
_WRITERS: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What was written."""

    num_files: int
    """Files that now hold what they should."""
    titles: tuple[str, ...]
    journal: Path | None
    """The record; None when there was nothing to do."""
    continued: bool = False
    """Whether an interrupted edit was finished instead of a new one begun."""
    left_alone: tuple[Path, ...] = ()
    """Files that were changed meanwhile and kept as they are."""


def pending_edit(place: Path) -> JournalHead | None:
    """Return the edit that was interrupted, if there is one.

    Args:
        place: The folder of the journals.
    """
    last = _last_open(place)
    return last.read()[0] if last is not None and last.state == "pending" else None


def continue_edit(folder: Path, place: Path, request: str) -> Written | None:
    """Finish an interrupted edit, when it is the one asked for.

    Call it before planning: a plan made from half-changed captions would edit some of them twice.

    Args:
        folder: The folder of the captions.
        place: The folder of the journals.
        request: What is asked for now.

    Returns:
        None when nothing was interrupted.

    Raises:
        CaptionError: Another edit was interrupted, or a file was changed since.
    """
    if pending_edit(place) is None:
        return None
    with hold_journals(place):
        last = _last_open(place)
        if last is None or last.state != "pending":
            return None
        head, entries = last.read()
        if head.request != request:
            raise CaptionError(
                f"an earlier edit of {folder} was interrupted: {'; '.join(head.titles)}",
                hint="Run that command again to finish it, or take it back:\n"
                f"  enogu captions undo {folder}",
            )
        _sweep(folder, entries)
        known = {entry.relative: _bytes_at(folder, entry) for entry in entries}
        changed = _changed(entries, known)
        if changed:
            raise _changed_error(folder, changed, "since the edit was interrupted")
        rest = [entry for entry in entries if known[entry.relative] == entry.before]
        return replace(_finish(folder, last, head, entries, rest), continued=True)


def apply_edits(plan: EditPlan, place: Path, request: str) -> Written:
    """Write the files of a plan, with a record that :func:`undo_edit` takes it back by.

    Each file is replaced as a whole. After a crash :func:`continue_edit` writes the rest.

    Args:
        plan: From :func:`~enogu.tags.dataset.change.plan_edits`.
        place: The folder of the journals; it is made.
        request: What was asked for, word by word the same for the same command.

    Raises:
        CaptionError: A file was changed since the plan was made; nothing is written then.
        BusyError: Another process edits the captions.
        StorageError: A place cannot be written.
    """
    if not plan.changes:
        return Written(num_files=0, titles=plan.titles, journal=None)
    folder = plan.captions.folder
    entries = [
        JournalEntry(
            relative=change.file.relative,
            before=None if change.is_new else change.file.data,
            after=change.after,
        )
        for change in plan.changes
    ]
    with hold_journals(place):
        if _last_open(place, "pending", "undoing") is not None:
            raise CaptionError(
                f"an edit or an undo of {folder} was interrupted",
                hint=f"Take it back first: enogu captions undo {folder}",
            )
        changed = [entry for entry in entries if _bytes_at(folder, entry) != entry.before]
        if changed:
            raise _changed_error(folder, changed, "since they were read")
        head = JournalHead(
            # Older programs read edits that make no file.
            version=2 if any(entry.before is None for entry in entries) else 1,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            request=request,
            titles=list(plan.titles),
            num_files=len(entries),
        )
        journal = begin_journal(place, head, entries)
        return _finish(folder, journal, head, entries, entries)


def undo_edit(folder: Path, place: Path, *, keep_changed: bool = False) -> Written:
    """Take back the last edit that is not taken back yet, byte for byte.

    Args:
        folder: The folder of the captions.
        place: The folder of the journals.
        keep_changed: Leave files alone that were changed since, instead of refusing.

    Raises:
        CaptionError: There is nothing to undo, or a file was changed since; nothing is written
            then.
        BusyError: Another process edits the captions.
        StorageError: A place cannot be written.
    """
    if _last_open(place) is None:
        raise CaptionError(
            f"there is no edit of {folder} to take back",
            hint=f"The records of edits lie in {place}.",
        )
    with hold_journals(place):
        last = _last_open(place)
        if last is None:
            raise CaptionError(f"there is no edit of {folder} to take back any more")
        head, entries = last.read()
        if last.state != "done":
            _sweep(folder, entries)
        known = {entry.relative: _bytes_at(folder, entry) for entry in entries}
        changed = _changed(entries, known)
        if changed and not keep_changed:
            raise _changed_error(folder, changed, "since the edit")
        last = last if last.state == "undoing" else last.moved_to("undoing")
        _write_all(
            (folder / entry.relative, entry.before)
            for entry in entries
            if known[entry.relative] == entry.after
        )
        last = last.moved_to("undone")
    return Written(
        num_files=len(entries) - len(changed),
        titles=tuple(head.titles),
        journal=last.path,
        left_alone=tuple(folder / entry.relative for entry in changed),
    )


def _finish(
    folder: Path,
    journal: Journal,
    head: JournalHead,
    entries: list[JournalEntry],
    to_write: list[JournalEntry],
) -> Written:
    _write_all((folder / entry.relative, entry.after) for entry in to_write)
    return Written(
        num_files=len(entries),
        titles=tuple(head.titles),
        journal=journal.moved_to("done").path,
    )


def _last_open(place: Path, *states: str) -> Journal | None:
    """Return the newest journal in one of some states; by default any that is not undone."""
    wanted = states or ("pending", "done", "undoing")
    return next(
        (journal for journal in reversed(list_journals(place)) if journal.state in wanted), None
    )


def _changed(entries: list[JournalEntry], known: dict[str, bytes | None]) -> list[JournalEntry]:
    return [entry for entry in entries if known[entry.relative] not in (entry.before, entry.after)]


def _bytes_at(folder: Path, entry: JournalEntry) -> bytes | None:
    try:
        return (folder / entry.relative).read_bytes()
    except OSError:
        # Gone, a folder now, or forbidden: in any case not what the record says.
        return None


def _write_all(files: Iterable[tuple[Path, bytes | None]]) -> None:
    """Write files; those without content are removed."""
    # Waiting for the disk is all that takes long; disks serve many waiting writers at once. Each
    # writer gets one long row of files: a task for every file would cost more than its writing.
    waiting = list(files)

    def write_row(first: int) -> None:
        for path, data in waiting[first::_WRITERS]:
            if failed:
                return
            try:
                _write(path, data)
            except BaseException:
                failed.append(path)
                raise

    failed: list[Path] = []
    with ThreadPoolExecutor(_WRITERS) as pool:
        for _ in pool.map(write_row, range(min(_WRITERS, len(waiting)))):
            pass


def _write(path: Path, data: bytes | None) -> None:
    if data is None:
        with storage_errors(path):
            path.unlink(missing_ok=True)
        return
    # A link stays a link: what it leads to is written.
    real = path.resolve() if path.is_symlink() else path
    write_bytes_atomic(real, data, keep_mode=real.exists())


def _sweep(folder: Path, entries: list[JournalEntry]) -> None:
    """Remove temporary files that a killed process left beside the captions of its edit."""
    by_folder: dict[Path, set[str]] = {}
    for entry in entries:
        path = (folder / entry.relative).resolve()
        by_folder.setdefault(path.parent, set()).add(path.name)
    for parent, names in by_folder.items():
        for left in parent.glob(".*.tmp"):
            # .NAME.8 hexadecimal digits.tmp, as enogu.files names them.
            if left.name[1:].rsplit(".", 2)[0] in names:
                left.unlink(missing_ok=True)


def _changed_error(folder: Path, changed: list[JournalEntry], when: str) -> CaptionError:
    names = ", ".join(entry.relative for entry in changed[:_NAMES_SHOWN])
    more = f" and {len(changed) - _NAMES_SHOWN} more" if len(changed) > _NAMES_SHOWN else ""
    return CaptionError(
        f"{len(changed)} caption files in {folder} were changed {when}: {names}{more}; nothing "
        "was written",
        hint="Look at them. To take back the rest and leave these as they are:\n"
        f"  enogu captions undo {folder} --keep-changed",
    )
