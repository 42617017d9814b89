"""Speed of reading, importing and preparing pictures, beside other libraries written plainly.

    python benchmarks/pictures.py decode|import|chain|memory [--data FOLDER] [--count N]

Everything is counted in CPU-seconds of this process and its children, because other work may run
beside it. OpenCV and pyvips take part in `decode` where they are installed.
"""

import argparse
import hashlib
import importlib
import importlib.util
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

import numpy as np
from PIL import Image, ImageOps

from enogu.pictures.buckets import BucketSize, cover
from enogu.pictures.chain import Bounds
from enogu.pictures.fit import fit_pixels
from enogu.pictures.read import read_picture
from enogu.project import open_project
from enogu.project.import_pictures import import_into
from enogu.project.prep import STEPS, open_prep, run_steps

SIDES = (512, 1024)
ALONE = Bounds(workers=1)
Reader = Callable[[Path, int], np.ndarray]


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def cropped(image: Image.Image, side: int, gap: float | None) -> np.ndarray:
    image = ImageOps.exif_transpose(image).convert("RGB")
    scale = side / min(image.size)
    size = max(side, round(image.width * scale)), max(side, round(image.height * scale))
    image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=gap)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def by_enogu(path: Path, side: int) -> np.ndarray:
    pixels = read_picture(path).pixels
    fit = cover(BucketSize(pixels.shape[1], pixels.shape[0]), BucketSize(side, side))
    return fit_pixels(pixels, fit)


def by_pillow(path: Path, side: int) -> np.ndarray:
    with Image.open(path) as image:
        return cropped(image, side, None)


def by_pillow_draft(path: Path, side: int) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("RGB", (2 * side, 2 * side))
        return cropped(image, side, 3.0)


def by_opencv(path: Path, side: int) -> np.ndarray:
    cv2 = importlib.import_module("cv2")
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    height, width = pixels.shape[:2]
    scale = side / min(width, height)
    size = max(side, round(width * scale)), max(side, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
    resized = cv2.resize(pixels, size, interpolation=way)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return resized[top : top + side, left : left + side, ::-1]


def by_pyvips(path: Path, side: int) -> np.ndarray:
    pyvips = importlib.import_module("pyvips")
    image = pyvips.Image.thumbnail(str(path), side, height=side, crop="centre")
    data = np.ndarray(
        buffer=image.write_to_memory(),
        dtype=np.uint8,
        shape=(image.height, image.width, image.bands),
    )
    return data[..., :3]


READERS: dict[str, Reader] = {
    "Pillow, full, Lanczos (reference)": by_pillow,
    "Enogu, as trained (area, as sd-scripts)": by_enogu,
    "Pillow, draft at twice the target": by_pillow_draft,
    "OpenCV, area": by_opencv,
    "pyvips thumbnail": by_pyvips,
}


def available() -> dict[str, Reader]:
    missing = [name for name in ("cv2", "pyvips") if importlib.util.find_spec(name) is None]
    gone = {"cv2": "OpenCV, area", "pyvips": "pyvips thumbnail"}
    return {
        name: reader
        for name, reader in READERS.items()
        if name not in {gone[one] for one in missing}
    }


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))


def sources(data: Path) -> Iterator[tuple[str, Image.Image]]:
    for path in sorted((data / "illustrations").iterdir()):
        if path.suffix in (".png", ".jpg"):
            image = Image.fromarray(read_picture(path).pixels)
            if min(image.size) >= 1024:
                yield path.stem, image


def print_decode(data: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, pixels = Path(name), 0
        for stem, image in sources(data):
            image.save(folder / f"{stem}.jpg", quality=92)
            image.save(folder / f"{stem}.png", compress_level=6)
            pixels += image.width * image.height
        print("| decode, resize, crop | format | side | pictures | MPix per CPU-s | PSNR, dB |")
        print("|---|---|--:|--:|--:|--:|")
        for suffix in (".jpg", ".png"):
            paths = sorted(folder.glob(f"*{suffix}"))
            for side in SIDES:
                print_readers(paths, suffix, side, pixels)


def print_readers(paths: list[Path], suffix: str, side: int, pixels: int) -> None:
    reference = [by_pillow(path, side) for path in paths]
    for name, reader in available().items():
        start = cpu_seconds()
        found = [reader(path, side) for path in paths]
        spent = cpu_seconds() - start
        quality = np.median([psnr(a, b) for a, b in zip(found, reference, strict=True)])
        print(
            f"| {name} | {suffix[1:]} | {side} | {len(paths)} | {pixels / spent / 1e6:.0f} | "
            f"{quality:.1f} |",
            flush=True,
        )


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
        (root / "enogu.toml").write_text('version = 1\nbase = "mini"\n', encoding="utf-8")
        rng = np.random.default_rng(0)
        for number in range(count):
            coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
            coarse.resize((64, 64)).save(root / "pictures" / f"{number}.png", compress_level=1)
        start = cpu_seconds()
        with open_prep(open_project(root), 64) as place:
            run_steps(place, [step for step in STEPS if step != "duplicates"], bounds=ALONE)
            chain = peak_mib()
            run_steps(place, STEPS, bounds=ALONE)
        spent = cpu_seconds() - start
    print(
        json.dumps(
            {"count": count, "cpu_s": round(spent, 1), "chain_mib": chain, "all_mib": peak_mib()}
        )
    )


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
            f"| {count:,} | {row['chain_mib']} | {row['all_mib']} | {row['cpu_s']} | {each:.1f} |",
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
        print_memory([options.count] if options.count else [1_000, 4_000, 20_000])


if __name__ == "__main__":
    main()
