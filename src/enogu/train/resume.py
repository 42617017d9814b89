"""Going on with a run under other settings: what changes, what cannot, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enogu import __version__
from enogu.config import ProjectConfig
from enogu.config.resolve import flatten
from enogu.errors import ConfigError, ProjectError
from enogu.project import Project
from enogu.project.runs import RunFolder, find_run
from enogu.train.choose_run import refuse_foreign_state
from enogu.train.events import Event, read_events
from enogu.train.identity import free_settings
from enogu.train.setup import Setup
from enogu.train.state import StateHeader, read_state_header

FIXED = (
    "model.prediction",
    "model.zero_terminal_snr",
    "train.rank",
    "train.alpha",
    "train.conv_rank",
    "train.conv_alpha",
    "train.text_encoder_rank",
    "train.text_encoder_alpha",
    "train.unet",
    "train.text_encoder",
    "train.targets",
    "train.exclude",
    "train.rounds",
    "train.optimizer",
    "train.optimizer_args",
    "train.ema",
    "train.adapter.kind",
    "train.adapter.decompose",
    "train.adapter.mid",
    "train.adapter.factor",
    "train.adapter.full_matrix",
    "train.adapter.decompose_both",
    "train.adapter.unit",
    "train.adapter.up_rate",
    "train.adapter.start",
    "train.adapter.start_sizes",
    "train.adapter.base_adapters",
    "train.adapter.base_adapter_weights",
    "train.blocks",
)
"""Settings that the saved state has built in; the name of a section stands for all in it."""


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """How a run goes on under other settings.

    Attributes:
        run: Its folder.
        step: Steps it has done.
        changes: Settings that are others from here on: name to the value before and now.
        pictures: Number of pictures before and now.
    """

    run: RunFolder
    step: int
    changes: Mapping[str, tuple[object, object]]
    pictures: tuple[int, int]

    def note(self) -> str:
        """Return what a person should know, in lines."""
        lines = [f"Run {self.run.name} goes on after step {self.step}."]
        if self.changes:
            lines.append("From here on it is:")
            lines += [f"  {name} = {new} (was {old})" for name, (old, new) in self.changes.items()]
            lines.append("What stays: the adapter, what the optimiser remembers, and the step.")
        else:
            lines.append("No setting that matters is another one.")
        before, now = self.pictures
        if before != now:
            lines.append(f"There are {now} pictures now (were {before}).")
        return "\n".join(lines)


def resume_with_changes(
    project: Project, reference: Path, setup: Setup, base_hash: str
) -> Resumption:
    """Look at a run that is to go on under the present settings.

    Args:
        project: The project.
        reference: The run folder, or `runs/latest`.
        setup: The present settings, pictures and base.
        base_hash: Content hash of the present base.

    Raises:
        ProjectError: The folder is of another project or another version, half written, or none.
        ConfigError: Settings differ that cannot change, or the run has done all its steps.
    """
    run = find_run(reference)
    if run.path.resolve().parent != project.runs_dir.resolve():
        raise ProjectError(
            f"{run.path.absolute()} is a run of another project, not of {project.root}",
            hint="Go on there: enogu train --project PROJECT. To begin from its adapter here: "
            f"enogu train --set train.adapter.start={run.path.absolute()}/NAME.safetensors",
        )
    header, events = check_run(run)
    start = next(event for event in events if event["event"] == "start")
    if start.get("base_hash") not in (None, base_hash):
        raise ProjectError(
            f"run {run.name} was trained on the base {start.get('base')} "
            f"({str(start['base_hash'])[:10]}), and this is another one ({base_hash[:10]})",
            hint="Name that base, or begin a new run: enogu train --new",
        )
    changes = _changes(run, setup)
    fixed = {name: pair for name, pair in changes.items() if is_fixed(name)}
    if setup.config.train.rounds > 1 and "train.steps" in changes:
        # Rounds that are over ended where the old number of steps said.
        fixed["train.steps"] = changes["train.steps"]
    if fixed:
        raise ConfigError(_fixed_message(run, fixed, changes), hint=_FIXED_HINT)
    steps = setup.config.train.steps
    if header.step >= steps:
        raise ConfigError(
            f"run {run.name} has done {header.step} steps, and train.steps is {steps}: there is "
            "nothing to go on with",
            hint=f"Set more steps: enogu train --resume {run.path} --set train.steps="
            f"{header.step + steps}",
        )
    now = len(setup.prepared.items)
    return Resumption(
        run=run,
        step=header.step,
        changes=changes,
        pictures=(_pictures_before(events, now), now),
    )


def is_fixed(name: str) -> bool:
    """Whether a setting, by its dotted name, cannot change once a run has begun."""
    return any(name == fixed or name.startswith(f"{fixed}.") for fixed in FIXED)


def check_run(run: RunFolder) -> tuple[StateHeader, list[Event]]:
    """Return the state's header and the events of a run that is whole.

    Raises:
        ProjectError: A file of it is missing, damaged, of another version, or of another run.
    """
    again = "Begin a new run: enogu train --new. Saved adapters are still there."
    events = read_events(run.events_path)
    if not any(event["event"] == "start" for event in events):
        raise ProjectError(
            f"{run.path} is no run, or one that was cut off at its beginning: "
            f"{run.events_path.name} does not say how it began",
            hint=again,
        )
    if not run.config_path.is_file():
        raise ProjectError(
            f"{run.path} is half written: {run.config_path.name} is missing", hint=again
        )
    header = read_state_header(run.state_path)
    if header is None:
        raise ProjectError(
            f"{run.path} is half written: it was cut off before its first state "
            f"({run.state_path.name}) was saved",
            hint=again,
        )
    refuse_foreign_state(run, header, events)
    return header, events


def why_other(run: RunFolder, setup: Setup) -> str:
    """Say in what an unfinished run differs; in general words where its settings are unreadable."""
    try:
        changes = _changes(run, setup)
    except (ProjectError, ConfigError):
        changes = {}
    if not changes:
        return "its pictures, base or number format were others"
    shown = [f"{name} was {old} (now {new})" for name, (old, new) in list(changes.items())[:4]]
    more = f" and {len(changes) - 4} more" if len(changes) > 4 else ""
    return f"its settings were others: {', '.join(shown)}{more}"


def _changes(run: RunFolder, setup: Setup) -> dict[str, tuple[object, object]]:
    before: dict[str, Any] = flatten(_settings_of(run).model_dump(mode="json"))
    now: dict[str, Any] = flatten(setup.config.model_dump(mode="json"))
    return {
        name: (before.get(name), value)
        for name, value in now.items()
        if before.get(name) != value and not free_settings(name)
    }


def _settings_of(run: RunFolder) -> ProjectConfig:
    """Read the settings of a run, and say so when another version wrote them."""
    try:
        return run.read_config()
    except ConfigError as error:
        events = read_events(run.events_path)
        version = next((event["version"] for event in events if "version" in event), "unknown")
        raise ProjectError(
            f"run {run.name} was made by another version of Enogu ({version}, this is "
            f"{__version__}), and its settings do not fit:\n{error.message}",
            hint="Go on with that version, or begin a new run: enogu train --new",
        ) from error


_FIXED_HINT = (
    "Set them back, begin a new run (enogu train --new), or begin a new run from this adapter with "
    "train.adapter.start."
)


def _fixed_message(
    run: RunFolder,
    fixed: Mapping[str, tuple[object, object]],
    changes: Mapping[str, tuple[object, object]],
) -> str:
    lines = [f"run {run.name} cannot go on with other settings of what it is made of:"]
    lines += [f"  {name} is {old} there and {new} here" for name, (old, new) in fixed.items()]
    free = [name for name in changes if name not in fixed]
    if free:
        lines.append(f"These could change: {', '.join(free)}")
    return "\n".join(lines)


def _pictures_before(events: list[Event], default: int) -> int:
    """Return how many pictures a run had, as it began or was changed last."""
    told = [event for event in events if event["event"] in ("start", "change")]
    return next((int(e["pictures"]) for e in reversed(told) if "pictures" in e), default)
