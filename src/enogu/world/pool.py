"""The pool of drawings that training draws from: rendered once, kept on disk, resumable.

Picture `i` of a pool is a function of (pool seed, i) alone, so its traits need not be stored.
"""

import multiprocessing
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enogu.errors import WorldError
from enogu.files import make_dirs, write_text_atomic
from enogu.world.axes import Traits
from enogu.world.captions import random_traits
from enogu.world.drawing import draw_traits

CALIBRATION_SEED = 998
TEST_SEED = 999
"""Pools that no training uses."""
_CHUNK = 256

Draw = Callable[[int, int, int], NDArray[np.uint8]]
"""Draws picture (pool seed, index, size) as uint8 [size, size, channels]; a function of a
module."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Drawings on disk, memory-mapped."""

    pixels: NDArray[np.uint8]
    """Shape [N, H, W, channels]."""
    seed: int

    def __len__(self) -> int:
        return len(self.pixels)

    def traits(self, index: int) -> Traits:
        """Return the traits of picture `index`."""
        return pool_traits(self.seed, index)


def pool_traits(seed: int, index: int) -> Traits:
    """Return the traits of picture `index` of the pool with `seed`."""
    return random_traits(random.Random(f"pool {seed} {index}"))


def draw_pool_picture(seed: int, index: int, size: int) -> NDArray[np.uint8]:
    """Return picture `index` of the pool with `seed` as uint8 [size, size, 3]."""
    picture = draw_traits(pool_traits(seed, index), seed * 1_000_003 + index, size)
    return np.asarray(picture, dtype=np.uint8)


def _draw_chunk(path: str, shape: tuple[int, ...], seed: int, start: int, draw: Draw) -> int:
    pixels = np.memmap(path, dtype=np.uint8, mode="r+", shape=shape)
    stop = min(start + _CHUNK, shape[0])
    for index in range(start, stop):
        pixels[index] = draw(seed, index, shape[1])
    pixels.flush()
    return stop - start


def _refuse_other_drawings(path: Path, shape: tuple[int, ...], seed: int, draw: Draw) -> None:
    """Refuse a pool that was drawn by an older version of the drawing code."""
    stored = np.memmap(path, dtype=np.uint8, mode="r", shape=shape)
    for index in range(min(3, shape[0])):
        if not np.array_equal(stored[index], draw(seed, index, shape[1])):
            raise WorldError(
                f"{path}: picture {index} is not what is drawn now; the drawing code has changed",
                hint=f"Choose another folder, or remove {path.parent}",
            )


def build_pool(
    folder: Path,
    *,
    count: int,
    size: int = 128,
    seed: int = 0,
    workers: int = 1,
    draw: Draw = draw_pool_picture,
    channels: int = 3,
    progress: Callable[[int, int], None] | None = None,
) -> Pool:
    """Render the pool into `folder`, or go on where an earlier call was stopped.

    Args:
        folder: Where ``pool.u8`` and its list of finished chunks are kept.
        count: Number of pictures.
        size: Width and height in pixels.
        seed: Which pool; different seeds share no picture.
        workers: Processes that draw.
        draw: Makes the pictures.
        channels: 3 for RGB, 4 where what lies behind is left clear.
        progress: Called with (pictures done, pictures in all).

    Raises:
        WorldError: The folder holds a pool of another count, size or seed, or of other drawings
            than are drawn now.
        StorageError: The folder cannot be written.
    """
    make_dirs(folder)
    shape = (count, size, size, channels)
    path, ledger = folder / "pool.u8", folder / "pool.txt"
    header = f"count {count} size {size} seed {seed}"
    header += f" channels {channels}" if channels != 3 else ""
    lines = ledger.read_text("utf-8").splitlines() if ledger.exists() else []
    if lines and lines[0] != header:
        raise WorldError(
            f"{folder}: holds a pool with {lines[0]!r}, asked for {header!r}",
            hint=f"Choose another folder, or remove {path} and {ledger}",
        )
    if not lines:
        np.memmap(path, dtype=np.uint8, mode="w+", shape=shape).flush()
    done = {int(line) for line in lines[1:]}
    if 0 in done:
        _refuse_other_drawings(path, shape, seed, draw)
    todo = [start for start in range(0, count, _CHUNK) if start not in done]
    if todo:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as executor:
            jobs = {s: executor.submit(_draw_chunk, str(path), shape, seed, s, draw) for s in todo}
            for start, job in jobs.items():
                job.result()
                done.add(start)
                write_text_atomic(ledger, "\n".join([header, *map(str, sorted(done))]) + "\n")
                if progress is not None:
                    progress(min(len(done) * _CHUNK, count), count)
    return Pool(pixels=np.memmap(path, dtype=np.uint8, mode="r", shape=shape), seed=seed)
