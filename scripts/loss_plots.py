"""Draw the weights of the loss over the timesteps, as one SVG for the documentation.

Used by scripts/reference.py, which writes docs/reference/loss-weights.svg or checks it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from enogu.diffusion.distance import huber_constants
from enogu.diffusion.loss_weights import (
    debiased_weights,
    min_snr_weights,
    v_like_noise_weights,
    v_pred_like_weights,
)
from enogu.diffusion.noise_schedule import NoiseSchedule

WIDTH, HEIGHT = 420, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 30, 34
COLOURS = ("#c2410c", "#0369a1", "#15803d", "#7e22ce")
STEP = 9
"""Every ninth timestep is drawn: 999 is a multiple, so both ends are there."""


@dataclass(frozen=True)
class Panel:
    """One plot: its title, its curves over t = 0 .. 999, and whether y is logarithmic."""

    title: str
    curves: Sequence[tuple[str, Sequence[float]]]
    logarithmic: bool


def panels() -> list[Panel]:
    """Return the plots, computed by the functions that training uses."""
    schedule = NoiseSchedule.scaled_linear()
    terminal = schedule.with_zero_terminal_snr()
    snr, t = schedule.snr, torch.arange(1000)

    def values(tensor: torch.Tensor) -> list[float]:
        return tensor[::STEP].tolist()

    def density(mean: float, std: float) -> list[float]:
        shares = [(step + 0.5) / 1000 for step in range(0, 1000, STEP)]
        logits = [math.log(share / (1 - share)) for share in shares]
        return [
            math.exp(-(((logit - mean) / std) ** 2) / 2)
            / (std * math.sqrt(2 * math.pi) * share * (1 - share))
            for share, logit in zip(shares, logits, strict=True)
        ]

    return [
        Panel(
            "weight, base that predicts noise",
            (
                ("min_snr, gamma 5", values(min_snr_weights(snr, 5.0, False))),
                ("min_snr, gamma 1", values(min_snr_weights(snr, 1.0, False))),
                ("debiased", values(debiased_weights(snr, False))),
                ("v_pred_like_loss 0.1", values(v_pred_like_weights(snr, 0.1))),
            ),
            logarithmic=True,
        ),
        Panel(
            "weight, base that predicts v",
            (
                ("min_snr, gamma 5", values(min_snr_weights(snr, 5.0, True))),
                ("min_snr, gamma 1", values(min_snr_weights(snr, 1.0, True))),
                ("debiased", values(debiased_weights(snr, True))),
                ("scale_v_pred_loss_like_noise_pred", values(v_like_noise_weights(snr))),
            ),
            logarithmic=True,
        ),
        Panel(
            "constant of huber and smooth_l1, huber_c 0.1",
            (
                ("constant", values(huber_constants(schedule, t, kind="constant"))),
                ("exponential", values(huber_constants(schedule, t, kind="exponential"))),
                ("snr", values(huber_constants(schedule, t, kind="snr"))),
            ),
            logarithmic=False,
        ),
        Panel(
            "how often a timestep is drawn (1: as with uniform)",
            (
                ("uniform", [1.0] * len(range(0, 1000, STEP))),
                ("logit_normal", density(0.0, 1.0)),
                ("logit_normal, logit_mean 0.5", density(0.5, 1.0)),
                ("logit_normal, logit_std 0.5", density(0.0, 0.5)),
            ),
            logarithmic=False,
        ),
        Panel(
            "signal-to-noise ratio of what the model sees",
            (
                ("as Stable Diffusion has it", values(snr)),
                ("zero_terminal_snr (ends at 0)", values(terminal.snr)),
                # The input has more noise than the target knows: variance 1 + gamma^2.
                ("ip_noise_gamma 0.1", values(snr / (1 + 0.1**2))),
                ("ip_noise_gamma 0.5", values(snr / (1 + 0.5**2))),
            ),
            logarithmic=True,
        ),
        Panel(
            "signal-to-noise ratio of a channel's mean (64x64)",
            (
                ("plain noise", values(_of_mean(snr, 0.0))),
                ("noise_offset 0.0357", values(_of_mean(snr, 0.0357))),
                ("noise_offset 0.1", values(_of_mean(snr, 0.1))),
                ("zero_terminal_snr (ends at 0)", values(_of_mean(terminal.snr, 0.0))),
            ),
            logarithmic=True,
        ),
    ]


def _of_mean(snr: torch.Tensor, offset: float) -> torch.Tensor:
    """Return the ratio for the mean of a channel whose mean has variance 1.

    The mean of n independent numbers has variance 1 / n, and an offset adds its square.
    """
    return snr / (1 / (64 * 64) + offset**2)


def loss_weights_svg() -> str:
    """Return all plots, two in a row, as one SVG."""
    drawn = panels()
    rows = -(-len(drawn) // 2)
    inner = "".join(
        f'<g transform="translate({place % 2 * WIDTH},{place // 2 * HEIGHT})">{_panel(panel)}</g>'
        for place, panel in enumerate(drawn)
    )
    size = f'viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" width="{2 * WIDTH}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="#fff"/>{inner}</svg>\n'
    )


def _panel(panel: Panel) -> str:
    every = [value for _, values in panel.curves for value in values]
    low, high = (max(min(every), 1e-3), max(every)) if panel.logarithmic else (0.0, max(every))
    if panel.logarithmic:
        low, high = 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high))
        exponents = range(round(math.log10(low)), round(math.log10(high)) + 1)
        ticks = [10.0**exponent for exponent in exponents]
    else:
        ticks = [high * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)]

    def y(value: float) -> float:
        if panel.logarithmic:
            share = math.log10(max(value, low) / low) / math.log10(high / low)
        else:
            share = (value - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def x(t: float) -> float:
        return LEFT + t / 999 * (WIDTH - LEFT - RIGHT)

    parts = [f'<text x="{LEFT}" y="18" font-size="12" font-weight="bold">{panel.title}</text>']
    for tick in ticks:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" '
            f'stroke="#ddd"/><text x="{LEFT - 5}" y="{y(tick) + 4:.1f}" text-anchor="end" '
            f'fill="#555">{tick:.3g}</text>'
        )
    for t in (0, 250, 500, 750, 999):
        parts.append(
            f'<text x="{x(t):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle" '
            f'fill="#555">{t}</text>'
        )
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 5}" text-anchor="middle" '
        'fill="#555">timestep (right: noise)</text>'
    )
    labels: list[str] = []
    for number, (name, values) in enumerate(panel.curves):
        points = " ".join(
            f"{x(place * STEP):.1f},{y(value):.1f}" for place, value in enumerate(values)
        )
        colour = COLOURS[number]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        # A white rim keeps the names readable where curves pass behind them.
        labels.append(
            f'<text x="{WIDTH - RIGHT - 8}" y="{TOP + 14 + 14 * number}" text-anchor="end" '
            f'fill="{colour}" stroke="#fff" stroke-width="4" paint-order="stroke">{name}</text>'
        )
    parts += labels
    return "".join(parts)
