import csv
import dataclasses

import numpy as np
import pytest
from PIL import Image

from enogu.errors import ConfigError
from enogu.pictures.background import BackgroundSettings, find_background, on_colour
from enogu.pictures.box import Box
from enogu.pictures.read import read_picture

SETTINGS = BackgroundSettings()


def gradient(height, width, noise=0.0):
    y, x = np.mgrid[0:height, 0:width]
    slope = np.stack([200 - 0.4 * y, 180 - 0.3 * y + 0.1 * x, 150 - 0.2 * y], axis=-1)
    return slope + np.random.default_rng(3).normal(0, noise, slope.shape) if noise else slope


@pytest.mark.parametrize(
    "background", [(255, 255, 255), (0, 0, 0), (120, 200, 80), (154, 160, 176)]
)
@pytest.mark.parametrize("quality", [None, 85])
def test_a_figure_is_cut_from_one_colour(draw_figure, laid_on, overlap, background, quality):
    colour, alpha = draw_figure(outline=(20, 20, 20) if any(background) else (235, 235, 235))
    found = find_background(laid_on(colour, alpha, background, quality=quality), None, SETTINGS)
    assert found.verdict == "flat"
    assert overlap(found.mask, alpha) > 0.99
    assert np.abs(np.subtract(found.colour, background)).max() <= 2


@pytest.mark.parametrize("noise", [0, 4])
@pytest.mark.parametrize("quality", [None, 85])
def test_a_figure_is_cut_from_a_gradient(draw_figure, laid_on, overlap, noise, quality):
    colour, alpha = draw_figure()
    pixels = laid_on(colour, alpha, gradient(*alpha.shape, noise), quality=quality)
    found = find_background(pixels, None, SETTINGS)
    assert found.verdict == "smooth"
    assert overlap(found.mask, alpha) > 0.98


def test_the_edge_is_soft_and_free_of_the_old_colour(draw_figure, laid_on):
    colour, alpha = draw_figure()
    pixels = laid_on(colour, alpha, (0, 255, 0))
    found = find_background(pixels, None, SETTINGS)
    part = (found.mask > 0) & (found.mask < 255)
    assert part.sum() > 100
    assert np.abs(found.mask.astype(int) - alpha)[part].mean() < 25
    # The outline is grey, so any surplus of green is left from the background.
    rim = (alpha > 0) & (alpha < 255)
    anew = on_colour(found, (255, 255, 255)).astype(int)
    ideal = laid_on(colour, alpha, (255, 255, 255)).astype(int)

    def surplus(picture):
        return (picture[..., 1] - picture[..., 0])[rim].mean()

    assert surplus(pixels.astype(int)) > 60
    assert surplus(anew) < 8
    assert np.abs(anew - ideal)[rim].mean() < 20


def test_a_drawn_scene_is_left_alone():
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 255, (12, 14, 3), dtype=np.uint8)
    scene = np.asarray(Image.fromarray(blocks).resize((280, 240), Image.Resampling.BICUBIC))
    found = find_background(scene, None, SETTINGS)
    assert (found.method, found.verdict, found.mask) == ("none", "unsure", None)
    assert "rim" in found.reason


def test_alpha_goes_before_everything(draw_figure, laid_on):
    colour, alpha = draw_figure()
    found = find_background(laid_on(colour, alpha, (255, 255, 255)), alpha, SETTINGS)
    assert found.verdict == "alpha"
    assert np.array_equal(found.mask, alpha)
    # White, on which it was laid, is out of the edge again, as far as 8 bits allow.
    part = (alpha > 60) & (alpha < 255)
    assert np.abs(found.foreground.astype(int) - colour)[part].max() <= 5


def test_alpha_that_hides_next_to_nothing_is_not_a_mask(draw_figure, laid_on):
    colour, alpha = draw_figure()
    corners = np.full_like(alpha, 255)
    corners[:2, :2] = 0
    found = find_background(laid_on(colour, alpha, (255, 255, 255)), corners, SETTINGS)
    assert found.method == "flat"


def test_white_clothes_stay_although_the_outline_has_gaps(laid_on):
    white = np.full((300, 300, 3), 255, dtype=np.uint8)
    pixels = white.copy()
    pixels[80:220, 80:220] = 0
    pixels[83:217, 83:217] = 255
    pixels[120, 80:83] = 255
    found = find_background(pixels, None, SETTINGS)
    assert found.mask[150, 150] == 255
    assert found.subject == Box(80, 80, 220, 220)


