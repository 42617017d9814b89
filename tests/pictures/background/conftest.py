import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

SIZE = (220, 260)
"""Height and width of the drawn pictures."""


@pytest.fixture
def draw_figure():
    """Draw a figure with soft edges and return its colour [H, W, 3] and true alpha [H, W]."""

    def draw(clothes=(40, 90, 200), skin=(250, 220, 200), outline=(20, 20, 20)):
        height, width = SIZE
        scale = 4
        colour = Image.new("RGB", (width * scale, height * scale), outline)
        alpha = Image.new("L", colour.size, 0)
        pens = ImageDraw.Draw(colour), ImageDraw.Draw(alpha)
        parts = [((95, 30, 165, 100), skin), ((80, 95, 180, 205), clothes)]
        for box, fill in parts:
            big = [side * scale for side in box]
            pens[0].ellipse(big, fill=fill, outline=outline, width=4 * scale)
            pens[1].ellipse(big, fill=255)
        size = (width, height)
        shrunk = colour.resize(size, Image.Resampling.BOX), alpha.resize(size, Image.Resampling.BOX)
        return np.asarray(shrunk[0]), np.asarray(shrunk[1])

    return draw


@pytest.fixture
def laid_on():
    """Lay a figure on a background, and pass it through JPEG when a quality is given."""

    def lay(colour, alpha, background, *, quality=None):
        weight = alpha[..., None] / 255
        below = np.broadcast_to(np.asarray(background, dtype=float), colour.shape)
        pixels = np.round(colour * weight + np.clip(below, 0, 255) * (1 - weight))
        pixels = pixels.astype(np.uint8)
        if quality is None:
            return pixels
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer))

    return lay


@pytest.fixture
def overlap():
    """Intersection over union of two masks at one half."""

    def measure(mask, truth):
        one, other = mask >= 128, truth >= 128
        return (one & other).sum() / (one | other).sum()

    return measure
