"""The report page of a run: pictures, samples, loss, forecast beside fact. One file, no network."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from enogu import __version__
from enogu.config import ProjectConfig
from enogu.draw.metadata import read_recipe
from enogu.files import write_text_atomic
from enogu.project.runs import RunFolder
from enogu.train.events import Event, read_events
from enogu.train.loss_chart import loss_chart
from enogu.train.page import page, picture
from enogu.train.report_validation import validation_section
from enogu.train.run_facts import RunFacts, run_facts

_NAMES = {
    "trigger": "With the trigger word",
    "no-trigger": "The same prompt without it",
    "off-topic": "Something else",
}

_MAX_SAMPLE_COLUMNS = 6


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
        validation_section(events),
        _loss_section(facts),
        _forecast_section(facts),
        _use_section(run, events, trigger),
        _settings_section(config, events),
    ]
    body = "\n".join(part for part in parts if part)
    write_text_atomic(run.report_path, page(f"Enogu: run {run.name}", body))
    return run.report_path


def _header(run: RunFolder, facts: RunFacts) -> str:
    start, total = facts.start, facts.total
    state = "finished" if facts.step >= total else f"at step {facts.step} of {total}"
    if facts.last is not None and facts.last.get("early") and facts.state == "finished":
        state = f"ended early at step {facts.step} of {total}"
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
        prompt = prompt_of(files.get((name, steps[-1])) or files.get((name, steps[0])))
        cells.append(
            f"<p class='prompt'><strong>{escape(_NAMES.get(name, name))}</strong>: "
            f"<code>{escape(prompt)}</code></p>"
        )
        for step in steps:
            path = files.get((name, step))
            label = "untouched base" if step == 0 else f"step {step}"
            shown = picture(path, f"{name}, {label}") if path and path.is_file() else ""
            cells.append(f"<figure>{shown}<figcaption>{label}</figcaption></figure>")
    columns = f"grid-template-columns: repeat({len(steps)}, minmax(0, 1fr))"
    return f"<h2>With and without</h2><div class='samples' style='{columns}'>{''.join(cells)}</div>"


def prompt_of(path: Path | None) -> str:
    """Return the prompt of a sample; empty where there is none."""
    if path is None or not path.is_file():
        return ""
    return read_recipe(path).prompt


def _pictures_section(sheet: Path | None) -> str:
    if sheet is None or not sheet.is_file():
        return ""
    return (
        "<h2>The pictures as they were trained</h2>"
        f"<figure>{picture(sheet, 'contact sheet of the training pictures', 1600)}</figure>"
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
    saves = [
        event
        for event in events
        if event["event"] == "save" and (run.path / str(event["file"])).is_file()
    ]
    if not saves:
        return ""
    items = "".join(
        f"<tr><td>step {event['step']}</td><td><code>{escape(event['file'])}</code></td></tr>"
        for event in saves
    )
    prompt = f"{trigger}, 1girl, smile" if trigger else "1girl, smile"
    command = f'enogu draw "{prompt}" --lora runs/{run.name}'
    return f"<h2>Files</h2><table>{items}</table><p>Draw with it:</p><pre>{escape(command)}</pre>"


def _settings_section(config: ProjectConfig, events: Sequence[Event]) -> str:
    text = config.model_dump_json(indent=2, exclude_defaults=True)
    changed = "".join(
        f"<tr><td>after step {event['step']}</td><td>{escape(name)}</td>"
        f"<td>{escape(str(old))}</td><td>{escape(str(new))}</td></tr>"
        for event in events
        if event["event"] == "change"
        for name, (old, new) in event["changes"].items()
    )
    return (
        (
            f"<h2>Settings that were changed on the way</h2><table>{changed}</table>"
            if changed
            else ""
        )
        + "<details><summary>Settings that differ from the defaults</summary>"
        f"<pre>{escape(text)}</pre></details>"
    )


def _gib(value: float) -> str:
    return f"{value / 2**30:.2f} GiB"


def _difference(predicted: float, measured: float | None) -> str:
    return f" ({measured / predicted - 1:+.0%})" if measured and predicted else ""
