import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.errors import PromptError
from enogu.tags.names import normal_name
from enogu.tags.phrases import prompt_tags
from enogu.tags.phrases.prompt_tags import MAX_TAGS
from enogu.tags.prompt import DIALECTS


@pytest.mark.parametrize(
    ("prompt", "dialect", "tags"),
    [
        ("1girl, Long Hair,long_hair", "a1111", ("1girl", "long_hair")),
        ("(red hair:1.2), ((hat)), [night]", "a1111", ("red_hair", "hat", "night")),
        (r"miku \(vocaloid\), :d", "a1111", ("miku_(vocaloid)", ":d")),
        ("a BREAK b AND c", "a1111", ("a", "b", "c")),
        ("<lora:x:0.8>hat, [day:night:0.5]", "a1111", ("hat", "day", "night")),
        ("(hat:1.2), embedding:easy, sky", "comfy", ("hat", "sky")),
        ("{{hat}}, [sky] | 1girl", "novelai", ("hat", "sky", "1girl")),
        ("1girl\nhat、sky", "a1111", ("1girl", "hat", "sky")),
        ("", "a1111", ()),
    ],
)
def test_tags_are_found_whatever_stands_around_them(prompt, dialect, tags):
    assert prompt_tags(prompt, dialect) == tags


def test_an_unknown_dialect_is_refused():
    with pytest.raises(PromptError, match="unknown prompt dialect 'x'"):
        prompt_tags("hat", "x")


def test_long_prompts_are_bounded():
    assert len(prompt_tags(", ".join(f"tag{n}" for n in range(5_000)))) == MAX_TAGS
    assert prompt_tags("x" * 100_000) == ()
    assert prompt_tags("(" * 10_000 + "hat" + ")" * 10_000) == ("hat",)


@given(st.text(max_size=200), st.sampled_from(sorted(DIALECTS)))
def test_any_text_gives_normal_names_once_each(text, dialect):
    tags = prompt_tags(text, dialect)
    assert len(set(tags)) == len(tags)
    assert all(tag and normal_name(tag) == tag for tag in tags)
