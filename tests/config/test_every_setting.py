"""Every setting refuses what is no value of it, by its name; the settings themselves say which."""

import math

import pytest

from enogu.config import ProjectConfig, SubsetConfig, resolve, setting_names
from enogu.errors import ConfigError

SCHEMA = ProjectConfig.model_json_schema()
NOTHING_LIKE_IT = ({"a": {"b": 1}}, [[[1]]])
"""A table in a table and a list in lists are no setting's value."""


def followed(schema):
    """Return a part of the schema with its references put in."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def schema_of(name):
    schema = SCHEMA
    for part in name.split("."):
        schema = followed(schema)["properties"][part]
    return followed(schema)


def alternatives(schema):
    return [followed(one) for one in schema.get("anyOf", [schema])]


def wrong_types(schema):
    """Yield values of other types, those left out that may be read as the right one."""
    kinds = {one.get("type") for one in alternatives(schema)}
    kinds |= {type(word) for one in alternatives(schema) for word in one.get("enum", ())}
    yield from NOTHING_LIKE_IT
    if not kinds & {"boolean"}:
        yield True
    if kinds <= {"integer", "number", "boolean", "null"}:
        yield "a few"
    if "integer" in kinds and "number" not in kinds:
        yield 2.5
    if kinds <= {"string", "null", "array", "object", str}:
        yield 7
    if not kinds & {"array"}:
        yield ["x"]
    if "null" not in kinds:
        yield None


def out_of_range(schema):
    """Yield values just outside of what is allowed."""
    for one in alternatives(schema):
        whole = one.get("type") == "integer"
        step = 1 if whole else 1e-6
        if "minimum" in one:
            yield one["minimum"] - step
        if "maximum" in one:
            yield one["maximum"] + max(step, abs(one["maximum"]) * 1e-6 if not whole else step)
        for bound in ("exclusiveMinimum", "exclusiveMaximum"):
            if bound in one:
                yield one[bound]
        if one.get("type") == "number":
            yield from (math.nan, math.inf)
        if "pattern" in one or "enum" in one or "const" in one:
            yield "no/such: word"
        if one.get("minLength"):
            yield ""


def cases(names, find):
    for name in names:
        schema = find(name)
        for value in (*wrong_types(schema), *out_of_range(schema)):
            yield name, value


def subset_schema(name):
    return followed(SubsetConfig.model_json_schema()["properties"][name])


@pytest.mark.parametrize("name", setting_names())
def test_a_setting_refuses_what_is_no_value_of_it_by_its_name(name):
    tried = 0
    for _, value in cases([name], schema_of):
        with pytest.raises(ConfigError) as caught:
            resolve({}, {name: value})
            pytest.fail(f"{name} took {value!r}")
        assert name in caught.value.message, value
        tried += 1
    assert tried >= 3


@pytest.mark.parametrize("name", SubsetConfig.model_fields)
def test_a_setting_of_a_folder_refuses_it_too(name):
    for _, value in cases([name], subset_schema):
        table = {"folder": "pictures/a", name: value}
        with pytest.raises(ConfigError) as caught:
            resolve({}, {"pictures.subsets": [table]})
            pytest.fail(f"{name} took {value!r}")
        assert f"pictures.subsets[0].{name}" in caught.value.message, value


def test_every_number_says_how_small_it_may_be():
    unlimited = [
        name
        for name in setting_names()
        for one in alternatives(schema_of(name))
        if one.get("type") in ("integer", "number")
        and not {"minimum", "exclusiveMinimum", "const"} & set(one)
    ]
    assert unlimited == []


def test_text_that_reads_as_the_value_is_taken_as_on_a_command_line():
    config = resolve({}, {"train.rank": "8", "train.text_encoder": "yes"}).config
    assert (config.train.rank, config.train.text_encoder) == (8, True)
    assert resolve({}, {"train.text_encoder": "False"}).config.train.text_encoder is False
