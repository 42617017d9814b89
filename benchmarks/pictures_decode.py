"""Decode, resize and crop to a square, beside other libraries written plainly.

Called by ``benchmarks/pictures.py decode``. Reference is Lanczos in floating point over the pixels
that Pillow decodes; a reader is correct when its median distance from it is at least 47 dB.
"""

import importlib
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from enogu.pictures.buckets import BucketSize, cover
from enogu.pictures.read import read_header, read_picture
from enogu.pictures.read_fitted import read_fitted

SIDES = (512, 1024)
LEAST_DB = 47.0
ROUNDS = 3
LARGE = (2000, 2800)
NUM_LARGE = 6
Reader = Callable[[Path, int], np.ndarray]
OURS = "Enogu"


def whole_size(width: int, height: int, side: int) -> tuple[int, int]:
    scale = side / min(width, height)
    return max(side, round(width * scale)), max(side, round(height * scale))


def middle(pixels: np.ndarray, side: int) -> np.ndarray:
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


def by_enogu(path: Path, side: int) -> np.ndarray:
    header = read_header(path)
    fit = cover(BucketSize(header.width, header.height), BucketSize(side, side))
    return read_fitted(path, fit).pixels


def by_enogu_area(path: Path, side: int) -> np.ndarray:
    header = read_header(path)
    fit = cover(BucketSize(header.width, header.height), BucketSize(side, side))
    return read_fitted(path, fit, shrink="area").pixels


def resized(image: Image.Image, side: int, gap: float | None) -> np.ndarray:
    image = ImageOps.exif_transpose(image).convert("RGB")
    size = whole_size(*image.size, side)
    return middle(np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=gap)), side)


def by_pillow(path: Path, side: int) -> np.ndarray:
    with Image.open(path) as image:
        return resized(image, side, None)


def by_pillow_draft(path: Path, side: int) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("RGB", (2 * side, 2 * side))
        return resized(image, side, 3.0)


def by_opencv(path: Path, side: int) -> np.ndarray:
    cv2: Any = importlib.import_module("cv2")
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    size = whole_size(pixels.shape[1], pixels.shape[0], side)
    return middle(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), side)[..., ::-1]


def by_pyvips(path: Path, side: int) -> np.ndarray:
    pyvips: Any = importlib.import_module("pyvips")
    image = pyvips.Image.thumbnail(str(path), side, height=side, crop="centre")
    return image.numpy()[..., :3]


def exact(path: Path, side: int) -> np.ndarray:
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image).convert("RGB")
        size = whole_size(*image.size, side)
        channels = [
            np.asarray(channel.convert("F").resize(size, Image.Resampling.LANCZOS))
            for channel in image.split()
        ]
    return middle(np.stack(channels, axis=-1), side).clip(0, 255)


@dataclass
class Contender:
    name: str
    reader: Reader
    package: str = "PIL"
    cpu_s: list[float] = field(default_factory=list[float])
    db: list[float] = field(default_factory=list[float])

    @property
    def is_correct(self) -> bool:
        return statistics.median(self.db) >= LEAST_DB

    @property
    def seconds(self) -> float:
        return statistics.median(self.cpu_s)


def contenders() -> list[Contender]:
    found = [
        Contender(OURS, by_enogu),
        Contender("Enogu, shrink = area", by_enogu_area),
        Contender("Pillow, full, Lanczos", by_pillow),
        Contender("Pillow, draft at twice the target", by_pillow_draft),
        Contender("OpenCV, area", by_opencv, "cv2"),
        Contender("pyvips thumbnail", by_pyvips, "pyvips"),
    ]
    found = [one for one in found if importlib.util.find_spec(one.package) is not None]
    if importlib.util.find_spec("pyvips") is not None:
        # Or it would give what it computed in the round before.
        importlib.import_module("pyvips").cache_set_max(0)
    return found


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return 10 * float(np.log10(255**2 / error))


def write_sources(data: Path, folder: Path) -> None:
    """Save the large drawings as JPEG and PNG, and larger pictures pieced together from them."""
    drawings: list[Image.Image] = []
    for path in sorted((data / "illustrations").iterdir()):
        if path.suffix in (".png", ".jpg"):
            image = Image.fromarray(read_picture(path).pixels)
            if min(image.size) >= max(SIDES):
                drawings.append(image)
    sheets = [pieced(drawings, number) for number in range(NUM_LARGE)]
    for kind, images in (("drawings", drawings), ("large", sheets)):
        (folder / kind).mkdir()
        for number, image in enumerate(images):
            image.save(folder / kind / f"{number}.jpg", quality=92)
            image.save(folder / kind / f"{number}.png", compress_level=6)


def pieced(drawings: list[Image.Image], number: int) -> Image.Image:
    width, height = LARGE[0] // 2, LARGE[1] // 2
    sheet = Image.new("RGB", LARGE)
    for place in range(4):
        image = drawings[(number + 2 * place) % len(drawings)]
        # Scaled to cover only where it must be: pieces keep the detail of their own pixels.
        scale = max(1.0, width / image.width, height / image.height)
        size = round(image.width * scale), round(image.height * scale)
        image = image if scale == 1.0 else image.resize(size, Image.Resampling.LANCZOS)
        sheet.paste(image.crop((0, 0, width, height)), (place % 2 * width, place // 2 * height))
    return sheet


def measured(paths: list[Path], side: int) -> list[Contender]:
    """Time every contender in turn, so that a busy moment meets all of them."""
    field_ = contenders()
    for number in range(ROUNDS):
        for one in field_:
            start = time.process_time()
            found = [one.reader(path, side) for path in paths]
            one.cpu_s.append(time.process_time() - start)
            if number == 0:
                one.db = [
                    psnr(pixels, exact(path, side))
                    for pixels, path in zip(found, paths, strict=True)
                ]
    return field_


def print_decode(data: Path) -> None:
    rows: list[str] = []
    print("| pictures | format | side | reader | MPix per CPU-s | median dB | least dB | correct |")
    print("|---|---|--:|---|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as name:
        write_sources(data, Path(name))
        for kind in ("drawings", "large"):
            for suffix in ("jpg", "png"):
                paths = sorted((Path(name) / kind).glob(f"*.{suffix}"))
                pixels = sum(read_header(path).width * read_header(path).height for path in paths)
                for side in SIDES:
                    field_ = measured(paths, side)
                    print_table(f"{kind} | {suffix} | {side}", field_, pixels)
                    rows.append(compared(f"{kind} | {suffix} | {side}", field_, pixels))
    print("\n| pictures | format | side | fastest correct other | its MPix | ours | ratio |")
    print("|---|---|--:|---|--:|--:|--:|")
    print("\n".join(rows))


def print_table(what: str, field_: list[Contender], pixels: int) -> None:
    for one in field_:
        print(
            f"| {what} | {one.name} | {pixels / one.seconds / 1e6:.0f} | "
            f"{statistics.median(one.db):.1f} | {min(one.db):.1f} | "
            f"{'yes' if one.is_correct else 'no'} |",
            flush=True,
        )


def compared(what: str, field_: list[Contender], pixels: int) -> str:
    ours = next(one for one in field_ if one.name == OURS)
    others = [one for one in field_ if one.is_correct and not one.name.startswith(OURS)]
    best = min(others, key=lambda one: one.seconds)
    return (
        f"| {what} | {best.name} | {pixels / best.seconds / 1e6:.0f} | "
        f"{pixels / ours.seconds / 1e6:.0f} | {best.seconds / ours.seconds:.2f} |"
    )
