"""The loss of a run as a small SVG drawing."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 720, 240
_LEFT, _BOTTOM, _TOP, _RIGHT = 56, 28, 12, 12
_COLOURS = ("var(--accent)", "var(--second)", "var(--third)", "var(--fourth)")


def smoothed(values: Sequence[float], window: int) -> list[float]:
    """Return the mean over the last `window` values at each place."""
    result: list[float] = []
    total = 0.0
    for place, value in enumerate(values):
        total += value
        if place >= window:
            total -= values[place - window]
        result.append(total / min(place + 1, window))
    return result


def loss_chart(steps: Sequence[int], losses: Sequence[float]) -> str:
    """Return an SVG with each step's loss as a dot and their running mean as a line.

    Args:
        steps: Step numbers, rising.
        losses: As many, finite.
    """
    if not steps:
        return "<p>No step has been trained yet.</p>"
    mean = running_mean(losses)
    ordered = sorted(losses)
    # A few outliers must not flatten the curve.
    top = max(ordered[int(0.98 * (len(ordered) - 1))], max(mean), 1e-9) * 1.05
    frame = _Frame(steps[0], steps[-1], top)
    stride = max(1, len(steps) // 800)
    dots = "".join(
        f'<circle cx="{frame.x(step):.1f}" cy="{frame.y(loss):.1f}" r="1.5"/>'
        for step, loss in list(zip(steps, losses, strict=True))[::stride]
    )
    title = escape(f"Loss over {len(steps)} steps, last mean {mean[-1]:.4f}")
    return frame.svg(title, f'<g class="dots">{dots}</g>{frame.line(steps, mean, "var(--accent)")}')


def loss_curves(curves: Mapping[str, tuple[Sequence[int], Sequence[float]]]) -> str:
    """Return an SVG with the running mean of the loss of several runs.

    Args:
        curves: Name to step numbers, rising, and as many losses.
    """
    means = {
        name: (steps, running_mean(losses)) for name, (steps, losses) in curves.items() if steps
    }
    if not means:
        return "<p>No step has been trained yet.</p>"
    return value_curves(means, "Loss of " + ", ".join(means))


def value_curves(curves: Mapping[str, tuple[Sequence[int], Sequence[float]]], title: str) -> str:
    """Return an SVG with a line for each curve, as it is.

    Args:
        curves: Name to step numbers, rising, and as many values of 0 or more; none is empty.
        title: What is shown, as plain text.
    """
    frame = _Frame(
        min(steps[0] for steps, _ in curves.values()),
        max(steps[-1] for steps, _ in curves.values()),
        max(1e-9, *(max(values) for _, values in curves.values())) * 1.05,
    )
    lines: list[str] = []
    for place, (name, (steps, values)) in enumerate(curves.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        y = _TOP + 14 * (place + 1)
        lines.append(frame.line(steps, values, colour))
        lines.append(
            f'<g class="legend"><line x1="{_WIDTH - 190}" x2="{_WIDTH - 170}" y1="{y - 4}" '
            f'y2="{y - 4}" style="stroke:{colour}" stroke-width="2"/>'
            f'<text x="{_WIDTH - 164}" y="{y}">{escape(name)}: {values[-1]:.4f}</text></g>'
        )
    return frame.svg(escape(title), "".join(lines))


def running_mean(losses: Sequence[float]) -> list[float]:
    """Return the mean over the last twentieth of a run at each of its steps."""
    return smoothed(losses, max(1, len(losses) // 20))


class _Frame:
    """The axes of a chart.

    Args:
        first: Step at the left end.
        last: Step at the right end.
        top: Loss at the upper end.
    """

    def __init__(self, first: int, last: int, top: float) -> None:
        self.first, self.last, self.top = first, last, top

    def x(self, step: int) -> float:
        span = max(1, self.last - self.first)
        return _LEFT + (step - self.first) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - min(value / self.top, 1.0) * (_HEIGHT - _BOTTOM - _TOP)

    def line(self, steps: Sequence[int], values: Sequence[float], colour: str) -> str:
        points = " ".join(
            f"{self.x(step):.1f},{self.y(value):.1f}"
            for step, value in zip(steps, values, strict=True)
        )
        return f'<polyline class="mean" style="stroke:{colour}" points="{points}"/>'

    def svg(self, title: str, inner: str) -> str:
        ticks = "".join(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{self.y(value):.1f}" '
            f'y2="{self.y(value):.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{self.y(value) + 4:.1f}" text-anchor="end">'
            f"{value:.3f}</text>"
            for value in (0.0, self.top / 2, self.top)
        )
        labels = (
            f'<text x="{_LEFT}" y="{_HEIGHT - 8}">step {self.first}</text>'
            f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">'
            f"step {self.last}</text>"
        )
        return (
            f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{title}</title>'
            f'<g class="grid">{ticks}{labels}</g>{inner}</svg>'
        )
