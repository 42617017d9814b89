"""The loss of a run as a small SVG drawing."""

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 720, 240
_LEFT, _BOTTOM, _TOP, _RIGHT = 56, 28, 12, 12


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
    mean = smoothed(losses, max(1, len(losses) // 20))
    ordered = sorted(losses)
    # A few outliers must not flatten the curve.
    top = max(ordered[int(0.98 * (len(ordered) - 1))], max(mean), 1e-9) * 1.05

    def x(step: int) -> float:
        span = max(1, steps[-1] - steps[0])
        return _LEFT + (step - steps[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - min(value / top, 1.0) * (_HEIGHT - _BOTTOM - _TOP)

    stride = max(1, len(steps) // 800)
    dots = "".join(
        f'<circle cx="{x(step):.1f}" cy="{y(loss):.1f}" r="1.5"/>'
        for step, loss in list(zip(steps, losses, strict=True))[::stride]
    )
    line = " ".join(
        f"{x(step):.1f},{y(value):.1f}" for step, value in zip(steps, mean, strict=True)
    )
    ticks = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3f}</text>'
        for value in (0.0, top / 2, top)
    )
    labels = (
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">step {steps[0]}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">step {steps[-1]}</text>'
    )
    title = escape(f"Loss over {len(steps)} steps, last mean {mean[-1]:.4f}")
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{title}</title>'
        f'<g class="grid">{ticks}{labels}</g><g class="dots">{dots}</g>'
        f'<polyline class="mean" points="{line}"/></svg>'
    )
