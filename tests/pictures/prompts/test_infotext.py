import random

import pytest

from enogu.pictures.prompts.infotext import Infotext, format_infotext, parse_infotext

A1111 = (
    "masterpiece, 1girl, (red hair:1.2)\nsecond line\n"
    "Negative prompt: lowres, bad hands\nworst quality\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, "
    "Size: 512x768, Model hash: 4fe3f7ea7b, Model: counterfeit, Denoising strength: 0.5, "
    'Clip skip: 2, ADetailer prompt: "a, \\"b\\": c", Hires upscale: 2, '
    'Lora hashes: "add_detail: 7c6bad76eb54, x: 0123456789ab", Version: v1.10.1'
)


def test_a_text_of_a1111_is_read():
    info = parse_infotext(A1111)
    assert info.prompt == "masterpiece, 1girl, (red hair:1.2)\nsecond line"
    assert info.negative_prompt == "lowres, bad hands\nworst quality"
    assert info.fields["Sampler"] == "DPM++ 2M"
    assert info.fields["ADetailer prompt"] == 'a, "b": c'
    assert info.fields["Lora hashes"] == "add_detail: 7c6bad76eb54, x: 0123456789ab"
    assert list(info.fields)[-1] == "Version"
    assert len(info.fields) == 14


def test_a_text_of_a1111_comes_out_as_it_went_in():
    assert format_infotext(parse_infotext(A1111)) == A1111


def test_bare_json_values_are_kept_whole():
    info = parse_infotext(
        'a\nSteps: 4, Hashes: {"model": "abc", "lora:x": "def"}, Seed: 1, '
        'Civitai resources: [{"type":"checkpoint","modelName":"A, B"}], Size: 64x64'
    )
    assert info.fields["Hashes"] == '{"model": "abc", "lora:x": "def"}'
    assert info.fields["Seed"] == "1"
    assert info.fields["Civitai resources"].endswith('"A, B"}]')
    assert info.fields["Size"] == "64x64"


@pytest.mark.parametrize("value", ["{4", "[[", '"1', '{"a" 1}', '"\\x"', "[" * 5000])
def test_broken_quotes_and_brackets_are_ordinary_text(value):
    fields = parse_infotext(f"a\nSteps: 4, Seed: 1, Size: 64x64, Note: {value}").fields
    assert fields["Note"] == value
    assert fields["Size"] == "64x64"


def test_without_a_parameter_line_everything_is_prompt():
    info = parse_infotext("note: one, two: 2\nlast")
    assert info == Infotext(prompt="note: one, two: 2\nlast")


def test_a_prompt_line_with_few_pairs_stays_prompt():
    assert parse_infotext("style: flat, mood: calm").fields == {}


def test_an_empty_prompt_keeps_its_place():
    text = format_infotext(Infotext(prompt="", fields={"Steps": "1", "Seed": "2", "Size": "64x64"}))
    assert parse_infotext(text).fields["Seed"] == "2"
    assert parse_infotext(text).prompt == ""


def test_no_negative_prompt_writes_no_line():
    assert "Negative" not in format_infotext(Infotext(prompt="a", fields={"Steps": "1"}))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("a, b", '"a, b"'),
        ("a: b", '"a: b"'),
        ("two\nlines", '"two\\nlines"'),
        ("日本, 語", '"日本, 語"'),
        ('say "x"', 'say "x"'),
    ],
)
def test_only_values_that_need_it_are_quoted(value, written):
    assert format_infotext(Infotext(prompt="", fields={"Key": value})) == f"\nKey: {written}"


def test_random_texts_round_trip():
    rng = random.Random(5)
    alphabet = "abcXYZ 019,:\"\\'{}[]()<>|é日本\n-/_"
    for _ in range(2000):
        words = ["".join(rng.choices(alphabet, k=rng.randrange(12))) for _ in range(8)]
        info = Infotext(
            prompt=tidy("p" + words[0] + words[1]),
            negative_prompt=tidy(words[2] + words[3]),
            fields={f"Key {letter}": words[4 + i] for i, letter in enumerate("abcd")},
        )
        assert parse_infotext(format_infotext(info)) == info


def tidy(text):
    """Lines without outer spaces or empty ends, which no reader of this format keeps."""
    return "\n".join(line.strip() for line in text.split("\n")).strip()


@pytest.mark.parametrize(
    "hostile", ["a " * 500_000, "[" * 500_000, '"\\' * 300_000, " " * 1_000_000, "a: " * 300_000]
)
def test_hostile_texts_are_read_in_linear_time(hostile):
    # a quadratic search would take hours here
    info = parse_infotext("x\nSteps: 1, Seed: 1, Size: 1x1, Note: " + hostile)
    assert info.fields["Size"] == "1x1"
