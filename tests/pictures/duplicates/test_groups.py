import csv

import numpy as np
import pytest
from PIL import Image, ImageDraw

from enogu.errors import ConfigError, PictureError
from enogu.pictures.duplicates import DuplicateSettings, find_groups, fingerprint
from enogu.pictures.read import read_picture

CHANGES = ("jpeg40", "half", "crop", "mirror", "pad", "tone", "bar")


def grouped(images, settings=None):
    arrays = [np.asarray(image) for image in images]
    prints = [fingerprint(array) for array in arrays]
    return find_groups(prints, arrays.__getitem__, settings)


def copies_of(groups):
    return {match.index: group.keeper for group in groups for match in group.copies}


class TestCopies:
    @pytest.mark.parametrize("change", CHANGES)
    def test_of_every_kind_go_to_their_original(self, drawn, changed, change):
        originals = [drawn(seed) for seed in range(4)]
        groups = grouped(originals + [changed(image, change) for image in originals])
        assert copies_of(groups) == {4: 0, 5: 1, 6: 2, 7: 3}

    def test_all_kinds_at_once_make_one_group(self, drawn, changed):
        images = [changed(drawn(1), change) for change in CHANGES] + [drawn(1), drawn(2)]
        groups = grouped(images)
        assert len(groups) == 1
        assert len(groups[0].copies) == 7
        assert groups[0].keeper in (0, 3, 4, 5, 7)
        assert not groups[0].variants

    def test_say_what_was_done(self, drawn, changed):
        images = [drawn(1), *(changed(drawn(1), change) for change in CHANGES)]
        changes = {match.index: match.changes for match in grouped(images)[0].copies}
        named = dict(zip(CHANGES, range(1, 8), strict=True))
        assert changes[named["half"]] == ("resized",)
        assert changes[named["crop"]] == ("cropped",)
        assert changes[named["mirror"]] == ("mirrored",)
        assert "padded" in changes[named["pad"]]
        assert "tone" in changes[named["tone"]]
        assert changes[named["jpeg40"]] == ()

    def test_what_is_worth_more_is_kept(self, drawn, changed):
        arrays = [np.asarray(changed(drawn(1), "jpeg40")), np.asarray(drawn(1))]
        prints = [fingerprint(array) for array in arrays]
        for worth, keeper in (((2.0, 1.0), 0), ((1.0, 2.0), 1)):
            (group,) = find_groups(prints, arrays.__getitem__, worth=worth)
            assert group.keeper == keeper

    def test_a_poor_one_is_kept_only_among_its_like(self, drawn, changed):
        arrays = [np.asarray(drawn(1)), np.asarray(changed(drawn(1), "half"))]
        prints = [fingerprint(array) for array in arrays]
        for poor, keeper in (((), 0), ((0,), 1), ((0, 1), 0)):
            (group,) = find_groups(prints, arrays.__getitem__, poor=poor)
            assert group.keeper == keeper

    def test_equal_pixels_are_copies_without_a_comparison(self, drawn):
        def never(index):
            raise AssertionError(f"picture {index} need not be read")

        prints = [fingerprint(np.asarray(drawn(seed))) for seed in (1, 2, 1, 1)]
        (group,) = find_groups(prints, never)
        assert group.keeper == 0
        assert [match.index for match in group.copies] == [2, 3]
        assert all(match.changes == ("identical",) and match.sure for match in group.copies)

    def test_more_copies_than_neighbours_are_still_found(self, drawn, changed):
        image = drawn(1)
        images = [image]
        for quality, change in enumerate(("jpeg40", "half", "tone", "mirror", "pad") * 2):
            copy = changed(image, change)
            copy.putpixel((0, 0), (quality, 0, 0))
            images.append(copy)
        groups = grouped(images, DuplicateSettings(neighbours=2))
        assert len(groups) == 1
        assert len(groups[0].copies) == 10


