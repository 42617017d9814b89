import pytest

from enogu.errors import ConfigError
from enogu.pictures.box import Box
from enogu.pictures.regions import CropSettings, FoundRegion, plan_crops

SETTINGS = CropSettings(min_side_px=100)
TAGS = ["xiaoyu", "1girl", "full body", "boots"]


def region(kind, *box, score=0.9):
    return FoundRegion(kind=kind, box=Box(*box), score=score, source="detector")


HEAD = region("head", 450, 200, 650, 400)
PERSON = region("person", 350, 180, 750, 1400)


def crops(regions, tags=TAGS, settings=SETTINGS, size=(1000, 1500)):
    return {crop.kind: crop for crop in plan_crops(regions, tags, *size, settings)}


def test_a_figure_gives_a_face_a_bust_and_a_full_crop():
    found = crops([HEAD, PERSON])
    assert list(found) == ["face", "bust", "full"]
    face, bust, full = (found[kind].box for kind in ("face", "bust", "full"))
    # Head and shoulders, square, with air above the head.
    assert face.width == face.height == 380
    assert face.top == 150
    assert (face.left + face.right) / 2 == 550
    # Three heads down from the top of the head.
    assert (bust.top, bust.height) == (150, 640)
    assert bust.width == 560
    for box in (face, bust):
        assert box.left <= 450 and box.top <= 200 and box.right >= 650 and box.bottom >= 400
    assert (full.left, full.top, full.right, full.bottom) == (289, 119, 811, 1461)
    assert all(crop.sure and not crop.reason for crop in found.values())


def test_captions_are_carried_over_with_the_framing_mended():
    found = crops([HEAD, PERSON])
    assert found["face"].tags == ("xiaoyu", "1girl", "portrait")
    assert found["bust"].tags == ("xiaoyu", "1girl", "upper body")
    assert found["full"].tags == ("xiaoyu", "1girl", "full body", "boots")


def test_a_face_stands_for_its_head():
    face = region("face", 490, 290, 610, 380)
    by_face, by_head = crops([face, PERSON])["face"].box, crops([HEAD, PERSON])["face"].box
    assert abs(by_face.left - by_head.left) < 50
    # A face inside a head that was found too is the same one.
    assert crops([HEAD, face, PERSON])["face"].box == by_head


def test_crops_end_at_the_rim():
    found = crops([region("head", 0, 0, 200, 200), region("person", 0, 0, 400, 1500)])
    assert (found["face"].box.left, found["face"].box.top) == (0, 0)
    assert found["full"].box == Box(0, 0, 475, 1500)


def test_small_crops_are_left_out():
    small = region("head", 500, 200, 540, 240)
    assert list(crops([small, PERSON])) == ["bust", "full"]
    assert list(crops([small, PERSON], settings=CropSettings(min_side_px=600))) == []


def test_a_crop_that_is_nearly_the_whole_picture_is_left_out():
    assert "full" not in crops([region("person", 20, 20, 990, 1490)])


def test_a_large_head_gives_no_bust():
    child = region("person", 400, 200, 700, 800)
    assert list(crops([HEAD, child])) == ["face", "full"]


@pytest.mark.parametrize(
    ("framing", "kinds"), [("portrait", ["full"]), ("upper body", ["face", "full"])]
)
def test_what_the_picture_already_is_is_not_cropped_again(framing, kinds):
    assert list(crops([HEAD, PERSON], tags=["1girl", framing])) == kinds


def test_a_figure_cut_off_below_is_not_called_a_full_body():
    cut = region("person", 350, 180, 750, 1500)
    assert crops([cut], tags=["1girl"])["full"].tags == ("1girl",)
    assert crops([PERSON], tags=["1girl"])["full"].tags == ("1girl", "full body")
    assert crops([cut], tags=["cowboy shot"])["full"].tags == ("cowboy shot",)
    assert crops([PERSON], tags=["wide shot"])["full"].tags == ("full body",)


def test_the_subject_stands_in_for_a_person_that_was_not_found():
    subject = region("subject", 350, 180, 750, 1400)
    assert crops([subject])["full"].box == crops([PERSON])["full"].box
    assert crops([subject, region("person", 300, 500, 700, 1300)])["full"].box.top == 460


def test_doubtful_regions_and_several_heads_are_not_sure():
    weak = region("head", 450, 200, 650, 400, score=0.3)
    face = crops([weak, PERSON])["face"]
    assert not face.sure
    assert "0.30" in face.reason
    other = region("head", 100, 700, 300, 900)
    face = crops([HEAD, other])["face"]
    assert not face.sure
    assert "2 heads" in face.reason


def test_only_the_wanted_kinds_are_made():
    assert list(crops([HEAD, PERSON], settings=CropSettings(kinds=("face",)))) == ["face"]
    assert crops([]) == {}


@pytest.mark.parametrize(
    ("values", "words"), [({"min_side_px": 0}, "min_side_px"), ({"max_overlap": 2}, "0 to 1")]
)
def test_wrong_settings_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        CropSettings(**values)
