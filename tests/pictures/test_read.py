import csv
import os
import random
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from enogu.errors import ConfigError, PictureError
from enogu.pictures.read import read_header, read_picture

LOSSLESS = {
    "a.png": {},
    "a.bmp": {},
    "a.tif": {"compression": "tiff_lzw"},
    "a.tiff": {},
    "a.webp": {"lossless": True},
    "a.gif": {},
}
LOSSY = {"a.jpg": {"quality": 95, "subsampling": 0}, "a.avif": {"quality": 95}}
UPPER = {"A.PNG": {}, "A.JPeG": {"format": "JPEG", "quality": 95, "subsampling": 0}}


def max_difference(first, second):
    return int(np.abs(first.astype(int) - second).max())


class TestFormats:
    @pytest.mark.parametrize("name", LOSSLESS)
    def test_lossless_formats_give_the_same_pixels(self, name, drawing, save):
        picture = read_picture(save(drawing, name, **LOSSLESS[name]))
        np.testing.assert_array_equal(picture.pixels, drawing)
        assert (picture.width, picture.height) == (40, 24)
        assert picture.notes == ()
        assert picture.alpha is None

    @pytest.mark.parametrize("name", LOSSY | UPPER)
    def test_lossy_formats_and_capital_endings(self, name, drawing, save):
        picture = read_picture(save(drawing, name, **(LOSSY | UPPER)[name]))
        assert np.abs(picture.pixels.astype(int) - drawing).mean() < 4
        assert picture.notes == ()

    @pytest.mark.parametrize("name", LOSSLESS | LOSSY)
    def test_the_header_agrees_with_the_picture(self, name, drawing, save):
        path = save(drawing, name, **(LOSSLESS | LOSSY)[name])
        header, picture = read_header(path), read_picture(path)
        assert (header.width, header.height) == (picture.width, picture.height)
        assert header.format == picture.format
        assert not header.has_alpha

    def test_a_wrong_ending_is_read_by_content_and_said(self, drawing, save):
        picture = read_picture(save(drawing, "a.jpg", format="PNG"))
        np.testing.assert_array_equal(picture.pixels, drawing)
        assert picture.notes == ("is a PNG picture although its name ends in '.jpg'",)

    @pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif"])
    def test_the_first_frame_of_an_animation_is_used_and_said(self, name, drawing, save):
        frames = [Image.fromarray(drawing), Image.fromarray(255 - drawing)]
        path = save(frames[0], name, save_all=True, append_images=frames[1:])
        picture = read_picture(path)
        assert np.abs(picture.pixels.astype(int) - drawing).mean() < 8
        assert picture.notes == ("first of 2 frames",)
        assert read_header(path).notes == picture.notes

    def test_a_tiff_of_several_pages(self, drawing, save):
        image = Image.fromarray(drawing)
        path = save(image, "a.tif", save_all=True, append_images=[image.copy()])
        assert read_picture(path).notes == ("first of 2 pages",)


class TestTransparency:
    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
    def test_hidden_colour_leaves_no_trace(self, name, save):
        image = Image.new("RGBA", (8, 8), (255, 0, 255, 0))
        image.paste((10, 20, 30, 255), (0, 0, 4, 8))
        options = {"lossless": True, "exact": True} if name == "a.webp" else {}
        path = save(image, name, **options)
        assert read_header(path).has_alpha
        picture = read_picture(path)
        assert picture.pixels[0, 0].tolist() == [10, 20, 30]
        assert picture.pixels[0, 7].tolist() == [255, 255, 255]
        assert picture.alpha is not None
        assert picture.alpha[0].tolist() == [255] * 4 + [0] * 4

    def test_another_background(self, save):
        path = save(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "a.png")
        picture = read_picture(path, background="#102030")
        assert picture.pixels[0, 0].tolist() == [16, 32, 48]
        with pytest.raises(ConfigError, match="#rrggbb"):
            read_picture(path, background="blue")

    def test_palette_gif_and_grey_png(self, save):
        grey = Image.new("LA", (2, 1), (0, 0))
        assert read_picture(save(grey, "grey.png")).pixels.tolist() == [[[255] * 3] * 2]
        palette = Image.new("P", (2, 1), 0)
        palette.putpalette([9, 9, 9, 200, 0, 0])
        palette.putpixel((1, 0), 1)
        for name in ("p.png", "p.gif"):
            picture = read_picture(save(palette, name, transparency=0))
            assert picture.pixels.tolist() == [[[255] * 3, [200, 0, 0]]]

    def test_an_opaque_alpha_channel_is_noticed_when_verified(self, drawing, save):
        path = save(Image.fromarray(drawing).convert("RGBA"), "a.png")
        assert read_header(path).has_alpha
        assert not read_header(path, verify=True).has_alpha
        assert read_picture(path).alpha is None


