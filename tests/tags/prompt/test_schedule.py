"""Schedules against what A1111's own parser answered for the same prompts with 10 steps."""

import json
from pathlib import Path

import pytest

from enogu.tags.prompt.a1111 import parse_a1111
from enogu.tags.prompt.schedule import scheduled_texts, switch_step, text_at_step

GOLDEN = json.loads(Path(__file__).with_name("a1111_schedules.json").read_text(encoding="utf-8"))


def merged(entries):
    kept = []
    for until, text in entries:
        if kept and kept[-1][1] == text:
            kept.pop()
        kept.append([until, text])
    return kept


@pytest.mark.parametrize(("prompt", "expected"), GOLDEN, ids=[prompt for prompt, _ in GOLDEN])
def test_texts_and_steps_are_those_of_a1111(prompt, expected):
    found = scheduled_texts(parse_a1111(prompt, negative=True), 10)
    assert [[item.until, item.text] for item in found] == merged(expected)


def test_a_dot_makes_the_time_a_fraction():
    assert switch_step("0.5", 20) == 10
    assert switch_step("5", 20) == 5
    assert switch_step("1.0", 20) == 20
    assert switch_step("1e999", 20) == 20


def test_networks_are_cut_out_before_schedules_are_read():
    prompt = parse_a1111("[a<lora:x:1>:b:0<lora:y:2>.5]", negative=True)
    assert text_at_step(prompt, 1, 10) == "a"
    assert text_at_step(prompt, 9, 10) == "b"
    assert str(prompt) == "[a<lora:x:1>:b:0<lora:y:2>.5]"
