import numpy as np
import pytest
from PIL import Image

from enogu.pictures.buckets import BucketFit, BucketSize, cover
from enogu.pictures.fit import area_sums, fit_mask, fit_pixels, resize_whole

# cv2.resize(..., interpolation=cv2.INTER_AREA) of OpenCV 5.0.0
PICTURE = (np.arange(7 * 9).reshape(7, 9) ** 2 * 7 % 256).astype(np.uint8)
OPENCV_4X3 = [[85, 113, 137, 123], [175, 145, 122, 139], [161, 145, 111, 159]]
OPENCV_HALF_8X6 = [[63, 103, 135, 95], [199, 167, 63, 143], [135, 95, 175, 119]]


def whole(width, height, new_width, new_height):
    size = BucketSize(new_width, new_height)
    return BucketFit(
        source=BucketSize(width, height), bucket=size, resized=size, crop_left=0, crop_top=0
    )


def exact_area(pixels, width, height):
    """Cover every new pixel with its share of the old ones, written out with plain matrices."""

    def weights(old, new):
        edges = np.arange(new + 1) * old / new
        cells = np.arange(old)
        overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
        return overlap.clip(0, 1) * new / old

    rows, columns = weights(pixels.shape[0], height), weights(pixels.shape[1], width)
    halfway = np.einsum("ab,bcd->acd", rows, pixels.astype(np.float64))
    return np.einsum("acd,ec->aed", halfway, columns)


class TestShrinkingByArea:
    def test_equals_opencv(self):
        np.testing.assert_array_equal(fit_mask(PICTURE, whole(9, 7, 4, 3)), OPENCV_4X3)
        even = np.ascontiguousarray(PICTURE[:6, :8])
        np.testing.assert_array_equal(fit_mask(even, whole(8, 6, 4, 3)), OPENCV_HALF_8X6)

    @pytest.mark.parametrize("size", [(32, 24), (59, 47), (13, 71)])
    def test_equals_area_shares(self, size):
        pixels = np.random.default_rng(0).integers(0, 256, (83, 61, 3), dtype=np.uint8)
        fitted = fit_pixels(pixels, whole(61, 83, *size), shrink="area")
        assert np.abs(fitted - exact_area(pixels, *size)).max() <= 0.501

    def test_a_crop_is_cut_from_the_same_pixels(self):
        pixels = np.random.default_rng(0).integers(0, 256, (301, 200), dtype=np.uint8)
        fit = cover(BucketSize(200, 301), BucketSize(128, 128))
        resized = fit_mask(pixels, whole(200, 301, *fit.resized))
        top = fit.crop_top
        assert top > 0
        np.testing.assert_array_equal(fit_mask(pixels, fit), resized[top : top + 128])

    def test_masks_are_shrunk_without_swinging_over(self):
        mask = np.full((100, 100), 10, dtype=np.uint8)
        mask[:, 50:] = 245
        fitted = fit_mask(mask, cover(BucketSize(100, 100), BucketSize(32, 32)))
        assert fitted.shape == (32, 32)
        assert np.unique(fitted[:, :16]).tolist() == [10]
        assert np.unique(fitted[:, 16:]).tolist() == [245]

    def test_one_colour_stays_the_same(self):
        pixels = np.full((333, 777, 3), 201, dtype=np.uint8)
        fitted = fit_pixels(pixels, whole(777, 333, 100, 50), shrink="area")
        assert np.unique(fitted).tolist() == [201]


class TestShrinkingByLanczos:
    def test_is_pillows_lanczos(self):
        # Blurred, because each rounds and clips between its two passes, in another order.
        noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        image = Image.fromarray(noise).resize((301, 402), Image.Resampling.BICUBIC)
        expected = np.asarray(image.resize((100, 150), Image.Resampling.LANCZOS)).astype(int)
        fitted = fit_pixels(np.asarray(image), whole(301, 402, 100, 150))
        assert np.abs(fitted - expected).max() <= 2

    def test_a_crop_is_cut_from_the_same_pixels(self):
        pixels = np.random.default_rng(0).integers(0, 256, (301, 200, 3), dtype=np.uint8)
        fit = cover(BucketSize(200, 301), BucketSize(128, 128))
        fitted, resized = fit_pixels(pixels, fit), resize_whole(pixels, fit)
        assert resized.shape == (fit.resized.height, fit.resized.width, 3)
        top = fit.crop_top
        assert top > 0
        assert np.abs(fitted.astype(int) - resized[top : top + 128]).max() <= 1

    def test_one_colour_stays_the_same(self):
        pixels = np.full((333, 777, 3), 201, dtype=np.uint8)
        assert np.unique(fit_pixels(pixels, whole(777, 333, 100, 50))).tolist() == [201]


class TestGrowing:
    def test_is_pillows_lanczos(self):
        pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        fit = cover(BucketSize(30, 20), BucketSize(64, 64))
        grown = np.asarray(Image.fromarray(pixels).resize(fit.resized, Image.Resampling.LANCZOS))
        left = fit.crop_left
        np.testing.assert_array_equal(fit_pixels(pixels, fit), grown[:, left : left + 64])

    def test_one_side_only_counts_as_growing(self):
        pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        grown = np.asarray(Image.fromarray(pixels).resize((30, 19), Image.Resampling.LANCZOS))
        np.testing.assert_array_equal(fit_pixels(pixels, whole(30, 20, 30, 19)), grown)


class TestSameSize:
    def test_pixels_are_only_cut_out(self):
        pixels = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
        fit = BucketFit(
            source=BucketSize(90, 70),
            bucket=BucketSize(64, 64),
            resized=BucketSize(90, 70),
            crop_left=13,
            crop_top=3,
        )
        fitted = fit_pixels(pixels, fit)
        np.testing.assert_array_equal(fitted, pixels[3:67, 13:77])
        assert fitted.flags.c_contiguous


def test_the_fit_of_another_picture_is_refused():
    with pytest.raises(ValueError, match="the picture is 9x7, its fit is for 10x7"):
        fit_pixels(PICTURE, whole(10, 7, 4, 3))


def test_area_sums_are_exact_for_whole_shares():
    values = np.arange(12, dtype=np.uint8).reshape(6, 2)
    assert area_sums(values, 2, slice(0, 2)).tolist() == [[6, 9], [24, 27]]
    assert area_sums(values, 2, slice(1, 2)).tolist() == [[24, 27]]
