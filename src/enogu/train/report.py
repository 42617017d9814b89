"""The report page of a run: pictures, samples, loss, forecast beside fact. One file, no network."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image

from enogu import __version__
from enogu.config import ProjectConfig
from enogu.draw.metadata import read_recipe
from enogu.files import write_text_atomic
from enogu.project.runs import RunFolder
from enogu.train.events import Event, read_events
from enogu.train.loss_chart import loss_chart

_NAMES = {
    "trigger": "With the trigger word",
    "no-trigger": "The same prompt without it",
    "off-topic": "Something else",
}

_MAX_SAMPLE_COLUMNS = 6

_STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --soft: #777; --line: #ddd;
  --accent: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #1b1b1d; --soft: #aaa; --line: #444; --accent: #fb923c; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { margin-top: 2.2rem; font-size: 1.2rem; }
.soft, figcaption { color: var(--soft); } figure { margin: 0; } figcaption { font-size: .85rem; }
img { max-width: 100%; border-radius: 6px; }
.samples { display: grid; gap: .6rem; align-items: end; overflow-x: auto; }
.samples img { width: 100%; min-width: 128px; image-rendering: auto; display: block; }
.prompt { grid-column: 1 / -1; margin: .8rem 0 0; }
table { border-collapse: collapse; } td, th { padding: .3rem .9rem .3rem 0; text-align: left;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.chart { width: 100%; height: auto; } .grid line { stroke: var(--line); }
.grid text { fill: var(--soft); font-size: 11px; } .dots { fill: var(--soft); opacity: .45; }
.mean { fill: none; stroke: var(--accent); stroke-width: 2; }
code, pre { background: color-mix(in srgb, var(--line) 45%, transparent); border-radius: 4px;
  padding: .1rem .3rem; } pre { padding: .7rem 1rem; overflow-x: auto; }
"""


@dataclass(frozen=True)
class RunFacts:
    """What the events of a run say, in numbers.

    Attributes:
        start: The first event.
        steps: Step events, in order.
        last: The event that ended or stopped the run last, when there was one.
        step: Steps done.
        seconds_per_step: Median, without the first step; 0 when unknown.
        training_seconds: All steps together.
    """

    start: Event
    steps: tuple[Event, ...]
    last: Event | None
    step: int
    seconds_per_step: float
    training_seconds: float


