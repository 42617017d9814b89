import random
from collections import Counter

import pytest

from enogu.tags.caption import (
    CaptionRules,
    caption_rng,
    is_deterministic,
    is_dropped,
    render_caption,
    split_tags,
    tag_frequency,
    variants,
)

CAPTION = "a, b, c, d, e, f, g, h"


def render(raw, seed=0, class_words=None, **rules):
    return render_caption(raw, CaptionRules(**rules), random.Random(seed), class_words=class_words)


def renders(raw, count=200, **rules):
    return [render(raw, seed, **rules) for seed in range(count)]


class TestPlain:
    def test_tags_are_joined_evenly_and_empty_ones_go(self):
        assert render(" a,b ,, c,\td e ,") == "a, b, c, d e"

    def test_only_the_first_line_counts(self):
        assert render("\n a, b\nc") == "a, b"

    def test_braces_are_text(self):
        assert render("{a|b}, {{c}}") == "{a|b}, {{c}}"

    def test_nothing_gives_nothing(self):
        assert render(None) == render("") == ""


class TestClassWords:
    def test_stand_in_only_where_no_caption_file_is(self):
        assert render(None, class_words="mychar girl") == "mychar girl"
        assert render("", class_words="mychar girl") == ""
        assert render("smile", class_words="mychar girl") == "smile"

    def test_go_through_the_same_steps(self):
        assert render(None, class_words="girl", trigger="mychar", prefix="art,") == (
            "mychar, art, girl"
        )


class TestPrefixAndSuffix:
    def test_are_joined_with_a_blank(self):
        assert render("girl, smile", prefix="drawing of a", suffix="in red") == (
            "drawing of a girl, smile in red"
        )

    def test_their_tags_are_tags_like_others(self):
        assert render("a", prefix="x, y,", suffix=", z", keep_tags=1) == "x, y, a, z"

    def test_every_line_gets_them(self):
        assert set(renders("a\nb", prefix="x,", suffix=", z", wildcards=True)) == {
            "x, a, z",
            "x, b, z",
        }


class TestTrigger:
    def test_stands_first_and_is_not_repeated(self):
        assert render("a, My_Char, b", trigger="my char") == "my char, a, b"
        assert render(None, trigger="my char") == "my char"

    def test_survives_shuffle_and_tag_dropout(self):
        rules = {"trigger": "mychar", "shuffle": True, "tag_dropout": 0.9}
        assert all(text.split(", ")[0] == "mychar" for text in renders(CAPTION, **rules))

    def test_may_be_several_tags(self):
        assert render("a, x, y, b", trigger="y, x") == "y, x, a, b"

    def test_keep_tags_counts_from_behind_it(self):
        for text in renders("mychar, a, b, c, d", trigger="mychar", shuffle=True, keep_tags=2):
            assert text.startswith("mychar, a, b, ")


class TestShuffle:
    def test_keeps_every_tag_and_changes_the_order(self):
        texts = renders(CAPTION, shuffle=True)
        assert len(set(texts)) > 150
        assert {tuple(sorted(split_tags(text))) for text in texts} == {tuple("abcdefgh")}

    def test_every_place_is_equally_likely(self):
        first = Counter(text[0] for text in renders("a, b, c, d", 4000, shuffle=True))
        assert all(850 < count < 1150 for count in first.values())

    def test_separators_fix_head_and_tail(self):
        for text in renders(
            "x, y ||| a, b, c, d ||| z", shuffle=True, keep_separator="|||", keep_tags=5
        ):
            assert text.startswith("x, y, ")
            assert text.endswith(", z")
            assert sorted(split_tags(text)) == ["a", "b", "c", "d", "x", "y", "z"]

    def test_separators_never_reach_the_caption(self):
        assert render("x ||| a, b", keep_separator="|||") == "x, a, b"
        assert render("||| a", keep_separator="|||") == "a"
        assert render("a ||| b ||| c, ||| d", keep_separator="|||") == "a, b, c, ||| d"

    def test_without_a_separator_keep_tags_counts(self):
        for text in renders("a, b, c, d", shuffle=True, keep_separator="|||", keep_tags=1):
            assert text.startswith("a, ")


class TestSeparators:
    def test_another_separator_is_kept_when_joining(self):
        assert render("a,1;b ;c", separator=";") == "a,1; b; c"
        assert render("a b  c", separator=" ") == "a b c"

    def test_groups_move_and_drop_together(self):
        rules = {"shuffle": True, "secondary_separator": ";;;", "tag_dropout": 0.3}
        for text in renders("red hair;;; long hair, a, b, c", **rules):
            assert "red hair, long hair" in text or "hair" not in text
            assert ";" not in text


