import pytest

from enogu.pictures.symmetry import asymmetry_of, mirror_obstacles


@pytest.mark.parametrize(
    "tag",
    ["side ponytail", "eyepatch", "single glove", "mole under eye", "english text", "signature",
     "asymmetrical hair", "Hair Over One Eye", "star hair ornament", "scar across eye"],
)  # fmt: skip
def test_one_sided_features_are_known_in_any_spelling(tag):
    assert asymmetry_of(["1girl", tag, "smile"]) == tag


@pytest.mark.parametrize(
    "tag",
    ["twintails", "one eye closed", "holding sword", "looking to the side", "context", "from side"],
)
def test_poses_and_symmetric_features_may_be_mirrored(tag):
    assert asymmetry_of(["1girl", tag]) is None


def test_regions_count_too():
    assert asymmetry_of(["1girl"], ["face", "logo"]) == "logo"
    assert asymmetry_of(["1girl"], ["face", "subject"]) is None


def test_a_rare_feature_stops_only_its_own_picture():
    captions = ["1girl", "1girl, signature", "1girl", "1girl", "1girl"]
    assert mirror_obstacles([(caption, ()) for caption in captions]) == {1: "signature"}


def test_a_feature_of_the_subject_stops_pictures_without_its_tag_too():
    captions = ["hoshi, eyepatch", "hoshi, eyepatch", "hoshi", "hoshi, smile"]
    obstacles = mirror_obstacles([(caption, ()) for caption in captions])
    assert obstacles == dict.fromkeys(range(4), "eyepatch")


def test_regions_are_asked_of_each_sample():
    samples = [("1girl", ["text"]), ("1girl", []), ("1girl", []), ("1girl", [])]
    assert mirror_obstacles(samples) == {0: "text"}
