"""Runs side by side: settings that differ, loss, samples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, cast

from enogu.config.resolve import flatten
from enogu.errors import ProjectError
from enogu.files import make_dirs, write_text_atomic
from enogu.project.runs import RunFolder
from enogu.train.events import Event, read_events
from enogu.train.loss_chart import loss_curves, running_mean
from enogu.train.page import page, picture
from enogu.train.run_facts import RunRow, run_row

_CURVE_POINTS = 200


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """One prompt as several runs draw it.

    Attributes:
        name: Of the prompt.
        steps: The step per run; None where it drew none.
        files: The file per run.
    """

    name: str
    steps: tuple[int | None, ...]
    files: tuple[Path | None, ...]


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: What a list says of each.
        settings: Settings that differ, by dotted name, with the value of each run; None also where
            a run does not know the setting.
        losses: Of each run: steps, and the loss of each.
        samples: Prompts with the pictures of each run.
    """

    runs: tuple[RunRow, ...]
    settings: Mapping[str, tuple[object, ...]]
    losses: tuple[tuple[list[int], list[float]], ...]
    samples: tuple[SampleRow, ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON; the loss as its running mean at up to 200 steps."""
        return {
            "runs": [asdict(run) for run in self.runs],
            "settings": {name: list(values) for name, values in self.settings.items()},
            "losses": [_thinned(steps, losses) for steps, losses in self.losses],
            "samples": [
                {
                    "name": row.name,
                    "steps": list(row.steps),
                    "files": [None if file is None else str(file) for file in row.files],
                }
                for row in self.samples
            ],
        }


def compare_runs(runs: Sequence[RunFolder]) -> RunComparison:
    """Put runs side by side.

    Args:
        runs: Two or more.

    Raises:
        ProjectError: Fewer than two, the same twice, or a folder that holds no run.
    """
    if len({run.path.resolve() for run in runs}) < max(2, len(runs)):
        names = ", ".join(str(run.path) for run in runs)
        raise ProjectError(
            f"a comparison needs two or more different runs, got {names or 'none'}",
            hint="enogu runs list shows those that are there.",
        )
    events = [_events(run) for run in runs]
    tables = [_settings(run) for run in runs]
    names = dict.fromkeys(name for table in tables for name in table)
    values = {name: tuple(table.get(name) for table in tables) for name in names}
    return RunComparison(
        runs=tuple(run_row(run) for run in runs),
        settings={
            name: entry
            for name, entry in values.items()
            if any(value != entry[0] for value in entry)
        },
        losses=tuple(_losses(entries) for entries in events),
        samples=_samples(runs, events),
    )


def write_comparison(found: RunComparison, path: Path) -> Path:
    """Write the page of a comparison and return its path.

    Raises:
        StorageError: The place cannot be written.
    """
    names = [run.name for run in found.runs]
    curves = {f"run {name}": losses for name, losses in zip(names, found.losses, strict=True)}
    body = "\n".join(
        [
            f"<h1>Runs {escape(', '.join(names))}</h1>",
            _table(["", *(f"run {name}" for name in names)], _rows_of_runs(found.runs)),
            "<h2>Settings that differ</h2>",
            _table(
                ["", *(f"run {name}" for name in names)],
                [
                    [name, *("–" if value is None else str(value) for value in values)]
                    for name, values in found.settings.items()
                ],
            )
            if found.settings
            else "<p>None.</p>",
            f"<h2>Loss</h2>{loss_curves(curves)}",
            _samples_section(found, names),
        ]
    )
    make_dirs(path.parent)
    write_text_atomic(path, page(f"Enogu: runs {', '.join(names)}", body))
    return path


def _rows_of_runs(runs: Sequence[RunRow]) -> list[list[str]]:
    rows: list[tuple[str, list[object]]] = [
        ("state", [run.state for run in runs]),
        ("started", [run.started for run in runs]),
        ("steps", [f"{run.step} of {run.steps}" for run in runs]),
        ("pictures", [run.pictures for run in runs]),
        ("base", [run.base for run in runs]),
        ("loss", ["–" if run.mean_loss is None else f"{run.mean_loss:.4f}" for run in runs]),
        ("seconds", [f"{run.seconds:.0f}" for run in runs]),
        ("adapter", [run.adapter or "–" for run in runs]),
    ]
    return [[name, *map(str, values)] for name, values in rows]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _samples_section(found: RunComparison, names: Sequence[str]) -> str:
    if not found.samples:
        return ""
    cells: list[str] = []
    for row in found.samples:
        cells.append(f"<p class='prompt'><strong>{escape(row.name)}</strong></p>")
        for name, step, file in zip(names, row.steps, row.files, strict=True):
            label = f"run {name}" + ("" if step is None else f", step {step}")
            shown = picture(file, f"{row.name}, {label}") if file and file.is_file() else ""
            cells.append(f"<figure>{shown}<figcaption>{escape(label)}</figcaption></figure>")
    columns = f"grid-template-columns: repeat({len(names)}, minmax(0, 1fr))"
    return f"<h2>Samples</h2><div class='samples' style='{columns}'>{''.join(cells)}</div>"


def _events(run: RunFolder) -> list[Event]:
    events = read_events(run.events_path)
    if not events:
        raise ProjectError(
            f"{run.path} holds no run: there is no {run.events_path.name} in it",
            hint="Name a folder such as runs/0001, or runs/latest.",
        )
    return events


def _settings(run: RunFolder) -> dict[str, Any]:
    """Return the settings as they were saved, also those of other versions."""
    try:
        tables = json.loads(run.config_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(f"{run.config_path} cannot be read: {error}") from error
    return flatten(cast("dict[str, Any]", tables)) if isinstance(tables, dict) else {}


def _losses(events: Sequence[Event]) -> tuple[list[int], list[float]]:
    steps = [event for event in events if event["event"] == "step"]
    return [int(event["step"]) for event in steps], [float(event["loss"]) for event in steps]


def _thinned(steps: Sequence[int], losses: Sequence[float]) -> dict[str, object]:
    mean = running_mean(losses)
    stride = max(1, len(steps) // _CURVE_POINTS)
    return {"steps": list(steps[::stride]), "mean_loss": [round(v, 6) for v in mean[::stride]]}


def _samples(runs: Sequence[RunFolder], events: Sequence[Sequence[Event]]) -> tuple[SampleRow, ...]:
    """Choose per prompt the last step that all runs have drawn, else the last of each."""
    drawn = [
        {
            (str(event["name"]), int(event["step"])): run.samples_dir / str(event["file"])
            for event in entries
            if event["event"] == "sample"
        }
        for run, entries in zip(runs, events, strict=True)
    ]
    rows: list[SampleRow] = []
    for name in dict.fromkeys(name for table in drawn for name, _ in table):
        steps = [{step for other, step in table if other == name} for table in drawn]
        shared = set.intersection(*steps)
        chosen = [max(shared) if shared else max(own, default=None) for own in steps]
        rows.append(
            SampleRow(
                name=name,
                steps=tuple(chosen),
                files=tuple(
                    None if step is None else table[name, step]
                    for table, step in zip(drawn, chosen, strict=True)
                ),
            )
        )
    return tuple(rows)