def test_gaps_between_body_and_arm_open_on_a_colour_but_not_on_white():
    for background, gap_is_open in (((90, 160, 220), True), ((255, 255, 255), False)):
        pixels = np.full((200, 200, 3), background, dtype=np.uint8)
        pixels[50:150, 50:150] = 30
        pixels[80:120, 80:120] = background
        found = find_background(pixels, None, SETTINGS)
        assert bool(found.mask[100, 100] == 0) is gap_is_open
        for wish, value in (("background", 0), ("subject", 255)):
            asked = dataclasses.replace(SETTINGS, enclosed=wish)
            assert find_background(pixels, None, asked).mask[100, 100] == value


def test_the_subject_may_be_cut_off_by_the_lower_rim(draw_figure, laid_on, overlap):
    colour, alpha = draw_figure()
    pixels = laid_on(colour, alpha, (255, 255, 255))[:150]
    found = find_background(pixels, None, SETTINGS)
    assert found.verdict == "flat"
    assert overlap(found.mask, alpha[:150]) > 0.99
    assert found.subject.bottom == 150


@pytest.mark.parametrize(
    ("box", "words"),
    [((99, 99, 103, 103), "subject would be"), ((15, 15, 185, 185), "margin")],
)
def test_doubtful_subjects_are_unsure(box, words):
    pixels = np.full((200, 200, 3), 255, dtype=np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = (30, 60, 120)
    found = find_background(pixels, None, SETTINGS)
    assert found.verdict == "unsure"
    assert words in found.reason


def test_an_empty_picture_has_no_subject():
    found = find_background(np.full((64, 64, 3), 200, dtype=np.uint8), None, SETTINGS)
    assert found.verdict == "unsure"
    assert found.subject is None
    assert found.coverage == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 2), (2, 90)])
def test_the_smallest_pictures_do_not_fail(shape):
    pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert find_background(pixels, None, SETTINGS).verdict == "unsure"


def test_a_large_picture_is_looked_at_in_a_smaller_copy(draw_figure, laid_on, overlap):
    colour, alpha = draw_figure()
    pixels = laid_on(colour, alpha, (0, 200, 0))
    bounded = dataclasses.replace(SETTINGS, max_megapixels=alpha.size / 4e6)
    found = find_background(pixels, None, bounded)
    whole = find_background(pixels, None, SETTINGS)
    assert found.verdict == whole.verdict == "flat"
    assert overlap(found.mask, alpha) > 0.97
    assert not np.array_equal(found.mask, whole.mask)
    assert found.foreground.shape == pixels.shape
    rim = (found.mask > 0) & (found.mask < 255)
    assert np.abs(on_colour(found, (0, 200, 0)).astype(int) - pixels)[rim].mean() < 12


def test_the_same_picture_gives_the_same_mask(draw_figure, laid_on):
    colour, alpha = draw_figure()
    pixels = laid_on(colour, alpha, gradient(*alpha.shape, 3))
    one, other = (find_background(pixels, None, SETTINGS) for _ in range(2))
    assert np.array_equal(one.mask, other.mask)
    assert np.array_equal(one.foreground, other.foreground)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"enclosed": "sometimes"}, "enclosed must be"),
        ({"min_subject": 0.9, "max_subject": 0.5}, "0.9 and 0.5"),
        ({"max_subject": 1.5}, "1.5"),
        ({"max_megapixels": 0}, "max_megapixels"),
        ({"laid_on": "white"}, "#rrggbb"),
    ],
)
def test_wrong_settings_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        BackgroundSettings(**values)


@pytest.mark.shared_data
def test_real_drawings_reach_the_overlaps_asked_for(shared_data, overlap):
    by_kind = {"white": [], "flat": [], "gradient+noise": [], "scene": []}
    with (shared_data / "prep-cases" / "cases.csv").open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] == "background"]
    for row in rows:
        found = find_background(read_picture(shared_data / row["file"]).pixels, None, SETTINGS)
        truth = np.asarray(Image.open(shared_data / row["expected"]))
        kind = row["params"].removeprefix("background ").partition(":")[0]
        score = 0.0 if found.mask is None else overlap(found.mask, truth)
        by_kind[kind].append((score, found.sure))
    assert {kind: len(scores) for kind, scores in by_kind.items()} == {
        "white": 4,
        "flat": 3,
        "gradient+noise": 3,
        "scene": 3,
    }
    medians = {kind: np.median([score for score, _ in all_]) for kind, all_ in by_kind.items()}
    assert medians["flat"] >= 0.99
    assert medians["white"] >= 0.99
    assert medians["gradient+noise"] >= 0.97
    assert min(score for score, _ in by_kind["white"]) >= 0.97
    assert all(sure for kind in ("white", "flat", "gradient+noise") for _, sure in by_kind[kind])
    assert all(score >= 0.9 or not sure for score, sure in by_kind["scene"])
