import tomllib

import pytest

from enogu.tags import vocabulary
from enogu.tags.dataset.groups import GROUP_ORDER, SETTING_GROUPS, role_of
from enogu.tags.dataset.knowledge import Remembered, group_of
from enogu.tags.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.mktemp("vocabulary")))
        with Vocabulary.open() as words:
            yield Remembered(words)


def test_every_group_of_the_vocabulary_has_its_place(embedded):
    from importlib.resources import files

    text = (files(vocabulary) / "embedded" / "groups.toml").read_text(encoding="utf-8")
    groups = set(tomllib.loads(text))
    assert groups == set(GROUP_ORDER) - {""}
    assert groups > SETTING_GROUPS
    assert len(GROUP_ORDER) == len(set(GROUP_ORDER))


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("people", "1girl 2boys solo no_humans animal_focus"),
        ("trait", "blue_hair twintails ahoge very_long_hair red_eyes heterochromia cat_ears tail "
                  "dark_skin mole_under_eye beard fox_girl wavy_teal_hair star_eyes"),
        ("setting", "white_background simple_background full_body from_above night rain sketch "
                    "chibi monochrome highres pink_striped_background"),
        ("other", "hat star_hair_ornament white_hairband closed_eyes looking_at_viewer smile "
                  "open_mouth heart-shaped_pupils blush wet_hair fake_animal_ears dress sword "
                  "tail_ribbon never_heard_of_it"),
    ],
)  # fmt: skip
def test_roles_of_known_tags(embedded, role, names):
    assert {name: role_of(name, embedded) for name in names.split()} == dict.fromkeys(
        names.split(), role
    )


def test_without_vocabulary_only_endings_speak():
    names = ["blue_hair", "closed_eyes", "sky_background", "1girl", "hat"]
    assert [role_of(name, None) for name in names] == [
        "trait", "other", "setting", "people", "other",
    ]  # fmt: skip


def test_an_unknown_tag_takes_the_group_of_its_last_words(embedded):
    assert group_of(embedded, "shiny_golden_hairband") == group_of(embedded, "hairband")
    assert group_of(embedded, "nothing_of_the_kind") == ""