class TestOrientation:
    @pytest.mark.parametrize("orientation", [1, 3, 6, 8])
    @pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
    def test_exif_turns_pixels_alpha_and_size(self, name, orientation, drawing, save):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = Image.fromarray(drawing)
        stored.putalpha(Image.fromarray(drawing[..., 0]))
        options = {"lossless": True, "exact": True} if name == "a.webp" else {}
        path = save(stored, name, exif=exif, **options)
        turns = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
        picture, header = read_picture(path, background="#000000"), read_header(path)
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, np.rot90(drawing[..., 0], turns))
        assert (header.width, header.height) == (picture.width, picture.height)
        assert (picture.height, picture.width) == np.rot90(drawing, turns).shape[:2]

    def test_jpeg_and_avif(self, drawing, save):
        exif = Image.Exif()
        exif[0x0112] = 6
        for name in ("a.jpg", "a.avif"):
            path = save(drawing, name, exif=exif, quality=95)
            picture = read_picture(path)
            assert np.abs(picture.pixels.astype(int) - np.rot90(drawing, -1)).mean() < 8
            assert picture.notes == ("turned upright as its EXIF says (orientation 6)",)
            assert (read_header(path).width, read_header(path).height) == (24, 40)

    def test_exif_behind_the_pixels_of_a_png(self, drawing, late_exif_png):
        header, picture = read_header(late_exif_png), read_picture(late_exif_png)
        np.testing.assert_array_equal(picture.pixels, np.rot90(drawing, -1))
        assert (header.width, header.height) == (24, 40)

    @pytest.mark.parametrize("name", ["a.png", "a.webp"])
    def test_damaged_exif_is_upright_and_said(self, name, drawing, save):
        path = save(drawing, name, exif=b"Exif\0\0garbage")
        assert read_picture(path).notes == ("its EXIF block is damaged: taken as upright",)


class TestRefused:
    def refused(self, path, *words, **options):
        for read in (read_picture, read_header):
            with pytest.raises(PictureError) as caught:
                read(path, **options)
            assert path.name in caught.value.message
            for word in words:
                assert word in str(caught.value)

    def test_missing(self, tmp_path):
        self.refused(tmp_path / "no.png", "no such file")

    def test_a_folder(self, tmp_path):
        (tmp_path / "a.png").mkdir()
        self.refused(tmp_path / "a.png", "folder")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
    def test_a_pipe_does_not_hang(self, tmp_path):
        os.mkfifo(tmp_path / "a.png")
        self.refused(tmp_path / "a.png", "device")

    def test_empty(self, tmp_path):
        path = tmp_path / "a.png"
        path.write_bytes(b"")
        self.refused(path, "empty (0 bytes)")

    def test_text_with_the_name_of_a_picture(self, tmp_path):
        path = tmp_path / "a.png"
        path.write_text("1girl, smile", encoding="utf-8")
        self.refused(path, "it is a text file", "Export it as PNG")

    @pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
    @pytest.mark.parametrize("share", [0.5, 0.9])
    def test_cut_off(self, name, share, save):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        path = save(noise, name)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        self.refused(path, "Copy or download the file again")

    def test_cut_off_inside_the_header(self, drawing, save):
        path = save(drawing, "a.png")
        path.write_bytes(path.read_bytes()[:20])
        self.refused(path, "cannot be understood")

    def test_damage_in_the_middle_is_found_when_verified(self, save):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        path = save(noise, "a.png")
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 255
        path.write_bytes(data)
        assert read_header(path).width == 64
        with pytest.raises(PictureError, match="damaged"):
            read_header(path, verify=True)

    def test_bomb_is_refused_from_its_header(self, png_bomb):
        self.refused(png_bomb, "30000x30000 is 900 megapixels", "max_megapixels")

    @pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
    def test_the_limit_holds_for_every_format(self, name, drawing, save):
        path = save(drawing, name)
        self.refused(path, "megapixels", max_megapixels=0.0009)
        assert read_picture(path, max_megapixels=0.00096).width == 40

    @pytest.mark.parametrize(
        "options", [{"lossless": True}, {"quality": 80}, {"lossless": True, "exif": b"Exif\0\0"}]
    )
    def test_webp_says_its_size_in_three_ways(self, options, drawing, save):
        picture = Image.fromarray(drawing)
        if "exif" in options:
            picture.putalpha(Image.fromarray(drawing[..., 0]))
        path = save(picture, "a.webp", **options)
        self.refused(path, "40x24", max_megapixels=0.0009)
        assert read_picture(path, max_megapixels=0.00096).width == 40

    def test_unreadable(self, drawing, save, monkeypatch):
        path = save(drawing, "a.png")

        def forbid(self, *args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(path), "open", forbid)
        self.refused(path, "cannot be opened (Permission denied)")


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_damaged_bytes_never_raise_anything_but_a_picture_error(name, drawing, save):
    noise = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    path = save(noise, name, **(LOSSLESS | LOSSY)[name])
    sound = path.read_bytes()
    rng = random.Random(name)
    for _ in range(60):
        data = bytearray(sound)
        for _ in range(rng.choice((1, 4, 16))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])
        for read in (read_header, read_picture):
            try:
                read(path, max_megapixels=1)
            except PictureError:
                continue


