"""The pixels and the mask of a picture record: what is derived, and cut to the part that counts."""

import numpy as np

from enogu.errors import PictureError
from enogu.pictures.pixels import Pixels
from enogu.pictures.read import Picture, read_picture
from enogu.pictures.read_fitted import cut
from enogu.pictures.scan import PictureRecord


def read_record(record: PictureRecord, *, background: str, max_megapixels: float) -> Picture:
    """Decode the part of a picture that counts.

    Args:
        record: The picture.
        background: Colour behind transparent parts, as ``#rrggbb``.
        max_megapixels: Larger files are refused.

    Raises:
        PictureError: The file changed, vanished or is damaged.
    """
    picture = read_picture(record.pixels_path, background=background, max_megapixels=max_megapixels)
    crop = record.crop
    if crop is not None and (crop.right > picture.width or crop.bottom > picture.height):
        raise PictureError(
            f"{record.pixels_path}: is {picture.width}x{picture.height}, and the part "
            f"{crop} of it is asked for",
            hint="It changed since it was looked at; run enogu prep again.",
        )
    return cut(picture, crop)


def read_mask(record: PictureRecord, *, max_megapixels: float) -> Pixels | None:
    """Decode the loss mask of the part that counts; None where there is none.

    Returns:
        uint8 [H, W], 255 = full weight; as large as the part.

    Raises:
        PictureError: The mask is damaged or is not as large as its picture.
    """
    if record.mask_path is None:
        return None
    mask = read_picture(
        record.mask_path, background="#ffffff", max_megapixels=max_megapixels
    ).pixels[..., 0]
    if record.crop is not None:
        mask = np.ascontiguousarray(mask[record.crop.rows, record.crop.columns])
    if mask.shape != (record.height, record.width):
        raise PictureError(
            f"{record.mask_path}: the mask has not the size of its picture, {record.path.name}",
            hint="Save it as large as the picture.",
        )
    return mask
