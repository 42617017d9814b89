import pytest

from enogu.errors import PromptError
from enogu.tags.prompt.parts import prompt_parts


def texts(prompt, steps=10, **options):
    return [
        (part.weight, [(item.until, item.sections) for item in part.schedule])
        for part in prompt_parts(prompt, steps, **options)
    ]


def plain(text, weight=1.0):
    return (((text, weight),),)


def test_a_plain_prompt_is_one_part_for_all_steps():
    assert texts("a cat") == [(1.0, [(10, plain("a cat"))])]
    assert texts("") == [(1.0, [(10, plain(""))])]


def test_and_divides_and_weighs():
    assert texts("a cat :0.8 AND(a dog:1.2) : -0.5 ") == [
        (0.8, [(10, plain("a cat"))]),
        (-0.5, [(10, plain("a dog", 1.2))]),
    ]


def test_a_number_at_the_end_weighs_the_whole_prompt():
    assert texts("1girl, smile:1.3") == [(1.3, [(10, plain("1girl, smile"))])]
    assert texts("1girl, smile:1.3", negative=True) == [(1.0, [(10, plain("1girl, smile:1.3"))])]


def test_schedules_are_decided_in_each_part():
    assert texts("[a:b:4] AND c") == [
        (1.0, [(4, plain("a")), (10, plain("b"))]),
        (1.0, [(10, plain(" c"))]),
    ]


def test_a_weight_may_be_scheduled():
    assert texts("(a:[1.2:1.5:4])") == [(1.0, [(4, plain("a", 1.2)), (10, plain("a", 1.5))])]


def test_a_lora_is_refused_with_the_option():
    with pytest.raises(PromptError) as caught:
        prompt_parts("a <lora:x:0.7> <lyco:y>", 10)
    assert "--lora x.safetensors:0.7 --lora y.safetensors:1" in caught.value.hint