def test_embedded_prompt_is_offered(drawing, save):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "1girl, smile\nNegative prompt: bad\nSteps: 20, Seed: 1")
    assert read_header(save(drawing, "a.png", pnginfo=info)).prompt == "1girl, smile"
    assert read_header(save(drawing, "b.png")).prompt is None


def test_reading_in_threads_keeps_the_callers_warning_filters(drawing, save):
    paths = [save(drawing, f"{i}.png") for i in range(4)]
    before = list(warnings.filters)

    def work(path):
        for _ in range(20):
            read_picture(path)

    threads = [threading.Thread(target=work, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def import_cases(shared_data):
    with (shared_data / "prep-cases" / "cases.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] == "import"]
    assert len(rows) == 23
    return {row["file"].removeprefix("prep-cases/import/"): row for row in rows}


CASES_REFUSED = {
    "truncated.jpg": "damaged or cut off",
    "zero_bytes.png": "0 bytes",
    "text_file.png": "text file",
    "huge_30000x30000.png": "900 megapixels",
}
CASES_NOTED = {
    "exif_rotate6.jpg": "orientation 6",
    "png_named.jpg": "is a PNG picture",
    "cmyk.jpg": "CMYK",
    "grey16.png": "16 bits",
    "animated.webp": "first of 4 frames",
    "animated.gif": "first of 4 frames",
}
CASES_CLEAR = ("rgba.png", "la.png", "palette_trns.png", "hidden_magenta.png")


@pytest.mark.shared_data
class TestImportCases:
    def test_every_case_is_read_or_refused_as_expected(self, shared_data):
        folder = shared_data / "prep-cases" / "import"
        for name in import_cases(shared_data):
            if name in CASES_REFUSED:
                with pytest.raises(PictureError, match=CASES_REFUSED[name]):
                    read_picture(folder / name)
                with pytest.raises(PictureError, match=CASES_REFUSED[name]):
                    read_header(folder / name)
                continue
            picture, header = read_picture(folder / name), read_header(folder / name)
            assert (header.width, header.height) == (picture.width, picture.height), name
            assert CASES_NOTED.get(name, "") in " ".join(picture.notes), name
            assert (picture.alpha is not None) == (name in CASES_CLEAR), name

    def test_transparent_becomes_white_without_hidden_colour(self, shared_data):
        folder = shared_data / "prep-cases" / "import"
        plain = read_picture(folder / "rgba.png")
        for name in CASES_CLEAR:
            picture = read_picture(folder / name)
            assert picture.alpha is not None
            assert (picture.pixels[picture.alpha == 0] == 255).all(), name
        hidden = read_picture(folder / "hidden_magenta.png")
        np.testing.assert_array_equal(hidden.pixels, plain.pixels)

    def test_turned_and_grey_pictures_look_like_their_source(self, shared_data):
        folder = shared_data / "prep-cases" / "import"
        upright, plain = (read_picture(folder / n) for n in ("exif_rotate6.jpg", "progressive.jpg"))
        assert upright.pixels.shape == plain.pixels.shape
        assert np.abs(upright.pixels.astype(int) - plain.pixels).mean() < 4
        cmyk = read_picture(folder / "cmyk.jpg")
        assert np.abs(cmyk.pixels.astype(int) - plain.pixels).mean() < 4
        grey = read_picture(folder / "grey16.png").pixels
        assert 100 < grey.mean() < 220
        assert grey.std() > 30

    def test_embedded_prompt(self, shared_data):
        folder = shared_data / "prep-cases" / "import"
        assert read_header(folder / "sd_metadata.png").prompt == "1girl, solo, test prompt"
