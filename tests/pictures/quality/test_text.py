import numpy as np
import pytest
from PIL import Image, ImageDraw

from enogu.fonts import label_font
from enogu.pictures.quality.measures import to_grey
from enogu.pictures.quality.text import text_share

WORDS = "the quick brown fox jumps over the lazy dog"


def page(lines, *, ink="black", paper="white", size=18):
    image = Image.new("RGB", (480, 400), paper)
    pen = ImageDraw.Draw(image)
    for i in range(lines):
        pen.text((20, 15 + i * 26), WORDS, ink, label_font(size))
    return image


def share(image):
    return text_share(to_grey(np.asarray(image)))


@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("#ffee88", "#303050")])
def test_a_page_of_writing_is_covered_by_text(ink, paper):
    pen = ImageDraw.Draw(page(0))
    wide = pen.textlength(WORDS, label_font(18))
    # Twelve lines of letters, 10 pixels high at least, inside a block of lines 26 pixels apart.
    least, most = (12 * wide * height / (480 * 400) for height in (10, 26))
    assert least <= share(page(12, ink=ink, paper=paper)) <= most


def test_columns_of_writing_count_too():
    turned = page(12).transpose(Image.Transpose.ROTATE_90)
    assert share(turned) > 0.12


def test_more_lines_cover_more():
    assert share(page(0)) == 0
    assert 0 < share(page(2)) < share(page(6)) < share(page(12))


def test_a_drawing_of_strokes_is_no_text():
    rng = np.random.default_rng(3)
    image = Image.new("RGB", (480, 400), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(120):
        x, y = (int(v) for v in rng.integers(0, 400, 2))
        dx, dy = (int(v) for v in rng.integers(-60, 60, 2))
        pen.line((x, y, x + dx, y + dy), fill="black", width=int(rng.integers(1, 5)))
    assert share(image) < 0.03


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (30, 2)])
def test_the_smallest_pictures_hold_no_text(shape):
    assert text_share(np.zeros(shape, dtype=np.float32)) == 0
