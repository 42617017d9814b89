import pytest

from enogu.tags.dataset import check_captions
from enogu.tags.dataset.documents import findings_as_dict
from enogu.tags.dataset.people import shows_several


def found(make, knows, files, kind, trigger=""):
    findings = check_captions(make(files), knows, trigger=trigger)
    return [(one.subject, one.count, one.better, one.note) for one in findings if one.kind == kind]


def test_contradictions_of_the_picture_need_no_single_person(make, knows):
    files = {
        "a.txt": "2girls, day, night, blue hair, black hair",
        "b.txt": "2girls, day, night, comic",
        "c.txt": "1girl, 2girls",
    }
    assert found(make, knows, files, "contradiction") == [
        ("1girl + 2girls", 1, (), ""),
        ("day + night", 1, (), ""),
    ]


def test_contradictions_need_one_person(make, knows):
    files = {
        "a.txt": "1girl, blue hair, black hair",
        "b.txt": "2girls, blue hair, black hair",
        "c.txt": "1girl, 1boy, blue hair, black hair",
        "d.txt": "very long hair, long hair",
        "e.txt": "blue hair, black hair, multicolored hair",
        "f.txt": "blue hair\n\nblack hair",
    }
    assert found(make, knows, files, "contradiction") == [("black hair + blue hair", 1, (), "")]


@pytest.mark.parametrize(
    ("names", "several"),
    [
        (["1girl", "solo"], False),
        (["1girl", "1boy"], True),
        (["6+girls"], True),
        (["multiple_boys"], True),
        (["12girls"], True),
        (["girls"], False),
        ([], False),
    ],
)
def test_when_a_caption_speaks_of_several(names, several):
    assert shows_several(names) is several


def test_other_names_and_names_no_longer_used(make, knows):
    files = {"a.txt": "tee, old hat", "b.txt": "Tee"}
    assert found(make, knows, files, "alias") == [
        ("old hat", 1, ("hat", "smile"), "no longer used"),
        ("tee", 2, ("t-shirt",), ""),
    ]


def test_unknown_tags_come_with_the_nearest_or_with_what_they_end_with(make, knows):
    files = {"a.txt": "hero, smlie, star hairband", "b.txt": "hero, smlie"}
    assert found(make, knows, files, "unknown", trigger="Hero") == [
        ("smlie", 2, ("smile",), ""),
    ]
    assert found(make, knows, files, "compound") == [
        ("star hairband", 1, (), "ends with hairband"),
    ]


def test_missing_parents_tell_whether_it_is_mixed(make, knows):
    files = {"a.txt": "witch hat", "b.txt": "witch hat, hat", "c.txt": "red dress"}
    assert found(make, knows, files, "parent") == [
        ("witch hat", 1, ("hat",), "mixed: both in 1"),
        ("red dress", 1, ("dress",), ""),
    ]


def test_repeated_tags_and_mixed_spelling(make, knows):
    files = {"a.txt": "hat, HAT, blue_hair", "b.txt": "hat, blue hair", "c.txt": "blue hair"}
    assert found(make, knows, files, "repeated") == [("hat", 1, (), "")]
    assert found(make, knows, files, "spelling") == [
        ("'blue hair' (2), 'blue_hair' (1)", 1, ("blue hair",), ""),
        ("'hat' (2), 'HAT' (1)", 1, ("hat",), ""),
    ]


def test_sentences_are_not_called_unknown(make, knows):
    files = {"a.txt": "a girl with a large hat in the rain, smile", "b.txt": ""}
    assert [row[:2] for row in found(make, knows, files, "phrase")] == [
        ("a girl with a large hat in the rain", 1)
    ]
    assert found(make, knows, files, "unknown") == []
    assert found(make, knows, files, "empty") == [("no tag at all", 1, (), "")]


def test_places_are_named_and_limited(make, knows):
    captions = make({f"{n}.txt": "smlie" for n in range(5)})
    (finding,) = check_captions(captions, knows)
    assert (finding.where, finding.count) == (("0.txt", "1.txt", "2.txt"), 5)
    document = findings_as_dict(captions, (finding,))
    assert document["findings"][0]["better"] == ("smile",)


def test_good_captions_have_no_findings(make, knows):
    assert check_captions(make({"a.txt": "1girl, blue hair, hat"}), knows) == ()
