"""How well backgrounds are told from subjects, and faulty pictures from good ones.

Three parts: the masks of the known cases; masks of drawings with true alpha that are laid on four
kinds of background here, through JPEG; and the quality cases beside whole sets of clean drawings.
Times are CPU seconds of one core, reading left out.

    ENOGU_SHARED_DATA=FOLDER python benchmarks/pictures_background.py > table.md
"""

import csv
import io
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from enogu.pictures.background import Background, BackgroundSettings, find_background
from enogu.pictures.pixels import Pixels
from enogu.pictures.quality import QualitySettings, judge_quality
from enogu.pictures.read import read_picture

SETS = ("ankitan", "cats", "gopher-emo", "gopher-sketch", "illustrations", "lpc")
SCENES = ("vn_bg_park.jpg", "vn_cg.jpg", "pc_back_artwork.jpg", "pc_user_manual.jpg")
EXPECTED_FAULT = {
    "clean": (),
    "blur3": ("blurred",),
    "upscaled4": ("enlarged",),
    "jpeg8": ("blocky",),
    "dark": ("dark",),
    "noise": ("noisy",),
}
LONG_SIDE = 640
JPEG_QUALITY = 88
SEED = 5


@dataclass
class Score:
    """The mask of one picture beside its truth."""

    iou: float
    sure: bool
    cpu_s: float
    megapixels: float
    name: str


def overlap(mask: Pixels | None, truth: Pixels) -> float:
    if mask is None:
        return 0.0
    one, other = mask >= 128, truth >= 128
    return float((one & other).sum() / max(1, (one | other).sum()))


def timed(pixels: Pixels, alpha: Pixels | None = None) -> tuple[Background, float]:
    start = time.process_time()
    found = find_background(pixels, alpha, BackgroundSettings())
    return found, time.process_time() - start


def scored(pixels: Pixels, truth: Pixels, name: str) -> Score:
    found, cpu_s = timed(pixels)
    return Score(overlap(found.mask, truth), found.sure, cpu_s, truth.size / 1e6, name)


def known_cases(data: Path) -> dict[str, list[Score]]:
    scores: defaultdict[str, list[Score]] = defaultdict(list)
    for row in cases(data, "background"):
        truth = np.asarray(Image.open(data / row["expected"]))
        kind = row["params"].removeprefix("background ").partition(":")[0]
        pixels = read_picture(data / row["file"]).pixels
        scores[kind].append(scored(pixels, truth, Path(row["file"]).name))
    return scores


def cases(data: Path, kind: str) -> list[dict[str, str]]:
    with (data / "prep-cases" / "cases.csv").open(encoding="utf-8") as handle:
        return [row for row in csv.DictReader(handle) if row["kind"] == kind]


