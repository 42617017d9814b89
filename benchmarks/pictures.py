"""Speed of reading, importing and preparing pictures, beside other libraries written plainly.

    python benchmarks/pictures.py decode|import|chain|workers|memory [--data FOLDER] [--count N]

Everything is counted in CPU-seconds of this process and its children, because other work may run
beside it. OpenCV and pyvips take part in `decode` where they are installed.
"""

import argparse
import contextlib
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from enogu.pictures.chain import Bounds, worker
from enogu.pictures.read import Picture, read_picture
from enogu.pictures.steps import FINGERPRINT
from enogu.project import open_project, prep
from enogu.project.import_pictures import import_into
from enogu.project.prep import STEPS, open_prep, run_steps
from pictures_decode import print_decode

HERE = str(Path(__file__).parent)
ALONE = Bounds(workers=1)
SETS = ("ankitan", "gopher-emo", "illustrations")
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
    print("\n| chain, all steps | pictures | workers | per CPU-s | CPU-s | again | decoded |")
    print("|---|--:|--:|--:|--:|--:|---|")
    for name in SETS:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "project"
            import_into(root, [data / name], bounds=ALONE)
            for workers in (1, 2):
                shutil.rmtree(root / "work")
                with counted_decodes() as decoded:
                    first, _, count = chain_once(root, workers)
                again, _, _ = chain_once(root, workers)
                seen = "in other processes" if workers > 1 else f"{decoded[0]} + {decoded[1]}"
                print(
                    f"| {name} | {count} | {workers} | {count / first:.1f} | {first:.1f} | "
                    f"{again:.2f} | {seen} |",
                    flush=True,
                )


@contextlib.contextmanager
def counted_decodes() -> Iterator[list[int]]:
    """Count how often the steps, and then the comparison of likely copies, decode a file."""
    counts = [0, 0]

    def counting(place: int) -> Callable[..., Picture]:
        def read(*arguments: Any, **options: Any) -> Picture:
            counts[place] += 1
            return read_picture(*arguments, **options)

        return read

    with (
        mock.patch.object(worker, "read_picture", counting(0)),
        mock.patch.object(prep, "read_picture", counting(1)),
    ):
        yield counts


def print_workers(data: Path) -> None:
    """Time the chain over enough work for one and for two processes.

    Wall times say something only while nothing else runs. So there stand beside them what two
    processes that share nothing gain at the same time, and what the CPU times allow: the work can
    be halved, but for the share of the process that hands it out.
    """
    print("\n| chain, all steps | 1 worker | 2 workers |")
    print("|---|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        import_into(root, [data / name for name in SETS], bounds=ALONE)
        add_turned(data / "illustrations", root / "pictures")
        load, rows = os.getloadavg()[0], list[list[float]]()
        for workers in (1, 2):
            shutil.rmtree(root / "work", ignore_errors=True)
            # As in `enogu` itself, the worker processes have no main module to import again.
            call = f"import pictures; pictures.print_one_chain({str(root)!r}, {workers})"
            command = [sys.executable, "-c", call]
            here = {**os.environ, "PYTHONPATH": os.pathsep.join([HERE, *sys.path])}
            output = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
            count, *row = json.loads(output.stdout)
            rows.append(row)
    one, two = rows
    gain = machine_gain()
    print(f"| wall s, {count} pictures | {one[0]:.1f} | {two[0]:.1f} |")
    print(f"| CPU-s of the process that hands out | {one[1]:.1f} | {two[1]:.1f} |")
    print(f"| CPU-s of the workers | {one[2]:.1f} | {two[2]:.1f} |")
    print(f"| gain, measured | | {one[0] / two[0]:.2f} |")
    print(f"| gain of two processes that share nothing, load {load:.1f} | | {gain:.2f} |")
    print(f"| gain that the CPU times allow | | {one[1] / (two[1] + two[2] / 2):.2f} |")


def print_one_chain(root: str, workers: int) -> None:
    own, both = time.process_time(), cpu_seconds()
    _, wall, count = chain_once(Path(root), workers)
    own, both = time.process_time() - own, cpu_seconds() - both
    print(json.dumps([count, wall, own, both - own]))


def add_turned(source: Path, target: Path) -> None:
    for path in sorted(source.iterdir()):
        if path.suffix in (".png", ".jpg"):
            for quarter in (1, 2, 3):
                turned = np.rot90(read_picture(path).pixels, quarter)
                name = f"{path.stem}-turned{quarter}.jpg"
                Image.fromarray(turned).save(target / name, quality=95)


def machine_gain() -> float:
    work = "import hashlib\nfor _ in range(100): hashlib.sha256(bytes(30_000_000))"
    walls: list[float] = []
    for count in (1, 2):
        start = time.perf_counter()
        running = [subprocess.Popen([sys.executable, "-c", work]) for _ in range(count)]
        for process in running:
            process.wait()
        walls.append(time.perf_counter() - start)
    return 2 * walls[0] / walls[1]


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
    parser.add_argument("what", choices=("decode", "import", "chain", "workers", "memory", "one"))
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
    elif options.what == "workers":
        print_workers(options.data)
    elif options.what == "one":
        measure_memory(options.count or 1000)
    else:
        print_memory([options.count] if options.count else [1_000, 20_000, 100_000])


if __name__ == "__main__":
    main()
