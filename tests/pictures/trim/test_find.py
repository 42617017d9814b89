import csv
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from enogu.errors import ConfigError
from enogu.pictures.box import Box
from enogu.pictures.read import read_picture
from enogu.pictures.trim import TrimSettings, find_trim

CLEAN_SETS = ("ankitan", "cats", "gopher-emo", "gopher-sketch", "illustrations", "lpc")


def scene(width=320, height=240):
    """A picture that fills its frame: soft colours everywhere, nothing flat at the rim."""
    rng = np.random.default_rng(5)
    coarse = Image.fromarray(rng.integers(30, 200, (8, 10, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def on_paper(width=320, height=320, colour="#ffffff"):
    """A round subject on blank paper."""
    image = Image.new("RGB", (width, height), colour)
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, 40, width - 60, height - 30), fill="#70a0d0", outline="#101010", width=4)
    pen.ellipse((110, 100, 150, 150), fill="#101010")
    return image.filter(ImageFilter.SMOOTH)


def framed(picture, left, top, right, bottom, colour):
    size = (picture.width + left + right, picture.height + top + bottom)
    image = Image.new("RGB", size, colour)
    image.paste(picture, (left, top))
    return image


def written(image, at, text="reposted from somewhere.example", fill="#f0f0f0"):
    ImageDraw.Draw(image).text(at, text, fill=fill, font=ImageFont.load_default(14))
    return image


def jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def trim(image, settings=None):
    pixels = np.asarray(image.convert("RGB"))
    alpha = np.asarray(image.getchannel("A")) if image.mode == "RGBA" else None
    return find_trim(pixels, alpha, settings)


def error(box, expected):
    pairs = zip((box.left, box.top, box.right, box.bottom), expected, strict=True)
    return max(abs(one - other) for one, other in pairs)


class TestBorders:
    @pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#c03050"])
    @pytest.mark.parametrize("quality", [None, 90, 60])
    def test_are_cut_to_within_two_pixels(self, colour, quality):
        image = framed(scene(), 30, 17, 9, 44, colour)
        result = trim(image if quality is None else jpeg(image, quality))
        assert result.verdict == "trim"
        assert result.reasons == ("border",)
        assert error(result.box, (30, 17, 350, 257)) <= 2
        assert result.box == result.proposal
        assert result.certainty >= 0.8

    def test_of_noise_are_borders_too(self):
        image = np.asarray(framed(scene(), 30, 30, 30, 30, "#101010"))
        noise = np.random.default_rng(0).integers(-4, 5, image.shape)
        inside = np.zeros(image.shape, dtype=bool)
        inside[30:-30, 30:-30] = True
        noisy = np.where(inside, image, np.clip(image + noise, 0, 255)).astype(np.uint8)
        assert error(find_trim(noisy).box, (30, 30, 350, 270)) == 0

    def test_inside_borders_are_found_as_well(self):
        image = framed(framed(scene(), 0, 30, 0, 30, "#000000"), 25, 25, 25, 25, "#ffffff")
        result = trim(image)
        assert error(result.box, (25, 55, 345, 295)) == 0
        assert result.reasons == ("border", "letterbox")

    def test_letterbox_bars_may_differ_in_colour(self):
        image = framed(scene(), 0, 0, 0, 30, "#000000")
        image = framed(image, 0, 24, 0, 0, "#2040a0")
        result = trim(image)
        assert error(result.box, (0, 24, 320, 264)) == 0
        assert result.reasons == ("letterbox",)

    def test_a_thin_frame_belongs_to_the_drawing(self):
        image = framed(framed(scene(), 5, 5, 5, 5, "#3060a0"), 40, 40, 40, 40, "#ffffff")
        assert error(trim(image).box, (40, 40, 370, 290)) == 0
        assert trim(framed(scene(), 5, 5, 5, 5, "#3060a0")).verdict == "keep"

    def test_of_transparency_are_borders(self):
        image = Image.new("RGBA", (400, 300))
        image.paste(scene(), (50, 20))
        assert error(trim(image).box, (50, 20, 370, 260)) == 0

    def test_one_flat_strip_may_be_a_floor_and_is_asked_about(self):
        result = trim(framed(scene(), 0, 0, 0, 50, "#806040"))
        assert result.verdict == "unsure"
        assert result.box == Box(0, 0, 320, 290)
        assert error(result.proposal, (0, 0, 320, 240)) == 0
        assert result.certainty <= 0.5


class TestTextBars:
    @pytest.mark.parametrize("quality", [None, 90, 60])
    def test_below_and_above_are_cut(self, quality):
        below = written(framed(scene(), 0, 0, 0, 30, "#000000"), (20, 248))
        above = written(framed(scene(), 0, 30, 0, 0, "#202060"), (20, 7))
        for image, expected in ((below, (0, 0, 320, 240)), (above, (0, 30, 320, 270))):
            result = trim(image if quality is None else jpeg(image, quality))
            assert result.verdict == "trim"
            assert result.reasons == ("text bar",)
            assert error(result.box, expected) <= 2

    def test_over_a_drawing_on_paper_are_cut(self):
        image = on_paper()
        ImageDraw.Draw(image).rectangle((0, 295, 319, 319), fill="#000000")
        result = trim(written(image, (12, 298)))
        assert result.reasons == ("text bar",)
        assert error(result.box, (0, 0, 320, 295)) <= 1

    def test_text_on_the_paper_itself_is_no_bar(self):
        result = trim(written(on_paper(), (12, 298), fill="#101010"))
        assert "text bar" not in result.reasons
        assert result.box == Box(0, 0, 320, 320)


class TestFreeStandingDrawings:
    @pytest.mark.parametrize("colour", ["#ffffff", "#f4f1ea", "#404040"])
    def test_are_left_alone(self, colour):
        result = trim(on_paper(colour=colour))
        assert (result.verdict, result.cuts, result.certainty) == ("keep", (), 1.0)
        assert result.box == result.proposal == Box(0, 0, 320, 320)

    def test_in_wide_margins_get_a_proposal_with_air_around(self):
        image = Image.new("RGB", (800, 600), "#ffffff")
        ImageDraw.Draw(image).ellipse((300, 200, 499, 399), fill="#d04040")
        result = trim(image)
        assert result.verdict == "unsure"
        assert result.reasons == ("blank margin",)
        assert result.box == Box(0, 0, 800, 600)
        assert result.proposal == Box(290, 190, 510, 410)

    def test_with_a_flat_hat_have_no_border_above(self):
        image = Image.new("RGB", (320, 320), "#ffffff")
        pen = ImageDraw.Draw(image)
        pen.rectangle((60, 40, 259, 99), fill="#202020")
        pen.ellipse((40, 90, 279, 309), fill="#e0b090")
        assert trim(image).verdict == "keep"

    def test_a_signature_apart_from_the_drawing_is_proposed(self):
        image = on_paper(height=400)
        ImageDraw.Draw(image).rectangle((0, 372, 319, 399), fill="#ffffff")
        result = trim(written(image, (190, 380), "hanako 2024", fill="#303030"))
        assert result.verdict == "unsure"
        assert result.reasons == ("signature",)
        assert result.box == Box(0, 0, 320, 400)
        assert 372 <= result.proposal.bottom <= 383


class TestSize:
    def test_says_what_the_cut_means_for_the_training_resolution(self):
        image = framed(scene(), 100, 100, 100, 100, "#ffffff")

        def checked(resolution):
            return trim(image, TrimSettings(resolution=resolution)).size

        # 320 x 240 is the area of a square of 277, 520 x 440 of one of 478.
        assert checked(277) == "enough"
        assert checked(278) == "becomes too small"
        assert checked(479) == "was too small"


class TestOddPictures:
    @pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (400, 1, 3), (7, 5, 3)])
    @pytest.mark.parametrize("level", [0, 255])
    def test_tiny_and_blank_ones_are_kept(self, shape, level):
        pixels = np.full(shape, level, dtype=np.uint8)
        result = find_trim(pixels)
        assert result.verdict == "keep"
        assert result.box == Box(0, 0, shape[1], shape[0])

    def test_all_transparent_is_kept(self):
        pixels = np.full((40, 40, 3), 255, dtype=np.uint8)
        assert find_trim(pixels, np.zeros((40, 40), dtype=np.uint8)).verdict == "keep"

    def test_noise_is_kept(self):
        pixels = np.random.default_rng(1).integers(0, 256, (120, 90, 3), dtype=np.uint8)
        assert find_trim(pixels).verdict == "keep"

    def test_nothing_is_cut_down_to_a_sliver(self):
        image = framed(scene(320, 10), 0, 80, 0, 80, "#000000")
        assert trim(image).box == Box(0, 0, 320, 170)


