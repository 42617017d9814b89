import math

import numpy as np
import pytest

from enogu.errors import CaptionError
from enogu.tags.dataset import captions_statistics, guess_trigger
from enogu.tags.dataset.documents import related_rows, statistics_as_dict, together_rows
from enogu.tags.dataset.drift import jensen_shannon


def character(make):
    files = {
        f"{n}.txt": ", ".join(["hero", "1girl", "blue_hair", "white_background", "smile"])
        for n in range(8)
    }
    files |= {"8.txt": "hero, 1girl, blue hair, hat", "9.txt": "hero, crying, red_eyes"}
    return make(files)


def test_absorbed_tags_are_told_with_their_role(make, knows):
    found = captions_statistics(character(make), knows, trigger="Hero")
    rows = [(row.name, row.count, row.share, row.role) for row in found.absorbed]
    assert rows == [
        ("1girl", 9, 0.9, "people"),
        ("blue_hair", 9, 0.9, "trait"),
        ("smile", 8, 0.8, "other"),
        ("white_background", 8, 0.8, "setting"),
    ]
    assert (found.trigger, found.with_trigger) == ("hero", 10)
    assert found.single == ("crying", "hat", "red_eyes")


def test_shares_count_among_the_captions_with_the_trigger(make, knows):
    captions = make({"a.txt": "hero, hat", "b.txt": "hero, hat", "c.txt": "dress"})
    assert [row.name for row in captions_statistics(captions, knows, trigger="hero").absorbed] == [
        "hat"
    ]
    assert captions_statistics(captions, knows, trigger="nobody").absorbed == ()
    assert captions_statistics(captions, knows).with_trigger == 0


def test_counts_are_of_captions_not_of_places(make, knows):
    found = captions_statistics(make({"a.txt": "hat, hat, smile", "b.txt": "hat\n\nhat"}), knows)
    rows = [(row.name, row.count, row.share, row.group) for row in found.tags]
    assert rows == [("hat", 3, 1.0, "headwear"), ("smile", 1, 1 / 3, "expression")]
    assert found.tags_per_caption == (1, 5 / 3, 3)


def test_pairs_never_together_are_of_different_groups_and_not_exclusive(make, knows):
    files = {f"a{n}.txt": "blue_hair, hat, dress" for n in range(4)}
    files |= {f"b{n}.txt": "black_hair, smile, dress, unknown thing" for n in range(4)}
    found = captions_statistics(make(files), knows)
    pairs = {(pair.first, pair.second): pair.expected for pair in found.apart}
    assert pairs == {
        ("blue_hair", "smile"): 2.0,
        ("hat", "black_hair"): 2.0,
        ("hat", "smile"): 2.0,
    }
    assert len(captions_statistics(make(files)).apart) > 3
    replaced = {f"c{n}.txt": "t-shirt, shirt" for n in range(4)}
    apart = captions_statistics(make(files | replaced), knows).apart
    pairs = {frozenset((pair.first, pair.second)) for pair in apart}
    assert {"hat", "shirt"} in pairs
    assert not {frozenset(("hat", "t-shirt")), frozenset(("dress", "shirt"))} & pairs
    assert captions_statistics(make(files), knows, least_expected=2.5).apart == ()


def test_drift_names_the_folder_and_the_tags(make, knows):
    files = {f"day/{n}.txt": "hero, smile" for n in range(4)}
    files |= {f"night/{n}.txt": "hero, crying" for n in range(4)}
    files |= {"rare/1.txt": "hat"}
    found = captions_statistics(make(files), knows).drift
    assert [row.folder for row in found] == ["day", "night"]
    assert [(tag.name, tag.here, tag.elsewhere) for tag in found[0].tags][:2] == [
        ("smile", 1.0, 0.0),
        ("crying", 0.0, 0.8),
    ]


def test_a_trigger_is_guessed_where_an_unknown_word_begins_the_captions(make, knows):
    files = {f"{n}.txt": "hero, 1girl" for n in range(9)} | {"9.txt": "1girl, hero"}
    assert guess_trigger(make(files), knows) == "hero"
    assert guess_trigger(make(files | {"8.txt": "smile"}), knows) == ""
    assert guess_trigger(make({name: "1girl, hero" for name in files}), knows) == ""
    assert guess_trigger(make(dict.fromkeys(files, "")), knows) == ""


def test_one_folder_has_no_drift(make, knows):
    assert captions_statistics(make({"a.txt": "a", "b.txt": "b"}), knows).drift == ()


def test_the_divergence_equals_its_closed_form():
    p, q = np.array([3, 1, 0]), np.array([1, 1, 6])
    a, b = [0.75, 0.25, 0.0], [0.125, 0.125, 0.75]
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]

    def relative_entropy(x):
        return sum(v * math.log2(v / m) for v, m in zip(x, middle, strict=True) if v)

    expected = (relative_entropy(a) + relative_entropy(b)) / 2
    assert jensen_shannon(p, q) == pytest.approx(expected, rel=1e-14)
    assert jensen_shannon(np.array([1, 0]), np.array([0, 5])) == 1.0
    assert jensen_shannon(p, 7 * p) == 0.0
    assert jensen_shannon(np.array([0, 0]), np.array([0, 5])) == 0.0


def test_pairs_are_listed_from_the_rarer_tag(make, knows):
    files = {"a.txt": "x, y, z", "b.txt": "x, y", "c.txt": "y", "d.txt": "w", "e.txt": "w"}
    found = captions_statistics(make(files), knows)
    first = together_rows(found, "cosine")[0]
    assert (first["first"], first["second"], first["together"]) == ("x", "y", 2)
    assert (first["frequency"], first["overlap"]) == (1.0, 1.0)
    assert first["cosine"] == round(2 / math.sqrt(6), 6)
    assert [row["second"] for row in related_rows(found, "Y", "jaccard")] == ["x", "z"]
    assert related_rows(found, "Y", "frequency")[0]["frequency"] == round(2 / 3, 6)
    with pytest.raises(CaptionError, match="no caption has the tag 'q'"):
        related_rows(found, "q")


def test_pairs_of_which_one_is_part_of_the_other_can_be_left_out(make):
    files = {"a.txt": "red dress, dress, hat, top hat, what", "b.txt": "z"}
    found = captions_statistics(make(files))
    pairs = {(row["first"], row["second"]) for row in together_rows(found, obvious=False)}
    assert len(together_rows(found)) == 10
    assert len(pairs) == 8
    assert not pairs & {("red_dress", "dress"), ("hat", "top_hat")}
    assert ("hat", "what") in pairs


def test_the_document_holds_all_lists(make, knows):
    document = statistics_as_dict(captions_statistics(character(make), knows, trigger="hero"))
    assert document["tags_per_caption"] == {"fewest": 3, "mean": 4.7, "most": 5}
    assert [row["name"] for row in document["absorbed"]][:1] == ["1girl"]
    assert document["files"] == document["captions"] == 10
    assert document["single"] == ["crying", "hat", "red_eyes"]


@pytest.mark.shared_data
def test_real_captions_of_one_character(shared_data, reread):
    found = captions_statistics(reread(shared_data / "ankitan"), trigger="ankitan")
    traits = {row.name for row in found.absorbed if row.role == "trait"}
    assert traits == {"blue_hair", "short_hair"}
    assert found.with_trigger == found.captions.num_captions == 51