def run_facts(events: Sequence[Event]) -> RunFacts:
    """Read the numbers of a run from its events."""
    steps = tuple(event for event in events if event["event"] == "step")
    durations = sorted(event["seconds"] for event in steps[1:])
    return RunFacts(
        start=next((event for event in events if event["event"] == "start"), {}),
        steps=steps,
        last=next((e for e in reversed(events) if e["event"] in ("end", "stop", "error")), None),
        step=steps[-1]["step"] if steps else 0,
        seconds_per_step=durations[len(durations) // 2] if durations else 0.0,
        training_seconds=sum(event["seconds"] for event in steps),
    )


def write_report(run: RunFolder, *, contact_sheet: Path | None, trigger: str) -> Path:
    """Write the report page of a run and return its path.

    Args:
        run: The run folder.
        contact_sheet: A picture of the training pictures as they were trained, if there is one.
        trigger: The trigger word.

    Raises:
        StorageError: The place cannot be written.
    """
    events = read_events(run.events_path)
    facts = run_facts(events)
    config = run.read_config()
    parts = [
        _header(run, facts),
        _samples_section(run, events),
        _pictures_section(contact_sheet),
        _loss_section(facts),
        _forecast_section(facts),
        _use_section(run, events, trigger),
        _settings_section(config),
    ]
    body = "\n".join(part for part in parts if part)
    write_text_atomic(
        run.report_path,
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>Enogu: run {escape(run.name)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n",
    )
    return run.report_path


def _header(run: RunFolder, facts: RunFacts) -> str:
    start, total = facts.start, facts.start.get("steps", 0)
    state = "finished" if facts.step >= total else f"at step {facts.step} of {total}"
    if facts.last is not None and facts.last["event"] == "error":
        state = f"stopped by an error: {facts.last['message'].splitlines()[0]}"
    return (
        f"<h1>Run {escape(run.name)}</h1><p class='soft'>{escape(state)} · "
        f"{start.get('pictures', 0)} pictures · base {escape(str(start.get('base', '')))} · "
        f"{escape(str(start.get('precision', '')))} "
        f"({escape(str(start.get('precision_reason', '')))})"
        f" · Enogu {__version__}</p>"
    )


def _samples_section(run: RunFolder, events: Sequence[Event]) -> str:
    samples = [event for event in events if event["event"] == "sample"]
    if not samples:
        return ""
    steps = sorted({event["step"] for event in samples})
    if len(steps) > _MAX_SAMPLE_COLUMNS:
        # The untouched base, the last step, and evenly spread ones between.
        inner = steps[1:-1]
        places = [
            round(i * (len(inner) - 1) / (_MAX_SAMPLE_COLUMNS - 3))
            for i in range(_MAX_SAMPLE_COLUMNS - 2)
        ]
        steps = [steps[0], *(inner[place] for place in places), steps[-1]]
    files = {(event["name"], event["step"]): run.samples_dir / event["file"] for event in samples}
    names = list(dict.fromkeys(str(event["name"]) for event in samples))
    cells: list[str] = []
    for name in names:
        prompt = _prompt_of(files.get((name, steps[-1])) or files.get((name, steps[0])))
        cells.append(
            f"<p class='prompt'><strong>{escape(_NAMES.get(name, name))}</strong>: "
            f"<code>{escape(prompt)}</code></p>"
        )
        for step in steps:
            path = files.get((name, step))
            label = "untouched base" if step == 0 else f"step {step}"
            picture = _img(path, f"{name}, {label}") if path and path.is_file() else ""
            cells.append(f"<figure>{picture}<figcaption>{label}</figcaption></figure>")
    columns = f"grid-template-columns: repeat({len(steps)}, minmax(0, 1fr))"
    return f"<h2>With and without</h2><div class='samples' style='{columns}'>{''.join(cells)}</div>"


def _prompt_of(path: Path | None) -> str:
    if path is None or not path.is_file():
        return ""
    return read_recipe(path).prompt


def _pictures_section(sheet: Path | None) -> str:
    if sheet is None or not sheet.is_file():
        return ""
    return (
        "<h2>The pictures as they were trained</h2>"
        f"<figure>{_img(sheet, 'contact sheet of the training pictures', 1600)}</figure>"
    )


def _loss_section(facts: RunFacts) -> str:
    chart = loss_chart(
        [event["step"] for event in facts.steps], [event["loss"] for event in facts.steps]
    )
    return (
        f"<h2>Loss</h2>{chart}<p class='soft'>Each dot is one step at a random noise level, so "
        "dots scatter; the line is their running mean. A falling line says that the training "
        "pictures are learnt, not that the result is good: look at the samples.</p>"
    )


def _forecast_section(facts: RunFacts) -> str:
    start, last = facts.start, facts.last or {}
    rows: list[tuple[str, str, str]] = []
    if "forecast_peak_bytes" in start:
        peak = last.get("peak_bytes")
        rows.append(
            (
                "Peak memory",
                _gib(start["forecast_peak_bytes"]),
                _gib(peak) + _difference(start["forecast_peak_bytes"], peak) if peak else "–",
            )
        )
        measured = facts.seconds_per_step
        predicted = start["forecast_seconds_per_step"]
        rows.append(
            (
                "Time per step",
                f"{predicted:.2f} s",
                f"{measured:.2f} s{_difference(predicted, measured)}" if measured else "–",
            )
        )
    cells = "".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in rows)
    return (
        "<h2>Forecast and fact</h2><table><tr><th></th><th>forecast</th><th>measured</th></tr>"
        f"{cells}</table>"
        if cells
        else ""
    )


def _use_section(run: RunFolder, events: Sequence[Event], trigger: str) -> str:
    saves = [event for event in events if event["event"] == "save"]
    if not saves:
        return ""
    items = "".join(
        f"<tr><td>step {event['step']}</td><td><code>{escape(event['file'])}</code></td></tr>"
        for event in saves
    )
    prompt = f"{trigger}, 1girl, smile" if trigger else "1girl, smile"
    command = f'enogu draw "{prompt}" --lora runs/{run.name}'
    return f"<h2>Files</h2><table>{items}</table><p>Draw with it:</p><pre>{escape(command)}</pre>"


def _settings_section(config: ProjectConfig) -> str:
    text = config.model_dump_json(indent=2, exclude_defaults=True)
    return (
        "<details><summary>Settings that differ from the defaults</summary>"
        f"<pre>{escape(text)}</pre></details>"
    )


def _img(path: Path, alt: str, max_px: int = 512) -> str:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    image.thumbnail((max_px, max_px))
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=88, method=4)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/webp;base64,{data}">'


def _gib(value: float) -> str:
    return f"{value / 2**30:.2f} GiB"


def _difference(predicted: float, measured: float | None) -> str:
    return f" ({measured / predicted - 1:+.0%})" if measured and predicted else ""
