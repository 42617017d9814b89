import random

import pytest

import enogu
from enogu.diffusion.samplers import SAMPLERS
from enogu.diffusion.sigmas import SCHEDULES
from enogu.draw.infotext_recipe import (
    SAMPLER_LABELS,
    SCHEDULE_LABELS,
    infotext,
    recipe_from_infotext,
)
from enogu.draw.recipe import BaseUse, LoraUse, Recipe
from enogu.errors import ConfigError


def make(**changes):
    values = {
        "prompt": "1girl, smile",
        "negative_prompt": "lowres",
        "seed": 965400086,
        "width": 512,
        "height": 768,
        "steps": 20,
        "cfg_scale": 7.0,
        "sampler": "dpmpp_2m",
        "schedule": "karras",
    }
    return Recipe(**{**values, **changes})


def test_every_sampler_and_schedule_has_a_label():
    assert set(SAMPLER_LABELS) == set(SAMPLERS)
    assert set(SCHEDULE_LABELS) == set(SCHEDULES)


def test_the_text_is_laid_out_as_a1111_does():
    recipe = make(
        clip_skip=2,
        base=BaseUse(title="my model, v2", hash="0123456789abcdef" * 4),
        loras=(
            LoraUse(title="my:char", hash="ab" * 32, weight=0.8),
            LoraUse(title="flat", hash="cd" * 32),
        ),
    )
    assert infotext(recipe) == (
        "1girl, smile <lora:mychar:0.8> <lora:flat:1>\n"
        "Negative prompt: lowres\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, "
        'Size: 512x768, Model hash: 0123456789, Model: "my model, v2", Clip skip: 2, RNG: CPU, '
        'Lora hashes: "mychar: abababababab, flat: cdcdcdcdcdcd", '
        f"Version: Enogu {enogu.__version__}"
    )


def test_what_is_absent_is_not_written():
    text = infotext(make(negative_prompt="", clip_skip=1, loras=(LoraUse(title="x"),)))
    for key in ("Negative", "Clip skip", "Model", "Lora hashes"):
        assert key not in text


def test_the_common_part_of_a_recipe_round_trips():
    rng = random.Random(1)
    for _ in range(300):
        recipe = make(
            prompt="".join(rng.choices('ab,: ()[]日"\\', k=10)).strip(),
            negative_prompt="".join(rng.choices('ab,: ()[]日"\\', k=10)).strip(),
            seed=rng.randrange(2**63),
            steps=rng.randrange(1, 501),
            cfg_scale=rng.choice([0.0, 1.0, 4.5, 7.0, 0.1, 29.999]),
            sampler=rng.choice(list(SAMPLERS)),
            schedule=rng.choice(list(SCHEDULES)),
            clip_skip=rng.choice([None, 2, 3]),
            base=rng.choice([None, BaseUse(title="a: b", hash="0123456789")]),
            loras=tuple(
                LoraUse(title=f"l{i}", hash="abcdef012345", weight=rng.choice([1.0, 0.75, -0.5]))
                for i in range(rng.randrange(3))
            ),
        )
        reading = recipe_from_infotext(infotext(recipe))
        assert reading.recipe == recipe
        assert reading.notes == ()


@pytest.mark.parametrize(
    ("line", "sampler", "schedule"),
    [
        ("Sampler: Euler a", "euler_a", "uniform"),
        ("Sampler: DPM++ 2M Karras", "dpmpp_2m", "karras"),
        ("Sampler: DPM++ 2M, Schedule type: Automatic", "dpmpp_2m", "karras"),
        ("Sampler: Euler, Schedule type: Exponential", "euler", "exponential"),
    ],
)
def test_older_names_and_automatic_are_understood(line, sampler, schedule):
    reading = recipe_from_infotext(f"a\nSteps: 4, {line}, CFG scale: 7, Seed: 1, Size: 64x64")
    assert (reading.recipe.sampler, reading.recipe.schedule) == (sampler, schedule)


def test_what_the_recipe_cannot_say_is_noted():
    reading = recipe_from_infotext(
        "a <lora:x:0.5:0.7>\nSteps: 4, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, "
        "Hires upscale: 2, ENSD: 31337, Emphasis: No norm, Version: v1.10.1"
    )
    notes = "\n".join(reading.notes)
    for part in ("RNG GPU", "Hires upscale: 2", "ENSD: 31337", "Emphasis: No norm", "x:0.5:0.7"):
        assert part in notes
    assert reading.recipe.loras == (LoraUse(title="x"),)
    assert reading.recipe.prompt == "a"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nothing here", "no line of parameters"),
        ("Steps: 4, Sampler: DPM++ SDE, CFG scale: 7, Seed: 1, Size: 64x64", "'DPM\\+\\+ SDE'"),
        ("Steps: 4, Sampler: Euler, Schedule type: Beta, CFG scale: 7, Seed: 1", "'Beta'"),
        ("Steps: x, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64", "'Steps', got 'x'"),
        ("Steps: 4, Sampler: Euler, CFG scale: 7, Size: 64x64", "'Seed', got nothing"),
        ("Steps: 4, Sampler: Euler, CFG scale: hi, Seed: 1, Size: 64x64", "a number for 'CFG"),
        ("Steps: 4, Sampler: Euler, CFG scale: 7, Seed: 1, Size: big", "Size: 512x512"),
        ("Steps: 4, Sampler: Euler, CFG scale: 7, Seed: -1, Size: 64x64", "seed: "),
        (f"Steps: {'9' * 5000}, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64", "'Steps'"),
    ],
)
def test_texts_that_give_no_recipe_say_why(line, message):
    with pytest.raises(ConfigError, match=message):
        recipe_from_infotext(f"a\n{line}")


def test_a_title_of_nothing_but_forbidden_characters_still_has_a_name():
    assert "<lora:lora:1>" in infotext(make(loras=(LoraUse(title="::,"),)))
