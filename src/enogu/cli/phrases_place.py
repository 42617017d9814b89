"""Where the phrase book of a command is, and whether use is written down."""

from pathlib import Path

from enogu.cli.common import Common, errors
from enogu.errors import EnoguError
from enogu.tags.phrases import PhraseBook, UseLog


def open_book(file: Path | None, common: Common) -> PhraseBook:
    """Return the book that the command line or the settings name."""
    project, resolved = common.open_project_or_none()
    settings = resolved.config.phrases
    named = settings.file.expanduser() if settings.file else None
    if named is not None and project is not None:
        # In enogu.toml a relative path is meant from the project, wherever the command runs.
        named = project.root / named
    return PhraseBook(
        file.expanduser() if file else named,
        show_hidden=settings.show_hidden,
        rating=resolved.config.tags.rating,
    )


def remembers_use(common: Common) -> bool:
    """Say whether the settings allow the log; it has a switch of its own besides."""
    return common.open_project_or_none()[1].config.tags.usage


def log_search(query: str, common: Common) -> None:
    """Write a search for tags into the log; a log that cannot be written does not stop a search."""
    if not remembers_use(common):
        return
    try:
        UseLog(open_book(None, common).path).record_search(query)
    except EnoguError as error:
        errors.print(f"The search was not logged: {error.message}", markup=False, style="yellow")
