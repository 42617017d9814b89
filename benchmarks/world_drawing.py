"""How many drawings per CPU-second: drawn fresh, and read from a pool drawn before.

python benchmarks/world_drawing.py [--pictures 240] [--size 128] [--out FILE.md]
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from enogu.files import write_text_atomic
from enogu.world.axes import AXES
from enogu.world.pool import build_pool, draw_pool_picture, pool_traits

ROUNDS = 5


def per_cpu_second(task: Callable[[int], object], count: int) -> tuple[float, float]:
    """Return the median and the best of `ROUNDS` rates of `task`."""
    rates: list[float] = []
    for round_index in range(ROUNDS):
        start = time.process_time()
        for index in range(count):
            task(round_index * count + index)
        rates.append(count / (time.process_time() - start))
    return float(np.median(rates)), max(rates)


def by_style(size: int, count: int) -> dict[str, float]:
    """Return milliseconds of CPU per fresh drawing for each rendering style."""
    result: dict[str, float] = {}
    for style in AXES["style"]:
        indices = [i for i in range(40 * count) if pool_traits(2, i)["style"] == style][:count]
        start = time.process_time()
        for index in indices:
            draw_pool_picture(2, index, size)
        result[style] = 1000 * (time.process_time() - start) / len(indices)
    return result


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    count, size = options.pictures, options.size
    draw_pool_picture(1, 0, size)
    fresh = per_cpu_second(lambda index: draw_pool_picture(1, index, size), count)
    with tempfile.TemporaryDirectory() as folder:
        pool = build_pool(Path(folder), count=count, size=size, seed=1)
        order = np.random.default_rng(0).integers(count, size=ROUNDS * 8 * count)
        pooled = per_cpu_second(lambda index: pool.pixels[order[index]].copy(), 8 * count)
    styles = by_style(size, max(8, count // 12))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    versions = ", ".join(f"{name} {version(name)}" for name in ("resvg-py", "pillow", "numpy"))
    lines = [
        "# Speed of the drawn world",
        "",
        f"- Commit: {commit}. Python {platform.python_version()}, {versions}. One process.",
        f"- Command: `python benchmarks/{Path(__file__).name} {' '.join(sys.argv[1:])}`".rstrip(),
        f"- {count} pictures of {size} px, {ROUNDS} rounds, CPU time of the process.",
        "",
        "| pictures per CPU-second | median | best |",
        "|---|--:|--:|",
        f"| drawn fresh | {fresh[0]:.0f} | {fresh[1]:.0f} |",
        f"| from a pool on disk | {pooled[0]:.0f} | {pooled[1]:.0f} |",
        "",
        "| style | ms of CPU per fresh picture |",
        "|---|--:|",
        *(f"| {style} | {ms:.1f} |" for style, ms in styles.items()),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        write_text_atomic(options.out, text)


if __name__ == "__main__":
    main()
