from enogu.tags.prompt import parse_prompt
from enogu.tags.prompt.chunk_plan import cut_tags, estimate_tokens, plan_chunks


def letters(text):
    """A tokenizer with a token per letter; the comma is 44."""
    return [ord(letter) for letter in text if not letter.isspace()]


def plan(text, tokenize=letters):
    return plan_chunks(parse_prompt(text), tokenize)


def test_a_full_chunk_passes_its_last_tag_on():
    chunks = plan("a" * 65 + ", " + "b" * 12).chunks
    assert [chunk.tokens for chunk in chunks] == [66, 12]
    assert [chunk.tags for chunk in chunks] == [("a" * 65,), ("b" * 12,)]
    assert [chunk.cut for chunk in chunks] == ["", ""]


def test_a_tag_that_is_cut_is_named():
    text = "a" * 50 + ", " + "b" * 30
    found = plan(text)
    assert [chunk.cut for chunk in found.chunks] == ["b" * 30, ""]
    (finding,) = cut_tags(found, parse_prompt(text))
    assert (finding.rule, text[finding.start : finding.end]) == ("cut", "b" * 30)


def test_break_begins_a_chunk_and_brackets_do_not_count():
    chunks = plan(r"(a, b:1.2) BREAK [c] \(d\)").chunks
    assert [chunk.tags for chunk in chunks] == [("a", "b"), ("c (d)",)]
    assert [chunk.tokens for chunk in chunks] == [3, 4]


def test_a_schedule_is_counted_as_it_begins():
    assert plan("[abc:d:0.5]").chunks[0].tokens == 3


def test_estimates_say_that_they_are():
    found = plan_chunks(parse_prompt("1girl, masterpiece, 猫"))
    assert not found.exact
    assert found.chunks[0].tokens == len(estimate_tokens("1girl, masterpiece, 猫")) == 8
