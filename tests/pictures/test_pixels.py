import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from enogu.errors import ConfigError
from enogu.pictures import pixels
from enogu.pictures.pixels import flatten, may_have_alpha, parse_colour


def to_srgb(image):
    colour, alpha, notes = pixels.to_srgb(image)
    assert colour.mode == "RGB"
    return np.asarray(colour), alpha, notes


def wide_gamut_profile():
    """sRGB primaries with a gamma of 1.0, written as an ICC profile of 128 + 5 tags."""

    def fixed(value):
        return round(value * 65536).to_bytes(4, "big", signed=True)

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)

    curve = b"curv\0\0\0\0" + (0).to_bytes(4, "big")
    tags = {
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        b"cprt": b"text\0\0\0\0test\0\0\0\0",
        b"desc": b"desc\0\0\0\0\0\0\0\5test\0" + bytes(78),
    }
    table = len(tags).to_bytes(4, "big")
    body = b""
    for name, data in tags.items():
        offset = 128 + 4 + 12 * len(tags) + len(body)
        table += name + offset.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data + bytes(-len(data) % 4)
    size = 128 + len(table) + len(body)
    header = size.to_bytes(4, "big") + bytes(4) + b"\2\x40\0\0mntrRGB XYZ "
    header += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return header.ljust(128, b"\0") + table + body


def ramp(top, dtype):
    return np.linspace(0, top, 256).reshape(1, 256).round().astype(dtype)


