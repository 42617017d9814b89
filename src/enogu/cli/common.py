"""What all commands share: options, output, and how errors are shown."""

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from enogu.config import Resolved, parse_assignment, resolve
from enogu.errors import EnoguError, ProjectError
from enogu.project import LATEST, Project, find_project, open_project

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_INTERRUPTED = 130


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    project: Path = Path(".")
    """The project folder, or a folder inside it."""

    set: Annotated[list[str], Parameter(negative=())] = field(default_factory=list[str])
    """Change a setting for this call: `--set train.rank=8`. May be given several times."""

    json: Annotated[bool, Parameter(negative=())] = False
    """Print JSON for programs instead of text for people."""

    debug: Annotated[bool, Parameter(negative=())] = False
    """Show the full Python traceback of an error."""

    def assignments(self, **settings: object) -> dict[str, Any]:
        """Return the settings of the command line; those given as own options win.

        Args:
            settings: Values of own options by setting name with ``__`` for dots; None is left out.
        """
        chosen = dict(parse_assignment(text) for text in self.set)
        chosen.update(
            {
                name.replace("__", "."): value
                for name, value in settings.items()
                if value is not None
            }
        )
        return chosen

    def open_project(self, **settings: object) -> Project:
        """Open the project with the settings of the command line."""
        return open_project(self.project, self.assignments(**settings))

    def open_project_or_none(self, **settings: object) -> tuple[Project | None, Resolved]:
        """Return the project when there is one, and settings in any case."""
        try:
            find_project(self.project)
        except ProjectError:
            return None, resolve({}, self.assignments(**settings))
        project = self.open_project(**settings)
        return project, project.resolved


def run_place(project: Project, run: Path) -> Path:
    """Return the folder a run is named by: a path from here or from the project, or its number.

    Args:
        project: The project.
        run: Such as ``runs/0002``, ``runs/latest``, ``2``, ``0002`` or ``latest``.
    """
    if run.exists() or (len(run.parts) > 1 and run.name == LATEST and run.parent.is_dir()):
        return run
    if len(run.parts) == 1:
        return project.runs_dir / (run.name.zfill(4) if run.name.isdigit() else run.name)
    return project.root / run


def print_json(value: Mapping[str, object] | list[object]) -> None:
    """Print a document for programs, on standard output, without colours or line breaks."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def gib(num_bytes: float) -> str:
    """Return a size in bytes as text in a unit that fits."""
    if num_bytes >= 2**30:
        return f"{num_bytes / 2**30:.1f} GiB"
    return f"{num_bytes / 2**20:.1f} MiB"


def duration(seconds: float) -> str:
    """Return a duration as text: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def run_guarded(action: Callable[[], object], *, debug: bool) -> int:
    """Run a command and return its exit code; show errors as a person should read them.

    Returns:
        0; 2 for a mistake of the person; 1 for anything else; 130 after Ctrl-C.
    """
    try:
        action()
    except EnoguError as error:
        if debug:
            traceback.print_exc()
        errors.print(f"[bold red]Error:[/] {escape(error.message)}")
        if error.hint:
            errors.print(escape(error.hint), style="cyan")
        return error.exit_code
    except KeyboardInterrupt:
        errors.print("Stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        sys.stderr.close()
        return 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        errors.print(f"[bold red]Unexpected error:[/] {type(error).__name__}: {escape(str(error))}")
        errors.print("This is a fault of Enogu. Run the command again with --debug to see where.")
        return 1
    return 0


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s unless the number is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
