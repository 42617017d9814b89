import json

import pytest

from enogu.config import config_json_schema, read_config_file, resolve, write_config_file
from enogu.config.resolve import nest
from enogu.errors import ConfigError, ProjectError


def test_written_settings_are_read_back(tmp_path):
    path = tmp_path / "enogu.toml"
    values = {"version": 1, "base": "mini", "captions.trigger": "絵の具", "train.rank": 4}
    write_config_file(path, values, comments={"captions.trigger": "the word"})
    assert "# the word" in path.read_text(encoding="utf-8")
    config = resolve(read_config_file(path)).config
    assert (config.captions.trigger, config.train.rank) == ("絵の具", 4)


@pytest.mark.parametrize(
    ("data", "error", "expected"),
    [
        (b"base = mini", ConfigError, "not valid TOML"),
        ("base = '絵'".encode("cp932"), ConfigError, "not UTF-8"),
        (b"version = 'one'", ConfigError, "whole number"),
        (b"version = 99", ProjectError, "made by a newer Enogu"),
    ],
)
def test_unreadable_settings_are_refused(tmp_path, data, error, expected):
    path = tmp_path / "enogu.toml"
    path.write_bytes(data)
    with pytest.raises(error, match=expected):
        read_config_file(path)


def test_comments_stand_above_their_own_line(tmp_path):
    path = tmp_path / "enogu.toml"
    values = {"train.loss.type": "huber", "train.rank": 4, "train.optimizer_args": {"eps": 1.0}}
    comments = {"train.loss.type": "about loss", "train.rank": "about rank"}
    write_config_file(path, values, comments=comments)
    text = path.read_text(encoding="utf-8")
    assert "# about rank\nrank = 4\n" in text
    assert '[train.loss]\n# about loss\ntype = "huber"\n' in text
    assert nest(values) == read_config_file(path)


def test_missing_settings_say_how_to_begin(tmp_path):
    with pytest.raises(ProjectError, match="enogu new"):
        read_config_file(tmp_path / "enogu.toml")


def test_schema_explains_settings_for_editors():
    schema = json.loads(config_json_schema())
    rank = schema["$defs"]["TrainConfig"]["properties"]["rank"]
    assert rank["minimum"] == 1
    assert "adapter" in rank["description"]