def composed_cases(data: Path) -> dict[str, list[Score]]:
    rng = np.random.default_rng(SEED)
    scenes = [Image.open(data / "illustrations" / name).convert("RGB") for name in SCENES]
    scores: defaultdict[str, list[Score]] = defaultdict(list)
    for path in alpha_drawings(data):
        image = Image.open(path).convert("RGBA")
        image.thumbnail((LONG_SIDE, LONG_SIDE))
        layers = np.asarray(image)
        alpha = layers[..., 3]
        if (alpha < 128).mean() < 0.02:
            continue
        for kind, below in backgrounds(rng, scenes, alpha.shape):
            share = alpha[..., None] / 255
            laid = np.round(layers[..., :3] * share + below * (1 - share)).astype(np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(laid).save(buffer, "JPEG", quality=JPEG_QUALITY)
            scores[kind].append(scored(np.asarray(Image.open(buffer)), alpha, path.name))
    return scores


def alpha_drawings(data: Path) -> list[Path]:
    found = [sorted((data / name).glob("*.png")) for name in ("gopher-emo", "ankitan")]
    return [*found[0][2::6], *sorted((data / "illustrations").glob("*.png")), *found[1][::5]]


def backgrounds(
    rng: np.random.Generator, scenes: list[Image.Image], size: tuple[int, ...]
) -> Iterator[tuple[str, np.ndarray]]:
    height, width = size
    yield "white", np.full((height, width, 3), 255.0)
    yield "flat", np.zeros((height, width, 3)) + rng.integers(60, 240, 3)
    y, x = np.mgrid[0:height, 0:width]
    angle = rng.uniform(0, 2 * np.pi)
    along = x / width * np.cos(angle) + y / height * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    first, last = rng.integers(60, 240, (2, 3))
    slope = first + (last - first) * along[..., None] + rng.normal(0, 4, (height, width, 3))
    yield "gradient+noise", np.clip(slope, 0, 255)
    scene = scenes[rng.integers(len(scenes))].resize((width, height))
    yield "scene", np.asarray(scene, dtype=float)


def print_scores(title: str, by_kind: dict[str, list[Score]]) -> None:
    print(f"\n### {title}\n")
    print(
        "| background | pictures | called sure | median IoU | of the sure: median | worst |", end=""
    )
    print(" sure under 0.9 | CPU ms per MPix |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind, scores in by_kind.items():
        sure = [score.iou for score in scores if score.sure]
        best = f"{np.median(sure):.4f} | {min(sure):.4f}" if sure else "- | -"
        cost = sum(s.cpu_s for s in scores) / sum(s.megapixels for s in scores) * 1000
        print(
            f"| {kind} | {len(scores)} | {len(sure)} | {np.median([s.iou for s in scores]):.4f} | "
            f"{best} | {sum(iou < 0.9 for iou in sure)} | {cost:.0f} |"
        )


def print_each(by_kind: dict[str, list[Score]]) -> None:
    print("\n| case | background | verdict | IoU |\n|---|---|---|--:|")
    for kind, scores in by_kind.items():
        for score in scores:
            verdict = "sure" if score.sure else "unsure"
            print(f"| {score.name} | {kind} | {verdict} | {score.iou:.4f} |")


def print_quality_cases(data: Path) -> None:
    right = 0
    rows = cases(data, "quality")
    print("\n### Quality cases\n\n| case | found | right |\n|---|---|---|")
    for row in rows:
        quality = judge_quality(read_picture(data / row["file"]).pixels, None, QualitySettings())
        is_right = quality.faults == EXPECTED_FAULT[row["params"]]
        right += is_right
        name = Path(row["file"]).stem
        print(
            f"| {name} | {', '.join(quality.faults) or 'clean'} | {'yes' if is_right else 'no'} |"
        )
    print(f"\nRight: {right} of {len(rows)}.")


def print_sets(data: Path) -> None:
    rows: list[str] = []
    verdicts: list[str] = []
    notes: list[str] = []
    for name in SETS:
        files = sorted(p for p in (data / name).iterdir() if p.suffix in {".png", ".jpg"})
        flagged: list[str] = []
        small = 0
        seen: Counter[str] = Counter()
        cpu_s = mask_s = megapixels = 0.0
        for path in files:
            picture = read_picture(path)
            start = time.process_time()
            quality = judge_quality(picture.pixels, None, QualitySettings(resolution_px=512))
            cpu_s += time.process_time() - start
            megapixels += picture.width * picture.height / 1e6
            small += "too-small" in quality.faults
            rest = [f"{path.name}: {f.message}" for f in quality.findings if f.fault != "too-small"]
            if rest:
                flagged.append(path.name)
            notes.extend(rest)
            found, spent = timed(picture.pixels, picture.alpha)
            mask_s += spent
            seen[found.verdict] += 1
        count = len(files)
        rows.append(
            f"| {name} | {count} | {len(flagged)} | {len(flagged) / count:.2%} | {small} | "
            f"{cpu_s / count * 1000:.1f} | {cpu_s / megapixels * 1000:.0f} |"
        )
        kinds = " | ".join(str(seen[kind]) for kind in ("alpha", "flat", "smooth", "unsure"))
        verdicts.append(f"| {name} | {kinds} | {mask_s / count * 1000:.1f} |")
    print("\n### Quality of clean sets\n")
    print(
        "| set | pictures | flagged | share | enlarged over twofold at 512 | CPU ms each |", end=""
    )
    print(" per MPix |\n|---|--:|--:|--:|--:|--:|--:|")
    print("\n".join(rows))
    print()
    print("\n".join(f"- {note}" for note in notes))
    print("\n### Verdicts on whole sets\n")
    print("| set | alpha | flat | smooth | unsure | CPU ms each |\n|---|--:|--:|--:|--:|--:|")
    print("\n".join(verdicts))


def main() -> None:
    data = Path(os.environ["ENOGU_SHARED_DATA"])
    known = known_cases(data)
    print_scores("Known cases", known)
    print_each(known)
    print_scores("Drawings with true alpha, laid on backgrounds here", composed_cases(data))
    print_quality_cases(data)
    print_sets(data)


if __name__ == "__main__":
    main()