class TestLookAlikes:
    def test_with_another_face_are_variants(self, drawn):
        image = drawn(1)
        other = image.copy()
        ImageDraw.Draw(other).ellipse((120, 100, 160, 140), fill="#ffff00", outline="#000000")
        (group,) = grouped([image, other])
        assert not group.copies
        assert [match.verdict for match in group.variants] == ["variant"]

    def test_of_another_colour_are_no_copies(self):
        def heart(colour):
            image = Image.new("RGB", (200, 200), "#ffffff")
            ImageDraw.Draw(image).polygon(
                [(100, 60), (140, 30), (175, 70), (100, 170), (25, 70), (60, 30)], fill=colour
            )
            return image

        assert not copies_of(grouped([heart("#d02030"), heart("#2040d0")]))

    def test_unrelated_pictures_make_no_group(self, drawn):
        assert grouped([drawn(seed) for seed in range(8)]) == []

    def test_blank_pictures_make_no_group(self):
        blank = [
            Image.new("RGB", (90, 60 + level), (level, level, level)) for level in (0, 90, 255)
        ]
        assert grouped(blank) == []


class TestBadInput:
    def test_pictures_that_cannot_be_read_have_no_copies(self, drawn, changed):
        images = [drawn(1), changed(drawn(1), "jpeg40"), changed(drawn(1), "tone")]
        arrays = [np.asarray(image) for image in images]

        def load(index):
            if index == 1:
                raise PictureError("gone")
            return arrays[index]

        groups = find_groups([fingerprint(array) for array in arrays], load)
        assert copies_of(groups) == {2: 0}

    def test_pictures_that_changed_meanwhile_have_no_copies(self, drawn, changed):
        arrays = [np.asarray(drawn(1)), np.asarray(changed(drawn(1), "jpeg40"))]
        prints = [fingerprint(array) for array in arrays]
        assert find_groups(prints, lambda index: arrays[index][:100]) == []

    def test_nothing_and_one(self, drawn):
        assert grouped([]) == []
        assert grouped([drawn(1)]) == []

    @pytest.mark.parametrize(
        ("name", "value"), [("neighbours", 0), ("min_similarity", 2.0), ("sure_difference", 11.0)]
    )
    def test_settings_out_of_range_are_refused(self, name, value):
        with pytest.raises(ConfigError, match=rf"duplicates\.{name} must be .* got {value}"):
            DuplicateSettings(**{name: value})


def read_all(paths):
    arrays, prints = [], []
    for path in paths:
        picture = read_picture(path)
        arrays.append(picture.pixels)
        prints.append(fingerprint(picture.pixels, picture.alpha))
    return find_groups(prints, arrays.__getitem__)


def pictures_in(folder, step=1):
    return [p for p in sorted(folder.iterdir()) if p.suffix in (".png", ".jpg")][::step]


@pytest.mark.shared_data
def test_real_copies_are_found_and_look_alikes_kept(shared_data):
    with (shared_data / "prep-cases" / "cases.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    copies = [row for row in rows if row["kind"] == "duplicate"]
    alike = [row for row in rows if row["kind"] == "hard-negative"]
    names = dict.fromkeys(row["source"] for row in copies)
    names |= dict.fromkeys(name for row in alike for name in (row["file"], row["source"]))
    names |= dict.fromkeys(row["file"] for row in copies)
    place = {name: index for index, name in enumerate(names)}
    keeper_of = copies_of(read_all([shared_data / name for name in names]))

    def group(name):
        return keeper_of.get(place[name], place[name])

    found = {row["file"]: group(row["file"]) == group(row["source"]) for row in copies}
    crops = [found[row["file"]] for row in copies if row["params"] == "crop6"]
    rest = [found[row["file"]] for row in copies if row["params"] != "crop6"]
    assert len(found) == 60
    assert sum(crops) >= 0.9 * len(crops), found
    assert sum(rest) >= 0.98 * len(rest), found
    for row in alike:
        assert group(row["file"]) != group(row["source"]), row["file"]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["ankitan", "cats", "gopher-emo", "gopher-sketch", "illustrations", "lpc"]
)
def test_distinct_drawings_are_no_copies(shared_data, name):
    # A part of the large sets is enough for each run; the benchmark takes all of them.
    paths = pictures_in(shared_data / name, step={"lpc": 5, "cats": 3}.get(name, 1))
    assert copies_of(read_all(paths)) == {}
