import numpy as np
import pytest
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.buckets import BucketSize, cover
from enogu.pictures.fit import fit_mask, fit_pixels
from enogu.pictures.read import decode_picture, read_picture
from enogu.pictures.read_fitted import read_fitted

ENOUGH_DB = 47.0
"""What counts as the same picture as one that was decoded whole and shrunk by Pillow."""


def drawing(width, height):
    """Shapes with soft edges, as high as they are wide or not."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    disc = 1 / (1 + np.exp(60 * (np.hypot(across - 0.4, down - 0.6) - 0.25)))
    waves = np.sin(25 * across + 12 * down)
    return np.stack([255 * disc, 127 + 120 * waves * (1 - disc), 60 + 150 * down], axis=-1).astype(
        np.uint8
    )


def psnr(one, other):
    return 10 * np.log10(255**2 / max(1e-9, ((one.astype(float) - other) ** 2).mean()))


def fit_of(picture, side=64):
    return cover(BucketSize(picture.width, picture.height), BucketSize(side, side + 32))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("crop", [None, Box(20, 31, 171, 193)])
def test_equals_reading_whole_and_fitting(tmp_path, orientation, crop):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    Image.fromarray(drawing(203, 301)).save(path, exif=exif)
    picture = read_picture(path)
    size = (picture.width, picture.height) if crop is None else (crop.width, crop.height)
    fit = cover(BucketSize(*size), BucketSize(64, 96))
    part = picture.pixels if crop is None else picture.pixels[crop.rows, crop.columns]
    expected = fit_pixels(np.ascontiguousarray(part), fit)
    found = read_fitted(path, fit, crop=crop)
    assert found.pixels.shape == (96, 64, 3)
    # Turned pictures are rounded after the other of two passes.
    assert np.abs(found.pixels.astype(int) - expected).max() <= 2
    assert found.alpha is None


class TestLargeJpeg:
    @pytest.mark.parametrize("orientation", [1, 6])
    def test_is_decoded_smaller_and_looks_the_same(self, tmp_path, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / "a.jpg"
        Image.fromarray(drawing(901, 605)).save(path, quality=95, exif=exif)
        picture = read_picture(path)
        fit = fit_of(picture)
        found = read_fitted(path, fit).pixels
        whole = Image.fromarray(picture.pixels).resize(fit.resized, Image.Resampling.LANCZOS)
        left, top = fit.crop_left, fit.crop_top
        expected = np.asarray(whole)[top : top + 96, left : left + 64]
        assert psnr(found, expected) >= ENOUGH_DB

    def test_keeps_what_is_asked_for(self, tmp_path):
        path = tmp_path / "a.jpg"
        Image.fromarray(drawing(401, 300)).save(path)
        for least, size, extent in (
            ((200, 150), (201, 150), (200.5, 150.0)),
            ((101, 76), (201, 150), (200.5, 150.0)),
            ((100, 75), (101, 75), (100.25, 75.0)),
            ((201, 10), (401, 300), (401.0, 300.0)),
            (None, (401, 300), (401.0, 300.0)),
        ):
            decoded = decode_picture(path, least=least)
            assert (decoded.image.size, decoded.extent, decoded.size) == (size, extent, (401, 300))

    def test_cmyk_is_decoded_smaller_too(self, tmp_path):
        path = tmp_path / "a.jpg"
        Image.fromarray(drawing(400, 300)).convert("CMYK").save(path)
        decoded = decode_picture(path, least=(100, 75))
        assert (decoded.image.mode, decoded.image.size) == ("RGB", (100, 75))


def test_transparent_parts_show_the_background(tmp_path):
    pixels = np.dstack([drawing(200, 200), np.full((200, 200), 255, np.uint8)])
    pixels[:100, :, 3] = 0
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    picture = read_picture(path, background="#204060")
    fit = fit_of(picture)
    found = read_fitted(path, fit, background="#204060")
    np.testing.assert_array_equal(found.pixels, fit_pixels(picture.pixels, fit))
    np.testing.assert_array_equal(found.alpha, fit_mask(picture.alpha, fit))
    assert found.pixels[0, 0].tolist() == [0x20, 0x40, 0x60]


def test_areas_are_averaged_on_request(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(drawing(901, 605)).save(path)
    picture = read_picture(path)
    fit = fit_of(picture)
    expected = fit_pixels(picture.pixels, fit, shrink="area")
    np.testing.assert_array_equal(read_fitted(path, fit, shrink="area").pixels, expected)


def test_small_pictures_grow(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(drawing(40, 50)).save(path)
    picture = read_picture(path)
    fit = fit_of(picture)
    np.testing.assert_array_equal(read_fitted(path, fit).pixels, fit_pixels(picture.pixels, fit))


@pytest.mark.parametrize("crop", [None, Box(150, 0, 310, 200)])
def test_a_picture_that_changed_is_refused(tmp_path, crop):
    path = tmp_path / "a.png"
    Image.fromarray(drawing(301, 200)).save(path)
    size = BucketSize(300, 200) if crop is None else BucketSize(160, 200)
    with pytest.raises(PictureError, match=r"a\.png: is 301x200, and (300|160)x200"):
        read_fitted(path, cover(size, BucketSize(64, 64)), crop=crop)


@pytest.mark.shared_data
def test_every_kind_of_file_is_read_as_if_it_were_whole(shared_data):
    num_read = 0
    for path in sorted((shared_data / "prep-cases" / "import").iterdir()):
        try:
            picture = read_picture(path)
        except PictureError:
            continue
        size = BucketSize(picture.width, picture.height)
        side = max(1, min(size) // 2)
        fit = cover(size, BucketSize(side, side))
        found = read_fitted(path, fit)
        # Turned files are clipped between the other two passes, which shows at hard edges.
        assert psnr(found.pixels, fit_pixels(picture.pixels, fit)) >= ENOUGH_DB, path.name
        assert (found.alpha is None) == (picture.alpha is None), path.name
        num_read += 1
    assert num_read >= 10
