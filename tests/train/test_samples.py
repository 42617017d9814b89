"""What is drawn while training is what is drawn afterwards."""

import pytest
import torch
from PIL import Image, ImageChops
from safetensors.torch import load_file

from enogu.draw.job import draw_pictures, not_merged
from enogu.draw.metadata import read_recipe
from enogu.errors import ConfigError, PromptError
from enogu.train.session import train_project
from enogu.train.setup import open_setup

LINES = "hoshi, (smile:1.3) --w 64 --h 96 --d 7 --l 3 --s 2\nhat --n tree --d 8 --s 1\n"


def same_pixels(one, two):
    with Image.open(one) as a, Image.open(two) as b:
        return a.size == b.size and ImageChops.difference(a, b).getbbox() is None


def draw_again(project, recipe, adapter, out, merged=()):
    config = project.resolved.config
    draw = config.draw.model_copy(
        update={
            "steps": recipe.steps,
            "cfg_scale": recipe.cfg_scale,
            "negative_prompt": recipe.negative_prompt,
        }
    )
    draw_pictures(
        config.model_copy(update={"draw": draw}),
        project.base_reference,
        recipe.prompt,
        loras=[(adapter, 1.0)] if adapter else [],
        merged=merged,
        seeds=[recipe.seed],
        size=(recipe.width, recipe.height),
        paths=[out],
    )
    return out


@pytest.mark.parametrize(
    "changes",
    [
        {"train__save_dtype": "fp16", "train__text_encoder": True, "train__alpha": 0.3},
        {"train__adapter__kind": "loha", "train__save_dtype": "bf16"},
        {"train__adapter__decompose": "output", "train__conv_rank": 2},
    ],
    ids=["lora with text encoder", "loha", "dora with convolutions"],
)
def test_a_sample_and_a_later_drawing_are_one_picture_bit_for_bit(make_project, tmp_path, changes):
    (tmp_path / "prompts.txt").write_text(LINES, encoding="utf-8")
    project = make_project(
        samples__every=2, samples__file=str(tmp_path / "prompts.txt"), train__steps=2,
        train__learning_rate=0.05, **changes,
    )  # fmt: skip
    result = train_project(project)
    names = sorted(path.name for path in result.run.samples_dir.iterdir())
    assert names == [f"step-{step:06d}-prompt-{line:02d}.png" for step in (0, 2) for line in (1, 2)]
    differences = 0
    for name in names:
        sample = result.run.samples_dir / name
        recipe = read_recipe(sample)
        step = int(name[5:11])
        adapter = result.adapter if step else None
        again = draw_again(project, recipe, adapter, tmp_path / "again" / name)
        assert same_pixels(sample, again), name
        differences += not same_pixels(sample, result.run.samples_dir / f"step-000000{name[11:]}")
    assert differences == 2, "the adapter must change the pictures, or the test shows nothing"


PROMPT = "hoshi, (smile:1.3) --w 64 --h 64 --d 7 --l 3 --s 2\n"


def sampled(make_project, tmp_path, **changes):
    (tmp_path / "one.txt").write_text(PROMPT, encoding="utf-8")
    project = make_project(
        samples__every=2, samples__file=str(tmp_path / "one.txt"), train__steps=2,
        train__learning_rate=0.05, **changes,
    )  # fmt: skip
    result = train_project(project)
    return project, result, result.run.samples_dir / "step-000002-prompt-01.png"


def test_a_sample_with_a_running_mean_is_drawn_again_with_the_file_of_the_mean(
    make_project, tmp_path
):
    project, result, sample = sampled(make_project, tmp_path, train__ema=0.9)
    mean = result.run.ema_dir / result.adapter.name
    recipe = read_recipe(sample)
    assert same_pixels(sample, draw_again(project, recipe, mean, tmp_path / "mean.png"))
    assert not same_pixels(sample, draw_again(project, recipe, result.adapter, tmp_path / "x.png"))


def test_a_sample_on_merged_adapters_is_drawn_again_with_them_merged(make_project, tmp_path):
    style = train_project(
        make_project("style", train__steps=2, train__learning_rate=0.05, train__name="style")
    ).adapter
    project, result, sample = sampled(
        make_project, tmp_path,
        train__adapter__base_adapters=(str(style),),
        train__adapter__base_adapter_weights=(0.7,),
    )  # fmt: skip
    recipe = read_recipe(sample)
    assert [(use.title, use.weight) for use in recipe.merged] == [("style", 0.7)]
    merged, uses = [(style, 0.7)], [(result.adapter, 1.0)]
    again = draw_again(project, recipe, result.adapter, tmp_path / "again.png", merged)
    assert same_pixels(sample, again)
    assert read_recipe(again).merged == recipe.merged
    assert not same_pixels(
        sample, draw_again(project, recipe, result.adapter, tmp_path / "bare.png")
    )
    assert not_merged(uses, merged) == []
    for wrong in ([], [(style, 1.0)], uses):
        (note,) = not_merged(uses, wrong)
        assert "--merge style.safetensors:0.7" in note


def test_a_private_file_does_not_name_what_was_merged(make_project, tmp_path):
    style = train_project(make_project("style", train__steps=1, train__name="style")).adapter
    result = train_project(
        make_project(
            train__steps=1, train__private_metadata=True,
            train__adapter__base_adapters=(str(style),),
        )
    )  # fmt: skip
    assert not_merged([(result.adapter, 1.0)], []) == []
    assert b"style" not in result.adapter.read_bytes()


def test_drawing_samples_changes_nothing_in_the_training(make_project):
    quiet = train_project(make_project("quiet", train__steps=2))
    drawn = train_project(
        make_project("drawn", train__steps=2, samples__every=1, samples__steps=1, train__name="x")
    )
    one, two = load_file(quiet.adapter), load_file(drawn.adapter)
    assert all(torch.equal(value, two[name]) for name, value in one.items())


def test_a_line_of_the_file_wins_over_the_settings(make_project, tmp_path):
    (tmp_path / "p.txt").write_text("a --w 64 --d 5\nb --l 1.5 --n x\n", encoding="utf-8")
    project = make_project(
        samples__every=2, samples__file=str(tmp_path / "p.txt"), samples__seed=9,
        samples__negative_prompt="y", samples__cfg_scale=4.0,
    )  # fmt: skip
    first, second = (prompt.recipe for prompt in open_setup(project).samples)
    assert (first.width, first.seed, first.negative_prompt, first.cfg_scale) == (64, 5, "y", 4.0)
    assert (second.seed, second.negative_prompt, second.cfg_scale) == (9, "x", 1.5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a\nb --z 3", "line 2: unknown switch"),
        ("a --w 66", "line 1: .*multiples of 4"),
        ("a --s 0", "line 1: .*steps"),
        ("a <lora:x:1>", "line 1: "),
    ],
)
def test_a_file_that_cannot_be_drawn_is_refused_before_training(
    make_project, tmp_path, line, message
):
    (tmp_path / "p.txt").write_text(line, encoding="utf-8")
    project = make_project(samples__every=2, samples__file=str(tmp_path / "p.txt"))
    with pytest.raises(PromptError, match=f"(?s){message}"):
        train_project(project)
    assert not project.runs_dir.exists()


def test_a_prompt_of_the_settings_is_checked_too(make_project):
    with pytest.raises((ConfigError, PromptError), match="lora"):
        open_setup(make_project(samples__every=2, samples__prompt="<lora:x:1>"))
