"""Shrinking with Lanczos, as Pillow does it but with the vector units of the processor."""

from typing import Final

from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer
from PIL import Image

from enogu.pictures.box import Box

_LANCZOS: Final = ResizeAlg.convolution(FilterType.lanczos3)


def shrink_window(
    image: Image.Image, extent: tuple[float, float], size: tuple[int, int], window: Box
) -> Image.Image:
    """Shrink a picture with Lanczos (3 lobes) and return a window of the outcome.

    Args:
        image: In the mode RGB or L.
        extent: Width and height of what the picture shows, in its own pixels; its last column and
            row may be covered in part.
        size: Width and height of the whole outcome, each at most that of `extent`.
        window: Which part of it; only this is computed, from the same pixels as the whole.
    """
    across, down = extent[0] / size[0], extent[1] / size[1]
    left, top = window.left * across, window.top * down
    options = ResizeOptions(
        _LANCZOS,
        # Rounding must not let the part reach beyond the picture.
        crop_box=CropBox(
            left,
            top,
            min(window.width * across, image.width - left),
            min(window.height * down, image.height - top),
        ),
    )
    out = Image.new(image.mode, (window.width, window.height))
    Resizer().resize_pil(image, out, options)
    return out
