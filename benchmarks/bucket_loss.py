"""How much of the pictures each bucket rule cuts off, enlarges and leaves unused.

Compares sd-scripts' two rules with Enogu's ``fit`` on the sizes of real drawings (when the shared
data are at hand) and on a synthetic folder of an illustrator. Only sizes are read.

    python benchmarks/bucket_loss.py [--data FOLDER] > table.md
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from enogu.pictures.buckets import BucketFit, BucketMode, BucketRule, BucketSize
from enogu.pictures.scan import scan_pictures

REAL_SETS = ("ankitan", "gopher-sketch", "gopher-emo", "illustrations", "cats")
BATCH_SIZE = 4

# Width to height, and how often: phone and print formats, screens, square posts.
RATIOS = {
    (1, 1): 20,
    (210, 297): 14,
    (297, 210): 6,
    (3, 4): 10,
    (2, 3): 8,
    (9, 16): 8,
    (16, 9): 14,
    (4, 3): 6,
    (5, 7): 4,
    (1, 2): 3,
    (2, 1): 2,
}


@dataclass(frozen=True)
class Setting:
    """One base and the limits its users take."""

    title: str
    resolution: int
    min_px: int
    max_px: int
    step: int

    def rule(self, mode: BucketMode) -> BucketRule:
        """Return one of the three rules within these limits."""
        return BucketRule(
            mode=mode,
            resolution=BucketSize(self.resolution, self.resolution),
            min_px=self.min_px,
            max_px=self.max_px,
            step=self.step,
        )


SETTINGS = (
    Setting("SD1.5, 512, step 64", 512, 256, 1024, 64),
    Setting("SDXL, 1024, step 64", 1024, 512, 2048, 64),
    Setting("SDXL, 1024, step 32", 1024, 512, 2048, 32),
    Setting("mini, 128, step 32", 128, 64, 256, 32),
)


def synthetic_sizes(count: int = 1000, seed: int = 0) -> list[BucketSize]:
    """Return sizes as an illustrator's folder has them: standard formats and free crops."""
    rng = random.Random(seed)
    sizes: list[BucketSize] = []
    for _ in range(count):
        long_side = min(6000, max(200, int(rng.lognormvariate(7.4, 0.55))))
        if rng.random() < 0.6:
            width, height = rng.choices([*RATIOS], weights=[*RATIOS.values()])[0]
            ratio = width / height
        else:
            ratio = min(3.5, max(1 / 3.5, rng.lognormvariate(-0.1, 0.4)))
        width = long_side if ratio >= 1 else round(long_side * ratio)
        height = round(long_side / ratio) if ratio >= 1 else long_side
        sizes.append(BucketSize(width, height))
    return sizes


def real_sizes(data: Path, name: str) -> list[BucketSize]:
    """Return the sizes of one set of real drawings."""
    return [BucketSize(r.width, r.height) for r in scan_pictures(data / name).records]


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def batch_fill(fits: Iterable[BucketFit]) -> float:
    """Return the mean share of a batch that is filled when batches never mix buckets."""
    counts = Counter(fit.bucket for fit in fits)
    batches = sum(-(-count // BATCH_SIZE) for count in counts.values())
    return sum(counts.values()) / (batches * BATCH_SIZE)


def row(name: str, fits: Sequence[BucketFit], max_area: int) -> str:
    lost = [fit.lost for fit in fits]
    used = [fit.bucket.area / max_area for fit in fits]
    upscale = [fit.upscale for fit in fits]
    cells = (
        f"{sum(lost) / len(lost):.1%}",
        f"{quantile(lost, 0.95):.1%}",
        f"{max(lost):.1%}",
        f"{sum(value > 0.1 for value in lost) / len(lost):.0%}",
        f"{sum(used) / len(used):.1%}",
        f"{min(used):.0%} to {max(used):.0%}",
        f"{sum(upscale) / len(upscale):.3f}",
        f"{sum(value > 1.05 for value in upscale) / len(upscale):.0%}",
        f"{len({fit.bucket for fit in fits})}",
        f"{batch_fill(fits):.0%}",
    )
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=default, help="folder of real drawings")
    data: Path = parser.parse_args().data
    sets = {"synthetic (1000)": synthetic_sizes()}
    if data.is_dir():
        sets |= {name: real_sizes(data, name) for name in REAL_SETS}
    for setting in SETTINGS:
        for title, sizes in sets.items():
            print(f"\n### {setting.title}: {title}, {len(sizes)} pictures\n")
            print(
                "| rule | cut off, mean | 95 % | worst | cut > 10 % | area used | of | enlarged, "
                f"mean | > 1.05 | buckets | batches of {BATCH_SIZE} filled |"
            )
            print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
            for mode in get_args(BucketMode):
                rule = setting.rule(mode)
                fits = [rule.choose(size) for size in sizes]
                print(row(mode, fits, rule.resolution.area))


if __name__ == "__main__":
    main()
