import numpy as np
import pytest

from enogu.errors import PictureError
from enogu.pictures.background import (
    BackgroundSettings,
    background_tags,
    cut_out,
    find_background,
    loss_mask,
    on_colour,
)


@pytest.fixture
def found(draw_figure, laid_on):
    return find_background(laid_on(*draw_figure(), (0, 160, 0)), None, BackgroundSettings())


def test_the_new_background_is_all_there_is(found):
    anew = on_colour(found, (255, 0, 255))
    assert (anew[found.mask == 0] == (255, 0, 255)).all()
    whole = found.mask == 255
    assert np.array_equal(anew[whole], found.foreground[whole])


def test_a_cut_out_hides_no_old_background(found):
    out = cut_out(found)
    assert out.shape == (*found.mask.shape, 4)
    assert np.array_equal(out[..., 3], found.mask)
    assert (out[found.mask == 0][:, :3] == 255).all()


@pytest.mark.parametrize(("weight", "least"), [(0.0, 0), (0.2, 51), (1.0, 255)])
def test_a_loss_mask_gives_the_background_its_weight(found, weight, least):
    mask = loss_mask(found, background_weight=weight)
    assert mask.min() == least
    assert mask.max() == 255


def test_without_a_mask_nothing_can_be_made():
    scene = np.random.default_rng(2).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    found = find_background(scene, None, BackgroundSettings())
    for use in (
        lambda: on_colour(found, (0, 0, 0)),
        lambda: cut_out(found),
        lambda: loss_mask(found),
    ):
        with pytest.raises(PictureError, match="rim"):
            use()


@pytest.mark.parametrize(
    ("colour", "tag"),
    [
        ((255, 255, 255), "white background"),
        ((0, 0, 0), "black background"),
        ((200, 30, 30), "simple background"),
        (None, "transparent background"),
    ],
)
def test_the_caption_names_the_new_background_once(colour, tag):
    tags = ["1girl", "grey background", "Gradient_Background", "holding book", tag]
    assert background_tags(tags, colour) == ["1girl", "holding book", tag]


def test_a_scene_in_the_caption_stays():
    tags = ["1girl", "simple background", "forest background"]
    assert background_tags(tags, (255, 255, 255)) == [*tags, "white background"]