class TestToSrgb:
    def test_scales_16_bits_and_does_not_cut_them(self):
        colour, alpha, notes = to_srgb(Image.fromarray(ramp(65535, np.uint16)))
        np.testing.assert_array_equal(colour[0, :, 0], np.arange(256))
        assert alpha is None
        assert notes == ["16 bits per channel scaled to 8"]

    def test_scales_32_bit_integers_and_floats(self):
        for picture in (ramp(65535, np.int32), ramp(255, np.float32) / np.float32(255)):
            colour, _, notes = to_srgb(Image.fromarray(picture))
            np.testing.assert_array_equal(colour[0, :, 0], np.arange(256))
            assert "scaled to 8 bits" in notes[0]

    def test_values_that_are_not_numbers_become_black(self):
        colour, _, _ = to_srgb(Image.fromarray(np.array([[np.nan, 1.0]], dtype=np.float32)))
        assert colour[0, :, 0].tolist() == [0, 255]

    def test_transparent_value_of_a_16_bit_picture_is_alpha(self):
        image = Image.fromarray(np.array([[7, 65535]], dtype=np.uint16))
        image.info["transparency"] = 7
        _, alpha, _ = to_srgb(image)
        assert alpha is not None
        assert alpha.tolist() == [[0, 255]]

    @pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "CMYK", "YCbCr", "HSV", "RGBX"])
    def test_every_opaque_mode_becomes_rgb(self, mode, drawing):
        image = Image.fromarray(drawing).convert(mode)
        colour, alpha, _ = to_srgb(image)
        assert colour.shape == drawing.shape
        assert colour.dtype == np.uint8
        assert alpha is None

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa", "La"])
    def test_alpha_is_given_apart(self, mode, drawing):
        image = Image.fromarray(drawing).convert("LA" if mode[0] == "L" else "RGBA")
        image.putalpha(Image.fromarray(drawing[..., 0]))
        colour, alpha, _ = to_srgb(image.convert(mode))
        assert colour.shape == drawing.shape
        np.testing.assert_array_equal(alpha, drawing[..., 0])

    def test_alpha_that_hides_nothing_is_none(self, drawing):
        assert to_srgb(Image.fromarray(drawing).convert("RGBA"))[1] is None

    def test_palette_with_transparent_entries(self):
        image = Image.new("P", (2, 1))
        image.putpalette([255, 0, 0, 0, 255, 0])
        image.putpixel((1, 0), 1)
        image.info["transparency"] = bytes([128, 255])
        assert may_have_alpha(image)
        colour, alpha, _ = to_srgb(image)
        assert colour.tolist() == [[[255, 0, 0], [0, 255, 0]]]
        assert alpha is not None
        assert alpha.tolist() == [[128, 255]]

    def test_lab_becomes_rgb(self):
        grey = ImageCms.profileToProfile(
            Image.new("RGB", (1, 1), (120, 130, 140)),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
        colour, _, _ = to_srgb(grey)
        assert np.abs(colour[0, 0].astype(int) - (120, 130, 140)).max() <= 3


class TestColourProfiles:
    def test_a_foreign_profile_is_applied(self):
        image = Image.new("RGB", (1, 1), (55, 55, 55))
        image.info["icc_profile"] = wide_gamut_profile()
        colour, _, notes = to_srgb(image)
        # 55/255 in linear light is 128 in sRGB.
        assert np.abs(colour[0, 0].astype(int) - 128).max() <= 2
        assert notes == ["colour profile converted to sRGB"]

    def test_transparent_pictures_are_converted_as_well(self):
        image = Image.new("RGBA", (1, 1), (55, 55, 55, 90))
        image.info["icc_profile"] = wide_gamut_profile()
        colour, alpha, _ = to_srgb(image)
        assert abs(int(colour[0, 0, 0]) - 128) <= 2
        assert alpha is not None
        assert alpha.item() == 90

    def test_srgb_itself_changes_nothing(self, drawing):
        image = Image.fromarray(drawing)
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        image.info["icc_profile"] = profile.tobytes()
        colour, _, notes = to_srgb(image)
        np.testing.assert_array_equal(colour, drawing)
        assert notes == []

    @pytest.mark.parametrize("mode", ["L", "LA"])
    def test_grey_pictures_that_kept_a_colour_profile(self, mode):
        image = Image.new("L", (1, 1), 55).convert(mode)
        image.info["icc_profile"] = wide_gamut_profile()
        colour, _, _ = to_srgb(image)
        assert abs(int(colour[0, 0, 0]) - 128) <= 2

    def test_a_profile_for_other_colours_is_ignored_and_said(self, drawing):
        image = Image.fromarray(drawing).convert("CMYK")
        image.info["icc_profile"] = wide_gamut_profile()
        _, _, notes = to_srgb(image)
        assert "its colour profile is for RGB, not for this picture: ignored" in notes

    def test_a_broken_profile_is_ignored_and_said(self, drawing):
        image = Image.fromarray(drawing)
        image.info["icc_profile"] = b"x" * 16 + b"RGB " + b"y" * 200
        colour, _, notes = to_srgb(image)
        np.testing.assert_array_equal(colour, drawing)
        assert "cannot be used" in notes[0]


class TestFlatten:
    def test_mixes_with_the_background_and_rounds(self):
        colour = np.array([[[255, 0, 255], [255, 0, 255], [100, 100, 100]]], dtype=np.uint8)
        alpha = np.array([[0, 255, 128]], dtype=np.uint8)
        flat = flatten(colour, alpha, (255, 255, 0))
        assert flat.tolist() == [[[255, 255, 0], [255, 0, 255], [177, 177, 50]]]

    def test_tall_pictures_are_done_in_slices_without_seams(self):
        rng = np.random.default_rng(0)
        colour = rng.integers(0, 256, (700, 3, 3), dtype=np.uint8)
        alpha = rng.integers(0, 256, (700, 3), dtype=np.uint8)
        weight = alpha[..., None] / 255
        exact = colour * weight + 255 * (1 - weight)
        assert np.abs(flatten(colour, alpha, (255, 255, 255)) - exact).max() <= 0.5


class TestParseColour:
    def test_reads_hexadecimal(self):
        assert parse_colour("#10fF00") == (16, 255, 0)

    @pytest.mark.parametrize("text", ["white", "#fff", "#gggggg", "ffffff", "#1234567", "# 12345"])
    def test_refuses_the_rest_with_an_example(self, text):
        with pytest.raises(ConfigError, match="#rrggbb"):
            parse_colour(text)


def test_saved_profile_survives_a_file(tmp_path):
    """The profile built above is one that Pillow and lcms accept from a file too."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (55, 55, 55)).save(buffer, "PNG", icc_profile=wide_gamut_profile())
    buffer.seek(0)
    with Image.open(buffer) as image:
        image.load()
        assert abs(int(to_srgb(image)[0][0, 0, 0]) - 128) <= 2
