import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.dataset.line import CaptionSyntax, parse_line

COMMA = CaptionSyntax()
DIVIDED = CaptionSyntax(keep_separator="|||", secondary_separator=";;;")


def tags(text, syntax=COMMA):
    return list(parse_line(text, syntax).tags())


@pytest.mark.parametrize(
    "text",
    ["a, b, c", "a,b,c", "a , b , c", "  a, b,\t", "a", "", "   ", "a b c", "a, b, ", "a、b, c"],
)
def test_uniform_captions_are_rendered_as_they_were(text):
    assert parse_line(text, COMMA).render() == text


def test_the_commonest_joint_is_used_for_all():
    line = parse_line("a,b,c, d", COMMA)
    assert line.joint == ","
    assert line.render() == "a,b,c,d"


def test_a_lone_tag_takes_the_usual_joint():
    assert parse_line("a", COMMA).joint == ", "
    assert parse_line("a", CaptionSyntax(separator=" ")).joint == " "


def test_empty_tags_are_left_out():
    assert tags("a,, b, ,c,") == ["a", "b", "c"]


def test_a_divided_caption_keeps_its_parts_and_bound_tags():
    text = "hero, 1girl ||| a;;;b, c, ||| tail"
    line = parse_line(text, DIVIDED)
    assert line.parts == ((("hero",), ("1girl",)), (("a", "b"), ("c",)), (("tail",),))
    assert line.render() == "hero, 1girl ||| a;;;b, c ||| tail"
    bare = line.map_tags(lambda tag: "" if tag in ("hero", "1girl", "b") else tag)
    assert bare.render() == "||| a, c ||| tail"
    assert parse_line(bare.render(), DIVIDED).parts == bare.parts


def test_a_caption_without_tags_left_has_no_separator_left():
    assert parse_line("a, b, \t", COMMA).map_tags(lambda _: "").render() == " \t"


def test_unchanged_tags_give_the_same_object():
    line = parse_line("a, b", COMMA)
    assert line.map_tags(lambda tag: tag) is line


@given(
    st.lists(st.text("abc_ ()é猫", min_size=1, max_size=6).map(str.strip).filter(bool)),
    st.sampled_from([",", ", ", " , ", ",  "]),
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from(["", ",", ", ", " "]),
)
def test_what_is_parsed_is_rendered_again(words, joint, lead, tail):
    text = lead + joint.join(words) + (tail if words else "")
    line = parse_line(text, COMMA)
    assert list(line.tags()) == words
    assert line.render() == text


@given(st.text("ab,| ;\t", max_size=30))
def test_rendering_keeps_the_tags_of_any_text(text):
    for syntax in (COMMA, DIVIDED, CaptionSyntax(separator=" ")):
        line = parse_line(text, syntax)
        again = parse_line(line.render(), syntax)
        assert list(again.tags()) == list(line.tags())


@pytest.mark.parametrize("text", [",", " ", ", ", "||| ", "a ", ";;;"])
def test_long_rows_of_signs_take_time_in_proportion(text):
    # A pattern that tries each blank anew would need hours for this.
    line = parse_line(text * 100_000 + "x", DIVIDED)
    assert line.render().endswith("x")