class TestDropout:
    def test_drops_the_whole_caption_with_everything(self):
        texts = renders("a", 4000, dropout=0.25, trigger="t", prefix="p")
        assert set(texts) == {"", "t, p a"}
        assert 880 < texts.count("") < 1120

    def test_zero_and_one(self):
        rng = random.Random(0)
        assert not is_dropped(CaptionRules(), rng)
        assert is_dropped(CaptionRules(dropout=1), rng)

    def test_tag_dropout_spares_fixed_tags(self):
        texts = renders("a, b, c, d", 2000, tag_dropout=0.5, keep_tags=1)
        assert all(text.startswith("a") for text in texts)
        kept = Counter(tag for text in texts for tag in split_tags(text))
        assert kept["a"] == 2000
        assert all(880 < kept[tag] < 1120 for tag in "bcd")


class TestWildcards:
    def test_choices_lines_and_literal_braces(self):
        assert set(renders("{red|blue} hair", wildcards=True)) == {"red hair", "blue hair"}
        assert set(renders("a\n\n b ", wildcards=True)) == {"a", "b"}
        assert render("{{a|b}}, {c}", wildcards=True) == "{a|b}, c"

    def test_nested_and_empty_choices(self):
        texts = set(renders("{a|{b|c} }", wildcards=True))
        assert texts == {"a", "b", "c"}
        assert set(renders("x, {|y}", wildcards=True)) == {"x", "x, y"}

    def test_open_braces_are_text(self):
        assert render("a {b, c} d }", wildcards=True) == "a b, c d }"
        assert render("{a", wildcards=True) == "{a"

    def test_come_before_the_shuffle(self):
        texts = set(renders("{a, b|c}", wildcards=True, shuffle=True))
        assert texts == {"a, b", "b, a", "c"}


class TestDeterministic:
    @pytest.mark.parametrize(
        ("raw", "rules", "expected"),
        [
            (CAPTION, {}, True),
            (CAPTION, {"shuffle": True}, False),
            (CAPTION, {"shuffle": True, "keep_tags": 7}, True),
            ("a", {"shuffle": True}, True),
            ("a, a", {"shuffle": True}, True),
            ("t, a", {"shuffle": True, "trigger": "t"}, True),
            (None, {"shuffle": True}, True),
            ("a", {"tag_dropout": 0.1}, False),
            ("a", {"tag_dropout": 0.1, "keep_tags": 1}, True),
            ("{a|b}", {}, True),
            ("{a|b}", {"wildcards": True}, False),
            ("{a|{b} }", {"wildcards": True}, False),
            ("{{a|b}}", {"wildcards": True}, True),
            ("a|b, {c}", {"wildcards": True}, False),
            ("a\nb", {"wildcards": True}, False),
            ("a\nb", {}, True),
            ("a", {"wildcards": True, "suffix": "{x|y}"}, False),
            ("a", {"dropout": 0.5}, True),
        ],
    )
    def test_is_told_from_rules_and_text(self, raw, rules, expected):
        assert is_deterministic(CaptionRules(**rules), raw) == expected
        if expected:
            rules = {**rules}
            rules.pop("dropout", None)
            assert len(set(renders(raw, 50, **rules))) == 1

    def test_class_words_count(self):
        rules = CaptionRules(shuffle=True)
        assert not is_deterministic(rules, None, class_words="a, b")
        assert is_deterministic(rules, "", class_words="a, b")


class TestVariants:
    RULES = CaptionRules(shuffle=True, dropout=0.9)

    def test_are_distinct_reproducible_and_never_dropped(self):
        texts = variants(CAPTION, self.RULES, 1, "id", 16)
        assert len(texts) == len(set(texts)) == 16
        assert texts == variants(CAPTION, self.RULES, 1, "id", 16)
        assert texts[:4] == variants(CAPTION, self.RULES, 1, "id", 4)
        assert "" not in texts

    def test_depend_on_seed_and_picture(self):
        texts = variants(CAPTION, self.RULES, 1, "id", 4)
        assert texts != variants(CAPTION, self.RULES, 2, "id", 4)
        assert texts != variants(CAPTION, self.RULES, 1, "other", 4)

    def test_few_possible_orders_give_few_variants(self):
        assert sorted(variants("a, b", self.RULES, 0, "id", 64)) == ["a, b", "b, a"]
        assert variants("a", self.RULES, 0, "id", 64) == ["a"]
        assert variants(None, self.RULES, 0, "id", 4, class_words="x") == ["x"]

    def test_random_source_is_the_same_everywhere(self):
        assert caption_rng(7, "id", 3).random() == pytest.approx(0.8232583290533932)


class TestFrequency:
    def test_counts_lower_case_tags_most_frequent_first(self):
        counts = tag_frequency(["b, A", "a,, c", None, "a, a"])
        assert list(counts.items()) == [("a", 4), ("b", 1), ("c", 1)]

    def test_another_separator(self):
        assert tag_frequency(["a,1; b"], separator=";") == {"a,1": 1, "b": 1}


def test_split_tags():
    assert split_tags(" a b ,,c, ") == ["a b", "c"]
    assert split_tags("") == []
