import pytest

from enogu.errors import PhraseError
from enogu.tags.phrases import Phrase, PhraseBook, starter_phrases


def phrase(label="うちの子", prompt="1girl, blue hair", **more):
    return Phrase(label=label, prompt=prompt, **{"category": "自分", "source": "own", **more})


def test_a_new_book_is_the_embedded_one_and_makes_no_file(book):
    assert book.phrases() == starter_phrases()
    assert not book.path.exists()


def test_added_entries_come_back_after_the_embedded_ones(book):
    report = book.add([phrase()])
    assert [p.label for p in report.added] == ["うちの子"]
    assert PhraseBook(book.path).phrases()[-1] == phrase()


def test_the_same_entry_again_changes_nothing_and_a_new_prompt_replaces_it(book):
    book.add([phrase()])
    assert book.add([phrase()]).unchanged == 1
    report = book.add([phrase(prompt="1girl, red hair")])
    assert [p.prompt for p in report.changed] == ["1girl, red hair"]
    assert [p.prompt for p in book.phrases() if p.label == "うちの子"] == ["1girl, red hair"]


def test_a_dry_run_reports_and_writes_nothing(book):
    assert len(book.add([phrase()], dry_run=True).added) == 1
    assert not book.path.exists()


def test_an_own_entry_stands_in_for_the_embedded_one_until_it_is_removed(book):
    first = starter_phrases()[0]
    mine = Phrase(label=first.label, category=first.category, group=first.group, prompt="1girl")
    book.add([mine])
    assert book.get(first.label).prompt == "1girl"
    assert len(book.phrases()) == len(starter_phrases())
    book.remove(label=first.label)
    assert book.get(first.label) == first


def test_embedded_entries_cannot_be_removed(book):
    with pytest.raises(PhraseError, match="sources of own entries: none"):
        book.remove(label="満面の笑み")


def test_entries_of_a_file_are_removed_together(book):
    book.add([phrase("a", source="x.csv"), phrase("b", source="x.csv"), phrase("c")])
    assert len(book.remove(source="x.csv")) == 2
    assert [p.label for p in book.phrases() if p.category == "自分"] == ["c"]
    with pytest.raises(PhraseError, match="sources of own entries: own"):
        book.remove(source="x.csv")


@pytest.mark.parametrize(
    "text", ["満面の笑み", "Beaming smile", "beaming_smile", "ＢＥＡＭＩＮＧ　smile"]
)
def test_an_entry_is_got_in_either_language_and_any_spelling(book, text):
    assert book.get(text).label == "満面の笑み"


def test_labels_of_two_categories_need_the_category(book):
    book.add([phrase("空", category="a"), phrase("空", category="b", prompt="sky")])
    with pytest.raises(PhraseError, match="2 entries are called '空': a/空, b/空"):
        book.get("空")
    assert book.get("b/空").prompt == "sky"


def test_a_label_with_a_slash_is_found_as_it_is(book):
    book.add([phrase("a/b")])
    assert book.get("a/b").label == "a/b"


def test_an_unknown_label_says_how_to_search(book):
    with pytest.raises(PhraseError, match="no entry 'xyz'") as caught:
        book.get("xyz")
    assert "enogu phrases search" in caught.value.hint


def test_hidden_categories_show_only_when_asked_for(book):
    assert book.hide("styles") == "画風"
    assert "画風" not in {p.category for p in book.phrases()}
    assert "画風" in {p.category for p in book.phrases(everything=True)}
    assert [c.hidden for c in book.categories(everything=True) if c.name == "画風"] == [True]
    book.hide("画風", hidden=False)
    assert book.phrases() == starter_phrases()


def test_a_book_may_show_hidden_categories_and_higher_ratings(book):
    book.hide("画風")
    book.add([phrase(category="R-18")])
    count = len(starter_phrases())
    assert len(PhraseBook(book.path, show_hidden=True).phrases()) == count
    assert len(PhraseBook(book.path, show_hidden=True, rating="explicit").phrases()) == count + 1
    assert len(PhraseBook(book.path, rating="questionable").phrases()) < count


def test_hiding_an_unknown_category_names_the_known_ones(book):
    with pytest.raises(PhraseError, match="no category 'x'") as caught:
        book.hide("x")
    assert "表情" in caught.value.hint


def test_what_is_not_for_all_ages_shows_only_when_asked_for(book):
    book.add([phrase(category="R-18")])
    assert len(book.phrases()) == len(starter_phrases())
    assert len(book.phrases(everything=True)) == len(starter_phrases()) + 1


def test_categories_count_what_is_shown(book):
    parts = {part.name: part for part in book.categories()}
    assert sum(part.count for part in parts.values()) == len(starter_phrases())
    assert parts["表情"].name_en == "Expressions"
    assert parts["表情"].groups[0] == "うれしい / Happy"


def test_a_fault_in_one_entry_writes_none(book):
    with pytest.raises(PhraseError, match="has no tags"):
        book.add([phrase(), phrase("leer", prompt="")])
    assert not book.path.exists()


def test_stars_are_kept_by_kind_and_taken_away_by_zero(book):
    assert book.star("phrase", "beaming smile", 3) == "表情/満面の笑み"
    assert book.star("tag", "Long Hair", 2) == "long_hair"
    assert book.stars("phrase") == {"表情/満面の笑み": 3}
    assert book.stars("tag") == {"long_hair": 2}
    book.star("tag", "long_hair", 0)
    assert book.stars("tag") == {}


@pytest.mark.parametrize(
    ("kind", "text", "stars", "message"),
    [
        ("tag", "hat", 6, "0 to 5, got 6"),
        ("tag", "hat", -1, "0 to 5, got -1"),
        ("tag", "  ", 1, "empty"),
        ("phrase", "nothing", 1, "no entry 'nothing'"),
        ("song", "hat", 1, "got 'song'"),
    ],
)
def test_stars_refuse_what_makes_no_sense(book, kind, text, stars, message):
    with pytest.raises(PhraseError, match=message):
        book.star(kind, text, stars)