@pytest.mark.parametrize(
    ("name", "value"), [("tolerance", -1), ("min_content", 1.5), ("resolution", 0)]
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ConfigError, match=rf"trim\.{name} must be .* got {value}"):
        TrimSettings(**{name: value})


@pytest.mark.shared_data
def test_real_border_cases_are_exact_to_two_pixels(shared_data):
    with (shared_data / "prep-cases" / "cases.csv").open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] == "border"]
    assert len(rows) == 6
    for row in rows:
        result = find_trim(read_picture(shared_data / row["file"]).pixels)
        expected = [int(value) for value in row["expected"].split(",")]
        assert error(result.box, expected) <= 2, row["file"]
        assert result.verdict == "trim"


@pytest.mark.shared_data
def test_clean_drawings_are_never_cut_without_asking(shared_data):
    asked = total = 0
    for name in CLEAN_SETS:
        # Every fifth sprite: they are alike, and there are 1,275.
        step = 5 if name == "lpc" else 1
        files = [p for p in sorted((shared_data / name).iterdir()) if p.suffix in (".png", ".jpg")]
        for path in files[::step]:
            picture = read_picture(path)
            result = find_trim(picture.pixels, picture.alpha)
            assert result.verdict != "trim", path
            asked += result.verdict == "unsure"
            total += 1
    assert asked / total <= 0.03


@pytest.mark.shared_data
def test_real_text_bars_are_cut(shared_data):
    files = sorted((shared_data / "prep-cases" / "dups").glob("*__banner.jpg"))
    assert len(files) == 6
    for path in files:
        result = find_trim(read_picture(path).pixels)
        assert result.verdict == "trim", path
        assert result.reasons == ("text bar",)
