"""A project folder: where its settings, pictures, derived files and runs are.

::

    my-character/
    ├── enogu.toml     settings
    ├── pictures/      originals, never modified
    ├── work/          derived files, safe to delete
    └── runs/          one folder per run
"""

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enogu.config import ModelConfig, Resolved, read_config_file, resolve
from enogu.errors import ProjectError
from enogu.files import hold_folder

CONFIG_NAME = "enogu.toml"


@dataclass(frozen=True)
class Project:
    """A project and its resolved settings.

    Attributes:
        root: The project folder, absolute.
        resolved: Settings with their origins.
    """

    root: Path
    resolved: Resolved

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.root.name

    @property
    def pictures_dir(self) -> Path:
        """The folder of originals."""
        return self.root / self.resolved.config.pictures.folder

    @property
    def regularisation_dir(self) -> Path | None:
        """The folder of regularisation pictures, when there is one."""
        folder = self.resolved.config.pictures.regularisation
        return self.root / folder if folder else None

    @property
    def work_dir(self) -> Path:
        """Derived files, safe to delete."""
        return self.root / "work"

    @property
    def runs_dir(self) -> Path:
        """One folder per run."""
        return self.root / "runs"

    @property
    def base_reference(self) -> str:
        """The base as a name, or as a path that does not depend on the current folder."""
        base = self.resolved.config.base
        inside = self.root / base
        return str(inside) if inside.exists() and not Path(base).is_absolute() else base

    @property
    def model_settings(self) -> ModelConfig:
        """The section ``model`` with paths that do not depend on the current folder."""
        settings = self.resolved.config.model
        if not settings.vae:
            return settings
        place = self.root / Path(settings.vae).expanduser()
        return settings.model_copy(update={"vae": str(place)})

    @property
    def adapter_name(self) -> str:
        """File name of the adapters, without ending."""
        return self.resolved.config.train.name or self.name

    @contextlib.contextmanager
    def lock(self) -> Generator[None]:
        """Hold the project, so that two runs never write to it at once.

        Raises:
            BusyError: Another process holds it.
            StorageError: The project folder cannot be written.
        """
        with hold_folder(self.work_dir, f"another Enogu process is working in {self.root}"):
            yield


def find_project(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds a settings file.

    Raises:
        ProjectError: There is none.
    """
    start = start.expanduser().resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise ProjectError(
        f"no project at {start}: neither it nor a folder above it holds {CONFIG_NAME}",
        hint="Go into a project folder, name one with --project FOLDER, or make one:\n"
        "  enogu new my-character --pictures FOLDER",
    )


def open_project(start: Path, assignments: Mapping[str, Any] | None = None) -> Project:
    """Find the project at or above `start` and resolve its settings.

    Args:
        start: A folder in the project.
        assignments: Settings from the command line, by dotted name.

    Raises:
        ProjectError: There is no project, or a newer program made it.
        ConfigError: The settings are wrong.
    """
    root = find_project(start)
    path = root / CONFIG_NAME
    return Project(root, resolve(read_config_file(path), assignments, source=str(path)))
