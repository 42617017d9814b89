import pytest

from enogu.config import ProjectConfig
from enogu.draw import job
from enogu.draw.job import draw_pictures
from enogu.draw.metadata import read_recipe
from enogu.errors import AdapterError, BaseModelError, ConfigError, PromptError

CONFIG = ProjectConfig.model_validate(
    {"draw": {"steps": 2, "negative_prompt": "lowres"}, "machine": {"threads": 1}}
)


def run(tmp_path, prompt="1girl", base="mini", **changes):
    values = {"loras": [], "seeds": [5, 6], "size": (64, 96), "paths": None, **changes}
    values["paths"] = values["paths"] or [tmp_path / f"{seed}.png" for seed in values["seeds"]]
    return draw_pictures(CONFIG, base, prompt, **values)


def test_one_picture_per_seed_with_its_recipe_and_progress_over_all(tmp_path):
    seen = []
    written = run(tmp_path / "new", callback=lambda *args: seen.append(args))
    assert [path.name for path in written] == ["5.png", "6.png"]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    recipe = read_recipe(written[1])
    assert (recipe.seed, recipe.width, recipe.height, recipe.steps) == (6, 64, 96, 2)
    assert recipe.negative_prompt == "lowres"
    assert recipe.base.title == "mini"
    assert len(recipe.base.hash) == 64


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"size": (63, 64)}, ConfigError, "multiples of 4 pixels, got 63x64"),
        ({"prompt": "<lora:x:1>"}, PromptError, "<lora:x:1>"),
        ({"seeds": [2**63]}, ConfigError, "seed: "),
        ({"base": "missing.safetensors"}, BaseModelError, "missing"),
        ({"loras": [("missing.safetensors", 1.0)]}, AdapterError, "missing"),
        ({"out": "a.jpg"}, ConfigError, "written as PNG"),
        ({"out": "a"}, ConfigError, "written as PNG"),
    ],
)
def test_mistakes_are_found_before_anything_is_loaded(
    tmp_path, monkeypatch, changes, error, message
):
    def refuse(*args, **kwargs):
        raise AssertionError("the base was loaded")

    monkeypatch.setattr(job, "load_configured_base", refuse)
    if "out" in changes:
        changes = {"paths": [tmp_path / changes["out"]], "seeds": [1]}
    if "loras" in changes:
        changes = {"loras": [(tmp_path / name, weight) for name, weight in changes["loras"]]}
    with pytest.raises(error, match=message):
        run(tmp_path, **changes)
