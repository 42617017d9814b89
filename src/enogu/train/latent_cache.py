"""Latents of the training pictures, as the VAE's mean and standard deviation.

Keeping the distribution instead of one sample lets every step draw its own latents, which a
cached sample cannot. Entries are keyed by the picture's bytes and everything else that matters.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from enogu.config import PicturesConfig
from enogu.families.base import Base
from enogu.families.latents import encode_images
from enogu.files import content_key, sha256_file
from enogu.pictures.fit import fit_mask, shrinks
from enogu.pictures.read_fitted import read_fitted
from enogu.pictures.record_pixels import read_mask
from enogu.pictures.vary import shift_colours
from enogu.train.content_cache import ContentCache
from enogu.train.prepare import TrainingItem, num_versions

_FORMAT = 1
"""Raise when the content of an entry changes its meaning."""


@dataclass(frozen=True)
class LatentEntry:
    """What is known of one picture in the space of the model.

    Attributes:
        mean: [C, h, w] in model space.
        std: [C, h, w] in model space.
        mask: [1, h, w] in 0..1, or None when everything counts.
    """

    mean: Tensor
    std: Tensor
    mask: Tensor | None


class LatentCache:
    """Latents on disk for a set of pictures and one base.

    Args:
        cache: Where entries are kept.
        settings: The section ``pictures``.
        base_hash: What the base is called in keys; its VAE must be part of it.
        dtype: Number format the VAE computes in.
        downscale: Pixels per latent.
        masks: Whether loss masks are wanted.
    """

    def __init__(
        self,
        cache: ContentCache,
        settings: PicturesConfig,
        *,
        base_hash: str,
        dtype: torch.dtype,
        downscale: int,
        masks: bool,
        tile_px: int | None = None,
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._base_hash = base_hash
        self._dtype = dtype
        self._downscale = downscale
        self._masks = masks
        self._tile_px = tile_px

    def key(self, item: TrainingItem, *, flipped: bool = False) -> str:
        """Return the key of a picture's entry."""
        fit, settings = item.fit, item.settings(self._settings)
        return content_key(
            {
                "format": _FORMAT,
                "picture": item.record.id,
                "bucket": [fit.bucket.width, fit.bucket.height],
                "resized": [fit.resized.width, fit.resized.height],
                "crop": [fit.crop_left, fit.crop_top],
                "background": settings.background.lower(),
                "alpha_mask": self._masks and settings.alpha_as_mask,
                "mask_file": self._mask_hash(item),
                "flipped": flipped,
                "base": self._base_hash,
                "dtype": str(self._dtype),
                **({"shrink": settings.shrink} if shrinks(fit) else {}),
                **item.record.changes,
                **({"tile": self._tile_px} if self._is_tiled(item) else {}),
                **({} if item.colour is None else {"colour": asdict(item.colour)}),
            }
        )

    def _is_tiled(self, item: TrainingItem) -> bool:
        bucket = item.fit.bucket
        return self._tile_px is not None and max(bucket.width, bucket.height) > self._tile_px

    def missing(self, items: Sequence[TrainingItem]) -> list[tuple[TrainingItem, bool]]:
        """Return (version of a picture, flipped) for every entry that has to be made."""
        return [
            (version, flipped)
            for item in items
            for settings in (item.settings(self._settings),)
            for version in (item.version(n, settings) for n in range(num_versions(settings)))
            for flipped in ((False, True) if settings.flip and item.may_flip else (False,))
            if not self._cache.has(self.key(version, flipped=flipped))
        ]

    def fill(
        self,
        base: Base,
        items: Sequence[TrainingItem],
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Make the missing entries; return how many were made.

        Raises:
            PictureError: A picture changed or vanished since it was scanned.
            StorageError: The disk is full.
        """
        missing = self.missing(items)
        for done, (item, flipped) in enumerate(missing):
            if progress:
                progress(done, len(missing))
            self._cache.write(self.key(item, flipped=flipped), self._encode(base, item, flipped))
        if progress and missing:
            progress(len(missing), len(missing))
        return len(missing)

    def read(self, item: TrainingItem, *, flipped: bool = False) -> LatentEntry:
        """Return the entry of a picture, which must have been made."""
        tensors = self._cache.read(self.key(item, flipped=flipped))
        return LatentEntry(tensors["mean"], tensors["std"], tensors.get("mask"))

    def _encode(self, base: Base, item: TrainingItem, flipped: bool) -> dict[str, Tensor]:
        settings = item.settings(self._settings)
        most = settings.max_megapixels
        picture = read_fitted(
            item.record.pixels_path,
            item.fit,
            crop=item.record.crop,
            shrink=settings.shrink,
            background=settings.background,
            max_megapixels=most,
        )
        pixels = picture.pixels
        if item.colour is not None:
            pixels = shift_colours(pixels, item.colour)
        mask = read_mask(item.record, max_megapixels=most) if self._masks else None
        if mask is not None:
            mask = fit_mask(mask, item.fit)
        elif self._masks and settings.alpha_as_mask and picture.alpha is not None:
            mask = picture.alpha
        if flipped:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
            mask = None if mask is None else np.ascontiguousarray(mask[:, ::-1])
        mean, std = encode_images(base, to_model_range(pixels)[None].to(base.device))
        entry = {"mean": mean[0].float().cpu(), "std": std[0].float().cpu()}
        if mask is not None:
            area = torch.tensor(mask).float().div(255)[None, None]
            entry["mask"] = torch.nn.functional.avg_pool2d(area, self._downscale)[0]
        return entry

    def _mask_hash(self, item: TrainingItem) -> str | None:
        path = item.record.mask_path
        return _file_hash(path, path.stat().st_mtime_ns) if self._masks and path else None


@lru_cache(maxsize=4096)
def _file_hash(path: Path, modified_ns: int) -> str:
    return sha256_file(path)


def to_model_range(pixels: NDArray[np.uint8]) -> Tensor:
    """Turn [H, W, 3] bytes into float32 [3, H, W] in -1..1."""
    return torch.tensor(pixels).permute(2, 0, 1).float().div(127.5).sub(1.0)
