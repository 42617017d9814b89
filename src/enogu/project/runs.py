"""Run folders: their names, their files, and which one is the latest.

::

    runs/0003/
    ├── config.json      the resolved settings
    ├── events.jsonl     the one record of what happened
    ├── state.safetensors    what is needed to go on
    ├── ema/             running means of the adapters (train.ema)
    ├── rounds/          adapters of rounds that are over (train.rounds)
    ├── samples/         pictures drawn on the way
    ├── my-character-000200.safetensors, my-character.safetensors   adapters
    └── report.html
"""

import json
from dataclasses import dataclass
from pathlib import Path

from enogu.config import ProjectConfig
from enogu.config.resolve import resolve_snapshot
from enogu.errors import ProjectError
from enogu.files import make_dirs, write_text_atomic

LATEST = "latest"


@dataclass(frozen=True)
class RunFolder:
    """One run folder, by its path."""

    path: Path

    @property
    def name(self) -> str:
        """The number of the run, four digits or more."""
        return self.path.name

    @property
    def config_path(self) -> Path:
        """The resolved settings."""
        return self.path / "config.json"

    @property
    def events_path(self) -> Path:
        """The record of what happened."""
        return self.path / "events.jsonl"

    @property
    def state_path(self) -> Path:
        """What is needed to go on."""
        return self.path / "state.safetensors"

    @property
    def samples_dir(self) -> Path:
        """Pictures drawn on the way."""
        return self.path / "samples"

    @property
    def ema_dir(self) -> Path:
        """Running means of the adapters, under the names of the adapters they belong to."""
        return self.path / "ema"

    @property
    def rounds_dir(self) -> Path:
        """Adapters of rounds that are over; the run needs them to go on."""
        return self.path / "rounds"

    @property
    def report_path(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    def adapter_path(self, name: str, step: int | None = None) -> Path:
        """Return the place of an adapter: the one saved at `step`, or the final one."""
        suffix = "" if step is None else f"-{step:06d}"
        return self.path / f"{name}{suffix}.safetensors"

    def newest_adapter(self) -> Path:
        """Return the final adapter, or the one of the highest step while the run goes on.

        Raises:
            ProjectError: Nothing has been saved yet.
        """
        found = sorted(
            (path for path in self.path.glob("*.safetensors") if path != self.state_path),
            key=lambda path: path.name,
        )
        if not found:
            raise ProjectError(
                f"{self.path} holds no adapter yet",
                hint="Wait until the run has saved one (train.save_every), or finish it: "
                "enogu train",
            )
        numbered = [path for path in found if path.stem[-7:-6] == "-" and path.stem[-6:].isdigit()]
        final = [path for path in found if path not in numbered]
        return final[-1] if final else numbered[-1]

    def write_config(self, config: ProjectConfig) -> None:
        """Keep the resolved settings of the run."""
        text = json.dumps(config.model_dump(mode="json"), indent=2, ensure_ascii=False)
        write_text_atomic(self.config_path, text + "\n")

    def read_config(self) -> ProjectConfig:
        """Return the resolved settings of the run.

        Raises:
            ProjectError: The file is missing or not JSON.
            ConfigError: Its settings do not fit this version.
        """
        try:
            values = json.loads(self.config_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ProjectError(f"{self.config_path} cannot be read: {error}") from error
        return resolve_snapshot(values, str(self.config_path))


def list_runs(runs_dir: Path) -> list[RunFolder]:
    """Return the run folders in `runs_dir`, oldest first."""
    if not runs_dir.is_dir():
        return []
    folders = [path for path in runs_dir.iterdir() if path.is_dir() and path.name.isdigit()]
    return [RunFolder(path) for path in sorted(folders, key=lambda path: int(path.name))]


def new_run(runs_dir: Path) -> RunFolder:
    """Make the next run folder.

    Raises:
        StorageError: The place cannot be written.
    """
    runs = list_runs(runs_dir)
    number = int(runs[-1].name) + 1 if runs else 1
    return RunFolder(make_dirs(runs_dir / f"{number:04d}"))


def find_run(reference: Path) -> RunFolder:
    """Return a run folder by path; ``runs/latest`` is the newest one.

    Raises:
        ProjectError: There is no such run.
    """
    if reference.name == LATEST and not reference.exists():
        runs = list_runs(reference.parent)
        if not runs:
            raise ProjectError(
                f"no runs in {reference.parent.absolute()}",
                hint="Train one first: enogu train",
            )
        return runs[-1]
    if not reference.is_dir():
        raise ProjectError(
            f"no run folder at {reference.absolute()}",
            hint="Name a folder such as runs/0001, or runs/latest.",
        )
    return RunFolder(reference)


def find_adapter(reference: Path) -> Path:
    """Return an adapter file from its own path, or the newest one of a run folder.

    Raises:
        ProjectError: There is neither a file nor a run with an adapter.
    """
    if reference.is_file():
        return reference
    if reference.suffix == ".safetensors":
        raise ProjectError(
            f"no LoRA file at {reference.absolute()}",
            hint="Name a .safetensors file, or a run folder such as runs/latest.",
        )
    return find_run(reference).newest_adapter()
