import numpy as np
import pytest
from PIL import Image

from enogu.pictures.onnx_file import InputCard, from_output, to_input
from enogu.pictures.onnx_file.prepare import place, resized


def test_a_wide_picture_is_letterboxed_in_the_middle():
    card = InputCard(width=100, height=100, padding=114)
    picture = np.full((30, 60, 3), 255, dtype=np.uint8)
    values, placed = to_input(picture, card)
    assert values.shape == (1, 3, 100, 100)
    assert values.dtype == np.float32
    assert (placed.left, placed.top, placed.width, placed.height) == (0, 25, 100, 50)
    assert (values[0, :, 25:75] == 1).all()
    assert values[0, :, :25] == pytest.approx(np.float32(114 / 255))
    assert values[0, :, 75:] == pytest.approx(np.float32(114 / 255))


def test_the_size_in_the_letterbox_is_cut_and_not_rounded():
    """As in inference.py of anime-segmentation: int(s * w / h), and the odd pixel to the right."""
    placed = place(301, 404, InputCard(width=1024, height=1024))
    assert (placed.width, placed.height) == (int(1024 * 301 / 404), 1024)
    assert placed.left == (1024 - placed.width) // 2


def test_stretching_fills_the_input():
    placed = place(30, 60, InputCard(width=64, height=48, fit="stretch"))
    assert (placed.left, placed.top, placed.width, placed.height) == (0, 0, 64, 48)


def test_channels_range_and_layout_are_as_the_card_says():
    card = InputCard(
        width=2,
        height=2,
        layout="NHWC",
        channels="BGR",
        divide_by=255,
        mean=(0.1, 0.2, 0.3),
        std=(1, 2, 4),
    )
    picture = np.full((2, 2, 3), (255, 51, 0), dtype=np.uint8)
    values, _ = to_input(picture, card)
    assert values.shape == (1, 2, 2, 3)
    assert values[0, 0, 0] == pytest.approx([-0.1, 0.0, 0.175], abs=1e-6)


def test_values_may_stay_from_0_to_255():
    values, _ = to_input(
        np.full((4, 4, 3), 200, dtype=np.uint8), InputCard(width=4, height=4, divide_by=1)
    )
    assert (values == 200).all()


@pytest.mark.parametrize(("size", "new"), [((7, 5), (14, 15)), ((12, 9), (5, 4)), ((1, 3), (4, 2))])
def test_linear_sampling_is_that_of_pixel_centres(size, new):
    """Against the definition: the four nearest pixels, weighted by their distance."""
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
    got = resized(picture, new[1], new[0], "linear")
    for y in range(new[0]):
        for x in range(new[1]):
            v = min(max((y + 0.5) * size[0] / new[0] - 0.5, 0), size[0] - 1)
            u = min(max((x + 0.5) * size[1] / new[1] - 0.5, 0), size[1] - 1)
            v0, u0 = int(v), int(u)
            v1, u1 = min(v0 + 1, size[0] - 1), min(u0 + 1, size[1] - 1)
            fv, fu = v - v0, u - u0
            upper = picture[v0, u0] * (1 - fu) + picture[v0, u1] * fu
            lower = picture[v1, u0] * (1 - fu) + picture[v1, u1] * fu
            assert got[y, x] == pytest.approx(upper * (1 - fv) + lower * fv, abs=1e-3)


def test_smooth_sampling_is_that_of_pillow():
    picture = np.random.default_rng(2).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    expected = Image.fromarray(picture).resize((11, 13), Image.Resampling.BILINEAR)
    assert np.array_equal(resized(picture, 11, 13, "smooth"), np.asarray(expected))


@pytest.mark.parametrize("size", [(30, 60), (61, 30), (200, 200)])
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("shrunk", [1, 2])
def test_a_map_comes_back_to_where_the_picture_was(size, fit, shrunk):
    card = InputCard(width=64, height=64, fit=fit)
    picture = np.zeros((*size, 3), dtype=np.uint8)
    picture[: size[0] // 2, : size[1] // 2] = 255
    values, placed = to_input(picture, card)
    answer = np.ascontiguousarray(values[0, 0, ::shrunk, ::shrunk])
    back = from_output(answer, placed, card)
    assert back.shape == size
    assert ((back > 0.5) == (picture[..., 0] > 128)).mean() > 0.93


def test_positions_go_back_to_the_picture():
    placed = place(60, 30, InputCard(width=100, height=100))
    assert placed.to_source_x(np.float32([0, 50, 100])) == pytest.approx([0, 30, 60])
    assert placed.to_source_y(np.float32([25, 50, 75])) == pytest.approx([0, 15, 30])
