import csv
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from enogu.errors import ConfigError
from enogu.pictures.quality import QualitySettings, judge_quality
from enogu.pictures.read import read_picture

SETTINGS = QualitySettings()
CLEAN_SETS = ("ankitan", "cats", "illustrations", "gopher-emo", "gopher-sketch", "lpc")


@pytest.fixture
def drawing():
    """A figure of a few large flat areas with outlines, [256, 240, 3]."""
    big = Image.new("RGB", (960, 1024), "white")
    pen = ImageDraw.Draw(big)
    for box, colour in (
        ((300, 80, 660, 460), (250, 220, 200)),
        ((240, 440, 720, 980), (60, 90, 190)),
        ((390, 220, 450, 300), (30, 30, 30)),
        ((520, 220, 580, 300), (30, 30, 30)),
    ):
        pen.ellipse(box, fill=colour, outline="black", width=18)
    return big.resize((240, 256), Image.Resampling.BOX)


def faults(image, settings=SETTINGS):
    return judge_quality(np.asarray(image), None, settings).faults


def enlarged(image):
    small = image.resize((image.width // 4, image.height // 4), Image.Resampling.LANCZOS)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def strong_jpeg(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=4)
    return Image.open(buffer).convert("RGB")


def noisy(image):
    rough = np.asarray(image) + np.random.default_rng(4).normal(0, 14, (256, 240, 3))
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


def test_a_clean_drawing_with_large_flat_areas_has_no_fault(drawing):
    quality = judge_quality(np.asarray(drawing), None, SETTINGS)
    assert quality.verdict == "clean"
    assert quality.findings == ()


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda image: image.filter(ImageFilter.GaussianBlur(3)), "blurred"),
        (enlarged, "enlarged"),
        (strong_jpeg, "blocky"),
        (noisy, "noisy"),
        (lambda image: image.point(lambda value: value // 4), "dark"),
        (lambda image: image.resize((40, 60)), "too-small"),
    ],
)
def test_each_fault_is_told_by_its_name(drawing, spoil, fault):
    quality = judge_quality(np.asarray(spoil(drawing)), None, SETTINGS)
    assert quality.faults == (fault,)
    assert quality.verdict == "flagged"


def test_an_almost_empty_picture_is_told():
    canvas = np.full((400, 400, 3), 255, dtype=np.uint8)
    canvas[200:204, 200:230] = 0
    assert faults(canvas) == ("empty",)
    assert faults(np.full((400, 400, 3), 120, dtype=np.uint8)) == ("empty",)


def test_too_small_for_the_training_is_asked_apart(drawing):
    assert faults(drawing) == ()
    assert faults(drawing, QualitySettings(resolution_px=256)) == ()
    quality = judge_quality(np.asarray(drawing), None, QualitySettings(resolution_px=1024))
    assert quality.faults == ("too-small",)
    assert quality.measures.enlargement == pytest.approx(1024 / (240 * 256) ** 0.5)
    assert "4.1 times" in quality.findings[0].message


def test_pixel_art_is_neither_blurred_nor_blocky():
    art = np.random.default_rng(2).integers(0, 4, (32, 32, 3)) * 80
    quality = judge_quality(np.kron(art, np.ones((4, 4, 1))).astype(np.uint8), None, SETTINGS)
    assert quality.faults == ()
    assert quality.measures.pixel_size == 4


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 1), (9, 9)])
def test_the_smallest_pictures_do_not_fail(shape):
    pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert "too-small" in faults(pixels)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_side_px": -1}, "min_side_px"),
        ({"max_enlargement": 0.5}, "0.5"),
        ({"blurred_below": 0.5}, "0.5 and 0.35"),
        ({"max_text": 12}, "share"),
    ],
)
def test_wrong_settings_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        QualitySettings(**values)


@pytest.mark.shared_data
def test_the_known_cases_are_told(shared_data):
    expected = {
        "clean": (),
        "blur3": ("blurred",),
        "upscaled4": ("enlarged",),
        "jpeg8": ("blocky",),
        "dark": ("dark",),
        "noise": ("noisy",),
    }
    with (shared_data / "prep-cases" / "cases.csv").open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] == "quality"]
    right = [
        faults(read_picture(shared_data / row["file"]).pixels) == expected[row["params"]]
        for row in rows
    ]
    assert len(right) == 14
    assert sum(right) >= 12


@pytest.mark.shared_data
@pytest.mark.parametrize("name", CLEAN_SETS)
def test_clean_drawings_are_hardly_ever_flagged(shared_data, name):
    # Every 40th of the 1,275 sprites: all of them are looked at by benchmarks/pictures_background.
    step = {"lpc": 40, "cats": 6, "gopher-emo": 6, "illustrations": 3, "gopher-sketch": 4}
    files = sorted(p for p in (shared_data / name).iterdir() if p.suffix in {".png", ".jpg"})
    files = files[:: step.get(name, 1)]
    flagged = [path.name for path in files if faults(read_picture(path).pixels)]
    assert len(flagged) <= 0.02 * len(files), flagged
