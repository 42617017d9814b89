import json
from pathlib import Path

import pytest

from enogu.draw.recipe import MAX_SEED, RECIPE_VERSION, BaseUse, LoraUse, Recipe
from enogu.errors import ConfigError, PromptError, UserError


def make(**changes):
    values = {
        "prompt": "1girl, (red hair:1.2)",
        "seed": 7,
        "width": 64,
        "height": 96,
        "steps": 4,
        "cfg_scale": 5.0,
        "sampler": "euler",
        "schedule": "karras",
    }
    return Recipe(**{**values, **changes})


def test_a_recipe_survives_json():
    recipe = make(
        negative_prompt="悪い, lowres",
        clip_skip=2,
        base=BaseUse(title="ミニ", hash="ab" * 32),
        loras=(LoraUse(title="mychar", hash="cd" * 32, weight=0.8),),
    )
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_paths_of_this_machine_are_not_in_the_document():
    recipe = make(loras=(LoraUse(title="a", path=Path("/home/me/secret/a.safetensors")),))
    assert "secret" not in recipe.to_json()
    assert recipe.loras[0].path == Path("/home/me/secret/a.safetensors")


def test_recipes_are_frozen():
    with pytest.raises(Exception, match="frozen"):
        make().seed = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, r"seed: .*greater than or equal to 0, got -1"),
        ({"seed": MAX_SEED + 1}, "seed: "),
        ({"steps": 0}, "steps: .*got 0"),
        ({"steps": 501}, "steps: .*500, got 501"),
        ({"cfg_scale": -0.5}, "cfg_scale: "),
        ({"cfg_scale": float("nan")}, "cfg_scale: .*finite"),
        ({"width": 0}, "width: "),
        ({"sampler": "Euler"}, "sampler: unknown sampler; known: euler, euler_a, dpmpp_2m, got"),
        ({"schedule": "linear"}, "schedule: unknown schedule; known: karras"),
        ({"clip_skip": 0}, "clip_skip: "),
        ({"prompt": "a\0b"}, r"prompt: must be plain text, holds the character U\+0000"),
        ({"prompt": "\ud800"}, r"U\+D800"),
        ({"prompt": None}, "prompt: .*string, got None"),
        ({"colour": "red"}, "colour: extra inputs are not permitted"),
        ({"base": {"title": "x", "hash": "../x"}}, "base.hash: "),
    ],
)
def test_values_out_of_range_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        make(seed=-1, steps=0)
    assert "seed:" in str(caught.value)
    assert "steps:" in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing_values_are_named():
    with pytest.raises(ConfigError, match="seed: field required"):
        Recipe.from_json('{"prompt": "a"}')


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(ConfigError) as caught:
        make(sampler="x" * 10_000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
def test_lora_tags_in_a_prompt_are_refused_with_the_option_to_use(field):
    with pytest.raises(PromptError) as caught:
        make(**{field: "1girl <lora:mychar:0.8>, smile"})
    assert "--lora mychar.safetensors:0.8" in caught.value.hint


def test_hypernetwork_tags_are_refused():
    with pytest.raises(PromptError, match="<hypernet:x:1>"):
        make(prompt="<hypernet:x:1>")


def test_line_ends_have_one_form():
    assert make(prompt="a\r\nb\rc").prompt == "a\nb\nc"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7"])
def test_text_that_is_no_recipe_is_refused(text):
    with pytest.raises(UserError):
        Recipe.from_json(text)


def test_a_newer_recipe_is_refused_with_what_to_do():
    document = json.loads(make().to_json())
    document.update(version=RECIPE_VERSION + 1, something_new=1)
    with pytest.raises(ConfigError, match="reads up to") as caught:
        Recipe.from_json(json.dumps(document))
    assert "Update" in caught.value.hint


def test_every_field_explains_itself():
    properties = Recipe.model_json_schema()["properties"]
    assert [name for name, field in properties.items() if "description" not in field] == []
