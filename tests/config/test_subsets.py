"""Settings of single folders are those of all, with what the folder says in their place."""

import pytest

from enogu.config import (
    CAPTION_SETTINGS,
    PICTURE_SETTINGS,
    CaptionsConfig,
    PicturesConfig,
    ProjectConfig,
    SubsetConfig,
    read_config_file,
    resolve,
    with_subset,
    write_config_file,
)
from enogu.errors import ConfigError

OWN = {"folder", "repeats", "class_words", "regularisation", "masks"}


def test_each_setting_is_one_of_all_pictures_or_of_the_folder_alone():
    named = (*PICTURE_SETTINGS, *CAPTION_SETTINGS)
    assert {*named} | OWN == {*SubsetConfig.model_fields}
    assert len(set(named)) == len(named)
    assert {*CAPTION_SETTINGS} == {*CaptionsConfig.model_fields} - {"variants"}


@pytest.mark.parametrize("name", [*PICTURE_SETTINGS, *CAPTION_SETTINGS])
def test_values_that_all_pictures_take_are_those_that_a_folder_takes(name):
    owner = PicturesConfig if name in PICTURE_SETTINGS else CaptionsConfig
    allowed = owner.model_json_schema()["properties"][name]
    mine = SubsetConfig.model_json_schema()["properties"][name]

    def kinds(schema):
        bare = {key: value for key, value in schema.items() if key not in ("default", "title")}
        bare.pop("description", None)
        return [one for one in bare.get("anyOf", [bare]) if one != {"type": "null"}]

    assert kinds(mine) == kinds(allowed)


def test_what_a_folder_leaves_out_is_as_for_all():
    subset = SubsetConfig(folder="pictures\\a/", shuffle=False, keep_tags=2, flip="symmetric")
    assert subset.folder == "pictures/a"
    config = ProjectConfig(
        captions=CaptionsConfig(trigger="hoshi", dropout=0.1),
        pictures=PicturesConfig(vary_colour=0.2, subsets=(subset,)),
    )
    inside = with_subset(config, subset)
    assert (inside.captions.trigger, inside.captions.dropout) == ("hoshi", 0.1)
    assert (inside.captions.shuffle, inside.captions.keep_tags) == (False, 2)
    assert (inside.pictures.flip, inside.pictures.vary_colour) == ("symmetric", 0.2)
    assert inside.pictures.subsets == ()
    assert config.captions.shuffle is True


def test_a_resolution_of_its_own_frees_the_sides_of_the_buckets():
    whole = PicturesConfig(resolution=512, bucket_min=256, bucket_max=1024)
    config = ProjectConfig(pictures=whole)
    inside = with_subset(config, SubsetConfig(folder="pictures/a", resolution=1024)).pictures
    assert (inside.resolution, inside.bucket_min, inside.bucket_max) == (1024, None, None)
    other = SubsetConfig(folder="pictures/a", resolution=1024, bucket_max=2048)
    assert with_subset(config, other).pictures.bucket_max == 2048


def test_without_masks_transparency_is_none_either():
    config = ProjectConfig(pictures=PicturesConfig(alpha_as_mask=True))
    inside = with_subset(config, SubsetConfig(folder="pictures/a", masks=False))
    assert inside.pictures.alpha_as_mask is False


def test_tables_survive_the_settings_file(tmp_path):
    path = tmp_path / "enogu.toml"
    tables = [
        {"folder": "pictures/10_star", "flip": True, "keep_tags": 1},
        {"folder": "pictures/moon", "trigger": "tsuki", "repeats": 3},
    ]
    values = {"captions.trigger": "hoshi", "pictures.flip": "symmetric", "pictures.subsets": tables}
    write_config_file(path, values, comments={})
    assert path.read_text(encoding="utf-8").count("[[pictures.subsets]]") == 2
    config = resolve(read_config_file(path)).config
    assert [one.differences() for one in config.pictures.subsets] == [
        {"flip": True, "keep_tags": 1},
        {"trigger": "tsuki", "repeats": 3},
    ]
    assert (config.captions.trigger, config.pictures.flip) == ("hoshi", "symmetric")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"folder": "pictures/a", "keep_tokens": 1}, r"subsets\[0\]\.keep_tokens: unknown .*keep_"),
        ({"folder": "pictures/a", "zzz": 1}, "known are folder, repeats"),
        ({"folder": "pictures/a", "dropout": 2.0}, r"subsets\[0\]\.dropout: .*less than or equal"),
        ({"folder": "pictures/a", "repeats": 0}, r"subsets\[0\]\.repeats: .*got 0"),
        ({"folder": "pictures/a", "flip": "often"}, r"subsets\[0\]\.flip: "),
        ({"flip": True}, r"subsets\[0\]\.folder: field required"),
        ({"folder": ""}, r"subsets\[0\]\.folder"),
    ],
)
def test_a_wrong_table_is_refused_by_its_number_and_setting(table, message):
    with pytest.raises(ConfigError, match=message):
        resolve({"pictures": {"subsets": [table]}})
