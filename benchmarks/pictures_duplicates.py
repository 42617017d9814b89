"""Duplicates: recall on real drawings, CPU and memory of the search, and the speed of trimming.

    python benchmarks/pictures_duplicates.py recall|search|trim [--data FOLDER] [--count N]

`recall` makes copies of real drawings in nine ways, puts them among all drawings and the ready
cases, and counts what comes back. `search` groups synthetic fingerprints; each count runs in a
process of its own so that its peak memory can be told.
"""

import argparse
import csv
import io
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from enogu.pictures.box import Box
from enogu.pictures.duplicates import Fingerprint, Group, find_groups, fingerprint
from enogu.pictures.duplicates.fingerprint import FINGERPRINT_BYTES
from enogu.pictures.pixels import Pixels
from enogu.pictures.read import read_picture
from enogu.pictures.trim import find_trim

# Every how manyth drawing of a set gets copies.
SETS = {
    "ankitan": 3,
    "cats": 8,
    "gopher-emo": 5,
    "gopher-sketch": 3,
    "illustrations": 1,
    "lpc": 40,
}
COUNTS = (2_000, 20_000, 100_000)
CROPS = ("crop6", "cropany")


def jpeg(image: Image.Image, quality: int = 90, kind: str = "JPEG") -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def copies_of(image: Image.Image, rng: np.random.Generator) -> Iterator[tuple[str, Image.Image]]:
    image = image.copy()
    image.thumbnail((1024, 1024))
    width, height = image.size
    yield "jpeg40", jpeg(image, 40)
    yield "webp", jpeg(image, 60, "WEBP")
    half = (max(1, width // 2), max(1, height // 2))
    yield "half", jpeg(image.resize(half, Image.Resampling.LANCZOS))
    x, y = round(0.06 * width), round(0.06 * height)
    yield "crop6", jpeg(image.crop((x, y, width - x, height - y)))
    left, top, right, bottom = rng.uniform(0, 0.12, 4) * (width, height, width, height)
    cut = image.crop((round(left), round(top), width - round(right), height - round(bottom)))
    scale = rng.uniform(0.6, 1.0)
    size = round(cut.width * scale), round(cut.height * scale)
    yield "cropany", jpeg(cut.resize(size, Image.Resampling.LANCZOS))
    yield "flip", jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    rim = round(0.1 * min(width, height))
    padded = Image.new("RGB", (width + 2 * rim, height + 2 * rim), "#ffffff")
    padded.paste(image, (rim, rim))
    yield "pad", jpeg(padded)
    toned = ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(1.1)).enhance(0.88)
    yield "tone", jpeg(ImageEnhance.Color(toned).enhance(0.9))
    bar = max(14, round(0.07 * height))
    barred = image.copy()
    pen = ImageDraw.Draw(barred)
    pen.rectangle((0, height - bar, width, height), fill="#000000")
    where = (4, height - bar + bar // 2 - 6)
    pen.text(where, "reposted by someone", "#ffffff", ImageFont.load_default(10))
    yield "banner", jpeg(barred)


@dataclass
class Collection:
    """Pictures with the drawing each one shows."""

    pixels: list[Pixels] = field(default_factory=list[Pixels])
    prints: list[Fingerprint] = field(default_factory=list[Fingerprint])
    source: list[str] = field(default_factory=list[str])
    kind: list[str] = field(default_factory=list[str])
    fingerprint_s: float = 0.0

    def add(self, pixels: Pixels, alpha: Pixels | None, source: str, kind: str) -> None:
        start = time.process_time()
        self.prints.append(fingerprint(pixels, alpha))
        self.fingerprint_s += time.process_time() - start
        self.pixels.append(pixels)
        self.source.append(source)
        self.kind.append(kind)


def files_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix in (".png", ".jpg")]


def add_originals(found: Collection, data: Path, name: str) -> None:
    for path in files_in(data / name):
        picture = read_picture(path)
        found.add(picture.pixels, picture.alpha, f"{name}/{path.stem}", "original")


def add_copies(found: Collection, data: Path) -> None:
    rng = np.random.default_rng(7)
    for name, step in SETS.items():
        for path in files_in(data / name)[::step]:
            image = Image.fromarray(read_picture(path).pixels)
            for kind, copy in copies_of(image, rng):
                found.add(np.asarray(copy), None, f"{name}/{path.stem}", f"made: {kind}")


def add_cases(found: Collection, data: Path) -> None:
    with (data / "prep-cases" / "cases.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if row["kind"] == "duplicate":
                picture = read_picture(data / row["file"])
                source = str(Path(row["source"]).with_suffix(""))
                found.add(picture.pixels, picture.alpha, source, f"case: {row['params']}")


def group_with_time(found: Collection) -> tuple[list[Group], float]:
    start = time.process_time()
    groups = find_groups(found.prints, found.pixels.__getitem__)
    return groups, time.process_time() - start


def false_copies(found: Collection, groups: list[Group]) -> list[tuple[str, str]]:
    return [
        (found.source[group.keeper], found.source[match.index])
        for group in groups
        for match in group.copies
        if found.source[group.keeper] != found.source[match.index]
    ]


def print_sets(data: Path) -> None:
    print("| clean set | pictures | false copies | variants linked | CPU-s to group |")
    print("|---|--:|--:|--:|--:|")
    for name in SETS:
        found = Collection()
        add_originals(found, data, name)
        groups, cpu_s = group_with_time(found)
        wrong = len(false_copies(found, groups))
        links = sum(len(group.variants) for group in groups)
        print(f"| {name} | {len(found.pixels)} | {wrong} | {links} | {cpu_s:.1f} |", flush=True)


def print_recall(data: Path) -> None:
    found = Collection()
    for name in SETS:
        add_originals(found, data, name)
    add_cases(found, data)
    add_copies(found, data)
    groups, cpu_s = group_with_time(found)
    keeper = {match.index: group.keeper for group in groups for match in group.copies}
    home: dict[str, int] = {}
    for index, kind in enumerate(found.kind):
        if kind == "original":
            home[found.source[index]] = keeper.get(index, index)
    total, hit = Counter[str](), Counter[str]()
    lost: list[str] = []
    for index, kind in enumerate(found.kind):
        if kind != "original":
            right = keeper.get(index, index) == home[found.source[index]]
            total[kind] += 1
            hit[kind] += right
            if not right:
                lost.append(f"{found.source[index]} ({kind})")
    print("\n| copies | found | of | recall |\n|---|--:|--:|--:|")
    for kind in sorted(total):
        print(f"| {kind} | {hit[kind]} | {total[kind]} | {hit[kind] / total[kind]:.1%} |")
    for title, crop in (("all crops", True), ("all others", False)):
        kinds = [kind for kind in total if (kind.split(": ")[1] in CROPS) == crop]
        got, of = sum(hit[kind] for kind in kinds), sum(total[kind] for kind in kinds)
        print(f"| {title} | {got} | {of} | {got / of:.1%} |")
    count = len(found.pixels)
    print(f"\n{count} pictures: grouping {cpu_s:.1f} CPU-s; fingerprints {found.fingerprint_s:.1f}")
    print(f"CPU-s, {count / found.fingerprint_s:.0f} a CPU-second (decoding not counted).")
    print(f"Not found: {', '.join(lost) or 'none'}.")
    print(f"False copies: {false_copies(found, groups) or 'none'}.")


def synthetic(count: int) -> tuple[list[Fingerprint], dict[int, int]]:
    """Make fingerprints of smooth fields; each fiftieth is a copy of the one before it."""
    rng = np.random.default_rng(0)
    prints: list[Fingerprint] = []
    copied: dict[int, int] = {}
    last = np.zeros((32, 32, 3))
    for index in range(count):
        if index % 50 == 49:
            copied[index] = index - 1
            mirrored = last[:, ::-1] if index % 100 == 99 else last
            values = mirrored + rng.normal(0, 3, last.shape)
        else:
            coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            smooth = Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)
            last = values = np.asarray(smooth, dtype=np.float64)
        luma = values @ (0.299, 0.587, 0.114)
        colour = (values[..., [2, 0]] - luma[..., None]).reshape(16, 2, 16, 2, 2).mean((1, 3)) / 2
        prints.append(
            Fingerprint(
                width=640,
                height=640,
                box=Box(0, 0, 640, 640),
                pixel_hash=rng.bytes(16),
                thumbnail=np.clip(luma, 0, 255).astype(np.uint8).tobytes()
                + colour.transpose(2, 0, 1).round().astype(np.int8).tobytes(),
            )
        )
    return prints, copied


def drawn_again(prints: list[Fingerprint]) -> Callable[[int], Pixels]:
    def load(index: int) -> Pixels:
        data = np.frombuffer(prints[index].thumbnail, dtype=np.uint8)
        luma = data[:1024].reshape(32, 32).astype(np.float64)
        colour = data[1024:].view(np.int8).reshape(2, 16, 16).astype(np.float64) * 2
        blue, red = (colour.repeat(2, 1).repeat(2, 2) + luma).clip(0, 255)
        green = ((luma - 0.299 * red - 0.114 * blue) / 0.587).clip(0, 255)
        small = np.stack([red, green, blue], axis=-1).astype(np.uint8)
        return np.asarray(Image.fromarray(small).resize((640, 640), Image.Resampling.BICUBIC))

    return load


def measure_search(count: int) -> None:
    prints, copied = synthetic(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    groups = find_groups(prints, drawn_again(prints))
    cpu_s = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = {frozenset((group.keeper, match.index)) for group in groups for match in group.copies}
    true = {frozenset(pair) for pair in copied.items()}
    print(
        json.dumps(
            {
                "count": count,
                "cpu_s": round(cpu_s, 1),
                "before_mib": round(before),
                "peak_mib": round(peak),
                "copies": len(true),
                "found": len(pairs & true),
                "false": len(pairs - true),
            }
        )
    )


def print_search(counts: list[int]) -> None:
    print("\n| fingerprints | CPU-s | memory before, MiB | peak, MiB | copies found | false |")
    print("|--:|--:|--:|--:|--:|--:|")
    for count in counts:
        command = [sys.executable, __file__, "one", "--count", str(count)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        row = json.loads(output)
        print(
            f"| {count:,} | {row['cpu_s']} | {row['before_mib']} | {row['peak_mib']} | "
            f"{row['found']} of {row['copies']} | {row['false']} |",
            flush=True,
        )
    print(f"\nA fingerprint takes {FINGERPRINT_BYTES} bytes in a database.")


def print_trim(data: Path) -> None:
    print("\n| set | pictures | cut without asking | asked | pictures per CPU-s | MPix per CPU-s |")
    print("|---|--:|--:|--:|--:|--:|")
    for name in (*SETS, "prep-cases/borders"):
        verdicts, cpu_s, pixels = Counter[str](), 0.0, 0
        paths = files_in(data / name)
        for path in paths:
            picture = read_picture(path)
            start = time.process_time()
            verdicts[find_trim(picture.pixels, picture.alpha).verdict] += 1
            cpu_s += time.process_time() - start
            pixels += picture.width * picture.height
        print(
            f"| {name} | {len(paths)} | {verdicts['trim']} | {verdicts['unsure']} | "
            f"{len(paths) / cpu_s:.0f} | {pixels / cpu_s / 1e6:.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("recall", "search", "trim", "one"))
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=default, help="folder of real drawings")
    parser.add_argument("--count", type=int, help="one number of synthetic fingerprints")
    options = parser.parse_args()
    if options.what == "recall":
        print_sets(options.data)
        print_recall(options.data)
    elif options.what == "trim":
        print_trim(options.data)
    elif options.what == "one":
        measure_search(options.count or COUNTS[0])
    else:
        print_search([options.count] if options.count else list(COUNTS))


if __name__ == "__main__":
    main()
