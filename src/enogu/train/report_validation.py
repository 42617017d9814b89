"""The part of a run's report that says when to stop: curves, bands, and the best step."""

from collections.abc import Sequence
from html import escape

from enogu.train.advice import Advice, advise
from enogu.train.events import Event
from enogu.train.loss_chart import value_curves
from enogu.train.measurements import Measurements, read_measurements
from enogu.train.sample_scores import mean_scores


def validation_section(events: Sequence[Event]) -> str:
    """Return the section as HTML. Without held-out pictures it says that there is no evidence."""
    measured = read_measurements(events)
    parts = ["<h2>When to stop</h2>", _advice(advise(events))]
    if measured is not None:
        parts += [_curves(measured), _bands(measured)]
    scores = mean_scores(events)
    if any(len(steps) > 1 for steps in scores.values()):
        curves = {
            name: (list(steps), list(steps.values()))
            for name, steps in scores.items()
            if len(steps) > 1
        }
        parts.append(
            "<h3>Wished tags that the judge sees in the samples</h3>"
            + value_curves(curves, "Share of the wished tags")
        )
    return "".join(parts)


def _advice(advice: Advice) -> str:
    sentences = "".join(f"<li>{escape(text)}</li>" for text in (*advice.reasons, *advice.notes))
    return f"<p><strong>{escape(advice.headline)}</strong></p><ul>{sentences}</ul>"


def _curves(measured: Measurements) -> str:
    steps = list(measured.steps)
    chart = value_curves(
        {
            "held out": (steps, measured.held_out.means),
            "trained": (steps, measured.training.means),
            "gap": (steps, [max(gap, 0.0) for gap in measured.gaps]),
        },
        "Loss as a share of that at the start",
    )
    counts = len(measured.held_out.pictures[0]), len(measured.training.pictures[0])
    return (
        f"{chart}<p class='soft'>Loss at fixed timesteps and noises as a share of that at step "
        f"{steps[0]}, of {counts[0]} held-out and {counts[1]} training pictures; each band of "
        "noise levels counts alike. While both fall, the subject is learnt. When only the line of "
        "the training pictures falls, pictures are learnt by heart. The gap is the one minus the "
        "other.</p>"
    )


def _bands(measured: Measurements) -> str:
    heads = "".join(f"<th>{low}–{high - 1}</th>" for low, high in measured.bands)
    rows = "".join(
        f"<tr><td>{step}</td>"
        + "".join(f"<td>{value:.3f}</td>" for value in measured.held_out.bands[place])
        + f"<td>{measured.held_out.means[place]:.3f}</td><td>{measured.training.means[place]:.3f}"
        f"</td><td>{measured.gaps[place]:+.3f}</td></tr>"
        for place, step in enumerate(measured.steps)
    )
    return (
        "<details><summary>By band of timesteps</summary><table><tr><th>step</th>"
        f"{heads}<th>held out</th><th>trained</th><th>gap</th></tr>{rows}</table></details>"
    )
