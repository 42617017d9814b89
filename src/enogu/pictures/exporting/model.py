"""What is exported and how."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from enogu.pictures.buckets import BucketFit
from enogu.pictures.fit import Shrink
from enogu.pictures.pixels import WHITE
from enogu.pictures.read import DEFAULT_MAX_MEGAPIXELS
from enogu.pictures.scan import PictureRecord

ExportForm: TypeAlias = Literal["kohya", "folder", "webdataset", "diffusers"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One picture as it will be written."""

    record: PictureRecord
    stem: str
    """Its name without ending; no two samples share one, whatever the case of its letters."""
    caption: str
    """Never empty where anything is known to say."""
    fit: BucketFit | None = None
    """Set when it is scaled and cropped to its bucket, so that a trainer does neither again."""
    background: str | None = None
    """Where it differs from that of all, as ``#rrggbb``."""
    alpha_as_mask: bool | None = None
    """Where it differs from that of all."""


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """How pictures are written."""

    background: str = WHITE
    """Colour behind transparent parts, as ``#rrggbb``."""
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
    shrink: Shrink = "lanczos"
    """The filter for pictures that get smaller."""
    masks: bool = True
    """Write loss masks where there are some."""
    alpha_as_mask: bool = False
    """Take the transparency of a picture for its mask where it has none of its own."""
    keep_alpha: bool = False
    """Write transparent pictures as they are. Most trainers drop the alpha channel and train the
    colours hidden under it, so this is for pictures that were cut out here: they hide white."""
    shard_size: int = 10_000
    """Samples in one shard."""
