import pytest

from enogu.tags.phrases import Phrase, find_phrases, starter_phrases


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("満面", "満面の笑み"),
        ("まんめんのえみ", "満面の笑み"),
        ("えがお", "満面の笑み"),
        ("egao", "満面の笑み"),
        ("ＥＧＡＯ", "満面の笑み"),
        ("beaming", "満面の笑み"),
        ("smile beaming", "満面の笑み"),
        ("yuuyake", "夕焼け"),
        ("yûyake", "夕焼け"),
        ("sunset", "夕焼け"),
        ("セーラー", "セーラー服"),
        ("せーらー", "セーラー服"),
        ("雨 傘", "傘をさす"),
        ("傘　雨", "傘をさす"),
        ("ねこm", "猫耳の女の子"),
        ("はだし", "パジャマ"),
        ("crying", "泣き顔"),
        ("natsumaturi", "夏祭り"),
        ("たいいくずわり", "体育座り"),
        ("プレゼント", "クリスマス"),
    ],
)
def test_everyday_words_find_the_entry_among_the_first_three(query, label):
    found = [phrase.label for phrase in find_phrases(starter_phrases(), query)]
    assert label in found[:3]


def test_the_label_itself_comes_first():
    assert find_phrases(starter_phrases(), "夏祭り")[0].label == "夏祭り"
    assert find_phrases(starter_phrases(), "winter")[0].label_en == "Winter"


@pytest.mark.parametrize("query", ["", "   ", "xyzzyx", "満面 xyzzyx", "\0", "," * 10_000])
def test_nothing_is_found_for_nothing(query):
    assert find_phrases(starter_phrases(), query) == ()


def test_stars_go_before_order_among_equals():
    entries = [Phrase(label=f"空{n}", prompt="sky", category="c") for n in "abc"]
    found = find_phrases(entries, "空", stars={"c/空c": 1})
    assert [phrase.label for phrase in found] == ["空c", "空a", "空b"]


def test_stars_never_go_before_nearness():
    entries = [Phrase(label="青い空", prompt="sky"), Phrase(label="空", prompt="sky")]
    assert find_phrases(entries, "空", stars={"青い空": 5})[0].label == "空"
