import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from enogu.pictures.quality import measures


@pytest.fixture
def lines():
    """Ink lines and patches in many directions on white, with smooth edges: [320, 360, 3]."""
    rng = np.random.default_rng(11)
    big = Image.new("RGB", (1440, 1280), "white")
    pen = ImageDraw.Draw(big)
    for _ in range(40):
        ends = [int(v) for v in rng.integers(0, 1280, 4)]
        pen.line(ends, fill=tuple(int(v) for v in rng.integers(0, 160, 3)), width=16)
    pen.ellipse((300, 300, 900, 1000), fill=(240, 180, 160), outline="black", width=20)
    return big.resize((360, 320), Image.Resampling.BOX)


def grey(image):
    return measures.to_grey(np.asarray(image))


def enlarged(image, factor, how):
    small = image.resize((image.width // factor, image.height // factor), Image.Resampling.LANCZOS)
    return small.resize(image.size, how)


def as_jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def test_luma_is_that_of_pillow(lines):
    assert np.abs(grey(lines) - np.asarray(lines.convert("L"))).max() <= 1


@pytest.mark.parametrize("sigma", [2.0, 3.0, 5.0])
def test_sharpness_falls_with_the_radius_of_a_blur(sigma):
    """The steepest step of a blurred edge is a known share of its height within the window."""
    edge = np.zeros((90, 90), dtype=np.float32)
    edge[:, 45:] = 200
    x = np.arange(-40, 41)
    kernel = np.exp(-(x**2) / (2 * sigma**2))
    padded = np.pad(edge, ((0, 0), (40, 40)), mode="edge")
    rows = np.stack([np.convolve(row, kernel / kernel.sum(), "valid") for row in padded])
    profile = rows[0]
    at = np.abs(np.diff(profile)).argmax()
    expected = (profile[at + 1] - profile[at]) / np.ptp(profile[at - 4 : at + 5])
    assert measures.sharpness(rows.astype(np.float32)) == pytest.approx(expected, rel=0.03)


def test_sharpness_tells_clean_enlarged_and_blurred_apart(lines):
    clean = measures.sharpness(grey(lines))
    soft = measures.sharpness(grey(enlarged(lines, 4, Image.Resampling.BICUBIC)))
    blurred = measures.sharpness(grey(lines.filter(ImageFilter.GaussianBlur(3))))
    assert clean > 0.5
    assert 0.24 < soft < 0.35
    assert blurred < 0.24


def test_sharpness_does_not_depend_on_contrast(lines):
    faint = grey(lines) * 0.2 + 30
    assert measures.sharpness(faint) == pytest.approx(measures.sharpness(grey(lines)), abs=0.01)


def test_without_edges_there_is_no_sharpness():
    assert measures.sharpness(np.full((80, 80), 90, dtype=np.float32)) is None
    assert measures.sharpness(np.zeros((4, 4), dtype=np.float32)) is None


@pytest.mark.parametrize("cut", [0, 3])
def test_blocks_show_in_strong_jpeg_only_wherever_the_grid_begins(cut):
    y, x = np.mgrid[0:320, 0:360]
    shaded = 150 + 60 * np.sin(x / 40) * np.cos(y / 30)
    image = Image.fromarray(np.repeat(shaded[..., None], 3, axis=2).astype(np.uint8))
    strong = np.asarray(as_jpeg(image, 8))[cut:, cut:]
    weak = np.asarray(as_jpeg(image, 95))[cut:, cut:]
    assert measures.blocks(measures.to_grey(strong)) > 1.45
    assert measures.blocks(measures.to_grey(weak)) < 1.2
    assert measures.blocks(grey(image)) < 1.1


def test_one_straight_line_is_no_grid():
    picture = np.full((128, 128), 200, dtype=np.float32)
    picture[:, 47:50] = 190
    assert measures.blocks(picture) < 1.1


@pytest.mark.parametrize("deviation", [3.0, 10.0])
def test_noise_is_measured_in_levels(deviation):
    rng = np.random.default_rng(5)
    picture = (128 + rng.normal(0, deviation, (300, 300))).astype(np.float32)
    assert measures.noise(picture) == pytest.approx(deviation, rel=0.05)


def test_lines_are_no_noise(lines):
    assert measures.noise(grey(lines)) < 1


def test_brightness_is_that_of_the_lightest_parts():
    picture = np.zeros((100, 100), dtype=np.float32)
    picture[:20] = 90
    assert measures.brightness(picture) == 90


def test_drawn_share_counts_cells_with_an_edge():
    picture = np.full((80, 80, 3), 255, dtype=np.uint8)
    assert measures.drawn_share(picture) == 0
    picture[10, 10] = 0
    assert measures.drawn_share(picture) == pytest.approx(1 / 400)
    # Red on green of one grey, and exactly between two cells.
    halves = np.full((80, 80, 3), (255, 0, 0), dtype=np.uint8)
    halves[:, 40:] = (0, 130, 0)
    assert measures.drawn_share(halves) == pytest.approx(20 / 400)


@pytest.mark.parametrize("size", [2, 4, 8])
def test_pixel_art_is_known_by_its_squares(size):
    rng = np.random.default_rng(9)
    art = np.kron(rng.integers(0, 255, (24, 20)), np.ones((size, size)))
    shifted = np.pad(art, 3, mode="edge").astype(np.float32)
    assert measures.pixel_size(art.astype(np.float32)) == size
    assert measures.pixel_size(shifted) == size


def test_an_ordinary_picture_is_no_pixel_art(lines):
    assert measures.pixel_size(grey(lines)) == 1
    assert measures.pixel_size(np.zeros((9, 9), dtype=np.float32)) == 1
