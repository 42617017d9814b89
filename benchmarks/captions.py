"""Measure counting, checking and editing the captions of a large data set.

python benchmarks/captions.py            20,000 captions into benchmarks/captions_202611.md
python benchmarks/captions.py --count 2000 --out -

Captions are made: each draws 10 to 35 of 3,000 tags by Zipf's law, plus a trigger and what most
captions have. All figures are CPU seconds of this process, all threads together; the time spent
waiting for the disk is told apart.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from enogu.pictures.listing import list_files
from enogu.tags.dataset import (
    CaptionSet,
    Remembered,
    apply_edits,
    captions_statistics,
    check_captions,
    choose,
    edits,
    edits_knowing,
    load_captions,
    plan_edits,
    undo_edit,
)
from enogu.tags.names import spoken_name
from enogu.tags.vocabulary import Vocabulary

Result = TypeVar("Result")
NUM_TAGS = 3000
QUERY = "solo AND NOT *_hat AND (count>20 OR *_hair) AND name:p0*"


def make_folder(folder: Path, count: int, words: list[str]) -> None:
    """Write captions with empty files for pictures, in ten folders."""
    rng = np.random.default_rng(7)
    weights = 1 / np.arange(1, len(words) + 1)
    weights /= weights.sum()
    for number in range(count):
        place = folder / f"{number % 10:02d}"
        place.mkdir(exist_ok=True)
        drawn = rng.choice(len(words), size=rng.integers(10, 36), replace=False, p=weights)
        tags = ["hero", "1girl", "solo", "blue hair", *(words[index] for index in drawn)]
        (place / f"p{number:05d}.txt").write_text(", ".join(tags) + "\n", encoding="utf-8")
        (place / f"p{number:05d}.png").touch()


def known_words(vocabulary: Vocabulary) -> list[str]:
    """Return tags as captions spell them: most known ones, filled up with made ones."""
    rows = vocabulary.connection.execute(
        "SELECT name FROM tags WHERE name NOT LIKE '%,%' ORDER BY id LIMIT ?", (NUM_TAGS - 300,)
    )
    words = [spoken_name(name) for (name,) in rows]
    return words + [f"made up word {number}" for number in range(NUM_TAGS - len(words))]


class Clock:
    """Runs a step and keeps its CPU and wall seconds."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float]] = []

    def run(self, title: str, step: Callable[[], Result]) -> Result:
        """Run a step and return what it returns."""
        cpu, wall = time.process_time(), time.monotonic()
        result = step()
        self.rows.append((title, time.process_time() - cpu, time.monotonic() - wall))
        return result


def read(folder: Path) -> CaptionSet:
    """Read a folder as the commands do."""
    listing = list_files(folder)
    return load_captions(folder, listing.captions, pictures=listing.pictures)


def measure(folder: Path, count: int) -> list[str]:
    """Return the lines of the report."""
    clock = Clock()
    vocabulary = Vocabulary.open()
    make_folder(folder, count, known_words(vocabulary))
    knows = Remembered(vocabulary)
    captions = clock.run("read the folder", lambda: read(folder))
    found = clock.run("statistics", lambda: captions_statistics(captions, knows, trigger="hero"))
    findings = clock.run("check", lambda: check_captions(captions, knows, trigger="hero"))
    choice = clock.run(f"query `{QUERY}`", lambda: choose(captions, QUERY))
    steps = [
        edits_knowing.to_canonical(knows),
        edits.remove(["made up word 1*"]),
        edits_knowing.drop_implied(knows),
        edits.drop_overlapping(),
        edits_knowing.sort_by_group(knows),
        edits.prepend(["hero"]),
        edits.underscores_for_blanks(),
    ]
    clock.run("plan one edit", lambda: plan_edits(captions, [edits.prepend(["new"])]))
    plan = clock.run("plan seven edits", lambda: plan_edits(captions, steps))
    place = folder.parent / "journals"
    clock.run("write them (record, check, replace)", lambda: apply_edits(plan, place, "all"))
    size = sum(path.stat().st_size for path in place.glob("*.gz"))
    clock.run("undo", lambda: undo_edit(folder, place))
    by_title = {title: cpu for title, cpu, _ in clock.rows}
    counting = by_title["read the folder"] + by_title["statistics"]
    writing = by_title["read the folder"] + by_title["write them (record, check, replace)"]
    head = [
        f"{captions.num_captions:,} captions, {len(captions.tags):,} places, "
        f"{len(captions.names):,} tags, {len(found.pairs.first):,} pairs of tags; "
        f"{len(findings):,} findings, {int(choice.files.sum()):,} files chosen by the query, "
        f"{len(plan.changes):,} files edited, record {size / 2**20:.1f} MiB.",
        "",
        "| step | CPU s | wall s |",
        "|---|--:|--:|",
    ]
    rows = [f"| {title} | {cpu:.2f} | {wall:.2f} |" for title, cpu, wall in clock.rows]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return [
        *head,
        *rows,
        "",
        f"- Counting (read and statistics): **{counting:.2f} s** CPU, target 3 s.",
        f"- One edit (read, plan, write): **{writing + by_title['plan one edit']:.2f} s** CPU, "
        "target 10 s.",
        f"- Seven edits at once: **{writing + by_title['plan seven edits']:.2f} s** CPU.",
        f"- Largest memory of the process: {peak:.0f} MiB.",
    ]


def heading(count: int) -> list[str]:
    """Return what a reader must know of the machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return [
        "# Captions: counting, checking, editing",
        "",
        f"- Date: 2026-11. Commit: {commit}. Hardware: {cpu}, {os.cpu_count()} cores. Python "
        f"{platform.python_version()}, numpy {np.__version__}.",
        f"- Command: `python benchmarks/captions.py --count {count}`",
        "- CPU seconds count; the wall time is that of a machine that did other work too, and most "
        "of it is waiting for the disk (every file is flushed before it replaces the old one).",
        "",
    ]


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument(
        "--out", default=str(Path(__file__).with_name("captions_202611.md")), help="- for none"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "set"
        folder.mkdir()
        lines = heading(arguments.count) + measure(folder, arguments.count)
    text = "\n".join(lines) + "\n"
    if arguments.out != "-":
        Path(arguments.out).write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
