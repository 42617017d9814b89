"""Speed of reading, importing and preparing pictures, beside other libraries written plainly.

    python benchmarks/pictures.py decode|import|chain|memory [--data FOLDER] [--count N]

Everything is counted in CPU-seconds of this process and its children, because other work may run
beside it. OpenCV and pyvips take part in `decode` where they are installed.
"""

import argparse
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from enogu.pictures.chain import Bounds
from enogu.pictures.steps import FINGERPRINT
from enogu.project import open_project
from enogu.project.import_pictures import import_into
from enogu.project.prep import STEPS, open_prep, run_steps
from pictures_decode import print_decode

ALONE = Bounds(workers=1)
MOST_COMPARED = 20_000
"""Larger sets are compared in pictures_duplicates.py."""


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def plain_import(paths: list[Path], target: Path) -> None:
    """What every import must do at least: copy, hash, decode, hash the pixels."""
    target.mkdir()
    for path in paths:
        data = path.read_bytes()
        hashlib.sha256(data).hexdigest()
        (target / path.name).write_bytes(data)
        with Image.open(io.BytesIO(data)) as image:
            hashlib.sha256(np.asarray(image.convert("RGB")).tobytes()).hexdigest()


def print_import(data: Path) -> None:
    print("\n| import with hashes | pictures | Enogu, per CPU-s | plain Pillow | ratio |")
    print("|---|--:|--:|--:|--:|")
    for name in ("illustrations", "gopher-emo", "lpc"):
        paths = [p for p in sorted((data / name).iterdir()) if p.suffix in (".png", ".jpg")]
        with tempfile.TemporaryDirectory() as folder:
            start = cpu_seconds()
            plain_import(paths, Path(folder) / "plain")
            plain = cpu_seconds() - start
            start = cpu_seconds()
            import_into(Path(folder) / "project", [data / name], bounds=ALONE)
            ours = cpu_seconds() - start
        print(
            f"| {name} | {len(paths)} | {len(paths) / ours:.0f} | {len(paths) / plain:.0f} | "
            f"{plain / ours:.2f} |",
            flush=True,
        )


def print_chain(data: Path) -> None:
    print("\n| chain, all steps | pictures | workers | per CPU-s | CPU-s | wall s | again, CPU-s |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name in ("ankitan", "gopher-emo", "illustrations"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "project"
            import_into(root, [data / name], bounds=ALONE)
            for workers in (1, 2):
                shutil.rmtree(root / "work")
                first, wall, count = chain_once(root, workers)
                again, _, _ = chain_once(root, workers)
                print(
                    f"| {name} | {count} | {workers} | {count / first:.1f} | {first:.1f} | "
                    f"{wall:.1f} | {again:.2f} |",
                    flush=True,
                )


def chain_once(root: Path, workers: int) -> tuple[float, float, int]:
    project = open_project(root, {"pictures.resolution": 512})
    start, wall = cpu_seconds(), time.perf_counter()
    with open_prep(project, 512) as place:
        run_steps(place, STEPS, bounds=Bounds(workers=workers))
        count = len(place.entries)
    return cpu_seconds() - start, time.perf_counter() - wall, count


def measure_memory(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "pictures").mkdir()
        # The network that looks for heads takes the same memory, and much time, for any number.
        settings = 'version = 1\nbase = "mini"\n[prep]\ndetector = "none"\n'
        (root / "enogu.toml").write_text(settings, encoding="utf-8")
        rng = np.random.default_rng(0)
        for number in range(count):
            coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
            coarse.resize((64, 64)).save(root / "pictures" / f"{number}.png", compress_level=1)
        start, peak = cpu_seconds(), [0]

        def note(*_: object) -> None:
            # Last called before all pictures are compared.
            peak[0] = peak_mib()

        names = [one for one in STEPS if one != "duplicates"] + [FINGERPRINT]
        compared = count <= MOST_COMPARED

        with open_prep(open_project(root), 64) as place:
            run_steps(place, STEPS if compared else names, bounds=ALONE, progress=note)
        spent = cpu_seconds() - start
    row = {
        "cpu_s": round(spent, 1),
        "chain_mib": peak[0],
        "all_mib": peak_mib() if compared else None,
    }
    print(json.dumps({"count": count, **row}))


def peak_mib() -> int:
    """Largest memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def print_memory(counts: list[int]) -> None:
    print(
        "\n| pictures of 64x64 | peak of the steps, MiB | with duplicates | CPU-s | CPU-ms each |"
    )
    print("|--:|--:|--:|--:|--:|")
    for count in counts:
        command = [sys.executable, __file__, "one", "--count", str(count)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        row = json.loads(output)
        each = 1000 * row["cpu_s"] / count
        print(
            f"| {count:,} | {row['chain_mib']} | {row['all_mib'] or 'not compared'} | "
            f"{row['cpu_s']} | {each:.1f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("decode", "import", "chain", "memory", "one"))
    default = os.environ.get("ENOGU_SHARED_DATA")
    parser.add_argument("--data", type=Path, default=default, help="folder of real drawings")
    parser.add_argument("--count", type=int, help="one number of pictures for memory")
    options = parser.parse_args()
    if options.what == "decode":
        print_decode(options.data)
    elif options.what == "import":
        print_import(options.data)
    elif options.what == "chain":
        print_chain(options.data)
    elif options.what == "one":
        measure_memory(options.count or 1000)
    else:
        print_memory([options.count] if options.count else [1_000, 20_000, 100_000])


if __name__ == "__main__":
    main()
