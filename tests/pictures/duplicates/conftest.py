import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont


def _drawn(seed, size=(300, 260)):
    """Many coloured shapes with dark outlines on a soft ground that fills the frame."""
    rng = np.random.default_rng(seed)
    ground = Image.fromarray(rng.integers(60, 256, (3, 4, 3), dtype=np.uint8))
    image = ground.resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = rng.integers(10, size[0] - 40), rng.integers(10, size[1] - 40)
        width, height = rng.integers(20, 120, 2)
        box = [int(v) for v in (x, y, min(size[0] - 11, x + width), min(size[1] - 11, y + height))]
        fill = tuple(int(v) for v in rng.integers(0, 256, 3))
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape(box, fill=fill, outline="#101010", width=3)
    return image


def _jpeg(image, quality=90):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _changed(image, change):
    """Make one of the copies that people have in their folders."""
    width, height = image.size
    if change == "jpeg40":
        return _jpeg(image, 40)
    if change == "half":
        return _jpeg(image.resize((width // 2, height // 2), Image.Resampling.LANCZOS))
    if change == "crop":
        x, y = round(0.06 * width), round(0.06 * height)
        return _jpeg(image.crop((x, y, width - x, height - y)))
    if change == "mirror":
        return _jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    if change == "pad":
        padded = Image.new("RGB", (width + 60, height + 60), "#ffffff")
        padded.paste(image, (30, 30))
        return _jpeg(padded)
    if change == "tone":
        return _jpeg(
            ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(1.1)).enhance(0.9)
        )
    assert change == "bar"
    barred = image.copy()
    pen = ImageDraw.Draw(barred)
    pen.rectangle((0, height - 30, width, height), fill="#000000")
    pen.text((8, height - 21), "reposted by somebody", "#ffffff", ImageFont.load_default(11))
    return _jpeg(barred)


@pytest.fixture(scope="session")
def drawn():
    """Return a picture for a number."""
    return _drawn


@pytest.fixture(scope="session")
def changed():
    """Return a changed copy of a picture."""
    return _changed
