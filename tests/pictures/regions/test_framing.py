import pytest

from enogu.pictures.regions import framing_of, reframed_tags

TAGS = ["xiaoyu", "1girl", "full body", "blue hair", "red_boots", "white thighhighs", "black skirt"]


def test_the_framing_tag_is_replaced_in_its_place():
    assert reframed_tags(TAGS, "upper body") == [
        "xiaoyu",
        "1girl",
        "upper body",
        "blue hair",
        "black skirt",
    ]


def test_a_portrait_shows_no_skirt():
    assert reframed_tags(TAGS, "portrait") == ["xiaoyu", "1girl", "portrait", "blue hair"]


def test_a_full_body_keeps_everything():
    assert reframed_tags(TAGS, "full body") == TAGS


def test_without_an_old_framing_tag_the_new_one_comes_last():
    assert reframed_tags(["1girl", "smile"], "portrait") == ["1girl", "smile", "portrait"]


def test_tags_of_the_old_cut_go_and_no_tag_comes_twice():
    tags = ["Cowboy_Shot", "1girl", "feet out of frame", "upper body", "1girl"]
    assert reframed_tags(tags, "upper body") == ["upper body", "1girl"]
    assert reframed_tags(tags, None) == ["1girl"]


@pytest.mark.parametrize(
    ("tags", "key"),
    [(["1girl", "Upper Body"], "upper_body"), (["close-up"], "close-up"), (["1girl"], None)],
)
def test_the_framing_of_a_caption_is_found_in_any_spelling(tags, key):
    assert framing_of(tags) == key
