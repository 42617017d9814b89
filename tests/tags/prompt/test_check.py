import pytest

from enogu.tags.prompt import DIALECTS
from enogu.tags.prompt.check import CheckOptions, check_prompt, mend_prompt
from enogu.tags.prompt.findings import Level


def rules(text, dialect="a1111", words=None, **options):
    check = check_prompt(text, dialect, CheckOptions(knows=words, **options))
    return [finding.rule for finding in check.findings]


@pytest.mark.parametrize(
    ("text", "rule", "mended"),
    [
        ("1girl, (red hair:1.2, [hat]", "unclosed", "1girl, (red hair:1.2), [hat]"),
        ("a, ((b", "unclosed", "a, ((b))"),
        ("(a AND b", "unclosed", "(a) AND b"),
        ("a, b)", "stray_close", "a, b"),
        ("(smile, :), hat)", "face", r"(smile, :\), hat)"),
        ("(a:1,3)", "comma_number", "(a:1.3)"),
        ("(a BREAK b:1.2)", "break_in_brackets", "(a:1.2) BREAK (b:1.2)"),
        ("[(a BREAK b)]", "break_in_brackets", "[(a)] BREAK [(b)]"),
        ("hu_tao_(genshin_impact)", "series", r"hu_tao_\(genshin_impact\)"),
        ("（a：1.2）", "full_width", "(a:1.2)"),
        ("a,, b", "empty_tag", "a, b"),
    ],
)
def test_signs_that_can_be_mended(text, rule, mended):
    assert rule in rules(text)
    assert mend_prompt(text) == mended
    assert rule not in rules(mended)


@pytest.mark.parametrize(
    ("text", "rule", "dialect", "proposal"),
    [
        ("(a:1.2.3)", "bad_number", "a1111", "(a:1.2)"),
        ("a, smile:1.3", "part_weight", "a1111", "a, (smile:1.3)"),
        ("[smile:0.5]", "square_weight", "a1111", "(smile:0.5)"),
        ("{open", "brace", "dynamic", "open"),
    ],
)
def test_what_needs_a_guess_is_only_proposed(text, rule, dialect, proposal):
    assert rule in rules(text, dialect)
    assert mend_prompt(text, dialect) == text
    assert mend_prompt(text, dialect, unsure=True) == proposal


@pytest.mark.parametrize(
    ("text", "rule", "dialect"),
    [
        ("((((((((a))))))))", "strong", "a1111"),
        ("(" * 8_000 + "a", "endless", "a1111"),
        ("<lora:x:1>", "network", "a1111"),
        ("{a}", "foreign", "a1111"),
        ("1.2::a::", "foreign", "comfy"),
        ("(a:1.2)", "foreign", "novelai"),
        ("(a", "literal_bracket", "comfy"),
        ("a)", "literal_bracket", "compel"),
        ("{a", "unclosed", "novelai"),
        ("a}", "stray_close", "novelai"),
    ],
)
def test_what_is_only_told(text, rule, dialect):
    assert rule in rules(text, dialect)


@pytest.mark.parametrize(
    "text",
    ["1girl, (red hair:1.2), [hat]", r"fox \(species\), :), ^_^", "a BREAK b", "[a:b:5], [c|d]"],
)
def test_a_good_prompt_has_nothing(text):
    assert rules(text) == []


def test_words_are_judged_by_the_vocabulary(words):
    assert rules("1girl, smiel", words=words) == ["unknown_near"]
    assert rules("1girl, qqqq", words=words) == ["unknown"]
    assert rules("nekomimi, 1girl", words=words) == ["alias"]
    assert rules("猫耳", words=words) == ["alias"]
    assert rules("old tag", words=words) == ["deprecated"]
    assert rules("odd hat", words=words) == ["rare"]
    assert rules("odd hat", words=words, seen_at_least=10) == []
    assert rules("cat ears, animal ears", words=words) == ["redundant"]
    assert rules("new hat", words=words) == ["uncounted"]
    assert rules("smile, (smile)", words=words) == ["duplicate_weight"]
    assert rules("a very long sentence with many words in it", words=words) == []


def test_words_are_mended_by_the_vocabulary(words):
    options = CheckOptions(knows=words)
    text = "smile, nekomimi, old tag, (smile), smile, smiel"
    assert mend_prompt(text, "a1111", options) == "smile, cat ears, hat, (smile), smiel"
    assert mend_prompt(text, "a1111", options, unsure=True) == "smile, cat ears, hat"


def test_the_base_may_have_seen_less_than_the_vocabulary(words):
    assert rules("smile, hat", words=words, counts={"smile": 500}) == ["rare"]


def test_contradictions_need_one_person_and_the_same_moment(words):
    assert rules("red hair, blue hair", words=words) == ["contradiction"]
    assert rules("2girls, red hair, blue hair", words=words) == []
    assert rules("multicolored hair, red hair, blue hair", words=words) == []
    assert rules("[red hair:blue hair:0.5]", words=words) == []
    assert rules("red hair AND blue hair", words=words) == []
    assert rules("red hair, (blue hair:0)", words=words) == []


def test_a_series_is_told_from_words_meant_to_be_stronger(words):
    assert "series" in rules("1girl (red hairs)", words=words)
    assert "series" not in rules("1girl (red hair)", words=words)
    check = check_prompt("fox (species)", "a1111", CheckOptions(knows=words))
    assert check.findings[-1].fix.sure


def test_a_bracket_out_of_place_is_not_also_an_unknown_tag(words):
    assert rules("1girl, (red hair:1.2, hat", words=words) == ["unclosed"]


def test_messages_come_in_two_languages(words):
    (finding,) = check_prompt("smiel", "a1111", CheckOptions(knows=words)).findings
    assert finding.message() == "smiel is not a known tag; spelt most like it: smile"
    assert "綴り" in finding.message("ja")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a, b BREAK c" + ")" * 10_000,
        "a, " * 5_000,
        "(a BREAK " * 5_000,
        "{" * 8_000 + "[" * 8_000,
        ")" * 10_000,
        "x_(y) " * 3_000,
        "[a:b:0.5], " * 3_000,
        "a+++++++ b, " * 3_000,
        "：" * 10_000,
    ],
)
def test_a_hostile_prompt_is_answered_with_a_limited_number_of_findings(dialect, text, words):
    check = check_prompt(text, dialect, CheckOptions(knows=words))
    assert len(check.findings) <= 1_000
    assert all(finding.message() for finding in check.findings)
    assert all(0 <= one.start <= one.end <= len(text) for one in check.findings)


def test_mending_a_deep_prompt_ends():
    text = "(" * 90 + "a"
    assert mend_prompt(text) == text + ")" * 90
    assert all(
        finding.level is not Level.WARNING for finding in check_prompt(mend_prompt(text)).findings
    )
