import pytest

from enogu.errors import PhraseError
from enogu.tags.phrases import Phrase, PhraseBook, UsedPrompt, rank
from enogu.tags.phrases import ranking as ranking_module

DAY_S = 86_400.0
NOW = 20_000 * DAY_S


def used(log, text, days_ago, times=1):
    for _ in range(times):
        log.record_search(text, now=NOW - days_ago * DAY_S)


def test_a_use_counts_half_after_thirty_days(log):
    used(log, "hat", 30)
    used(log, "sky", 60)
    rows = rank("searches", PhraseBook(log.path), now=NOW).rows
    assert [(row.text, row.score) for row in rows] == [
        ("hat", pytest.approx(0.5)),
        ("sky", pytest.approx(0.25)),
    ]


def test_recent_uses_outrank_many_old_ones(log):
    used(log, "old", 300, times=50)
    used(log, "new", 0, times=2)
    assert [row.text for row in rank("searches", PhraseBook(log.path), now=NOW).rows] == [
        "new",
        "old",
    ]
    long_memory = rank("searches", PhraseBook(log.path), now=NOW, half_life_days=10_000)
    assert [row.text for row in long_memory.rows] == ["old", "new"]


def test_a_star_counts_five_uses_and_does_not_fade(log, book):
    log.record_prompt("1girl, hat", now=NOW - 3000 * DAY_S)
    book.star("tag", "hat", 2)
    book.star("tag", "never_used", 1)
    rows = rank("tags", PhraseBook(log.path), now=NOW).rows
    assert [(row.text, row.stars, row.uses) for row in rows] == [
        ("hat", 2, 1),
        ("never_used", 1, 0),
        ("1girl", 0, 1),
    ]
    assert rows[0].score == pytest.approx(10.0)
    assert rows[1].last_day == ""


def test_a_clock_that_ran_ahead_counts_as_today(log):
    used(log, "hat", -400)
    assert rank("searches", PhraseBook(log.path), now=NOW).rows[0].score == 1.0


def test_prompts_are_ranked_with_their_negative_prompt(log):
    log.record_prompt("hat", "lowres", now=NOW)
    log.record_prompt("hat", "lowres", now=NOW)
    log.record_prompt("hat", now=NOW)
    rows = rank("prompts", PhraseBook(log.path), now=NOW).rows
    assert [(row.text, row.negative, row.uses) for row in rows] == [
        ("hat", "lowres", 2),
        ("hat", "", 1),
    ]
    assert [row.text for row in rank("negative-tags", PhraseBook(log.path), now=NOW).rows] == [
        "lowres"
    ]


def test_tags_of_prompts_and_tags_chosen_in_searches_count_together(log):
    log.record_prompt("1girl, cat ears", now=NOW)
    log.record_search("neko", ["cat_ears"], now=NOW)
    rows = rank("tags", PhraseBook(log.path), now=NOW).rows
    counted = {row.text: sum(r.uses for r in rows if r.text == row.text) for row in rows}
    assert counted == {"1girl": 1, "cat_ears": 2}


def test_scores_agree_with_a_plain_sum(log):
    days = [0, 1, 1, 7, 29, 31, 400]
    for number, day in enumerate(days):
        log.record_pictures(
            [UsedPrompt(prompt="hat", time_s=NOW - day * DAY_S, digest=number.to_bytes(2, "big"))]
        )
    expected = sum(0.5 ** (day / 30) for day in days)
    assert rank("tags", PhraseBook(log.path), now=NOW).rows[0].score == pytest.approx(
        expected, rel=1e-12
    )


def test_what_is_not_for_all_ages_is_counted_but_not_shown(log, monkeypatch):
    monkeypatch.setattr(ranking_module, "rating_level", lambda text: 3 * ("unfit" in text))
    used(log, "unfit words", 0)
    used(log, "hat", 0)
    ranking = rank("searches", PhraseBook(log.path), now=NOW)
    assert [row.text for row in ranking.rows] == ["hat"]
    assert ranking.hidden == 1
    everything = rank("searches", PhraseBook(log.path, rating="explicit"), now=NOW)
    assert len(everything.rows) == 2
    assert everything.hidden == 0


def test_entries_of_hidden_categories_are_left_out(log, book):
    book.add([Phrase(label="a", category="c", prompt="hat")])
    log.record_phrase("c/a", now=NOW)
    assert [row.text for row in rank("phrases", PhraseBook(log.path), now=NOW).rows] == ["c/a"]
    book.hide("c")
    assert rank("phrases", PhraseBook(log.path), now=NOW).rows == ()
    assert rank("phrases", PhraseBook(log.path), now=NOW).hidden == 1


def test_the_limit_cuts_after_sorting(log):
    for number in range(5):
        used(log, f"word{number}", 0, times=number + 1)
    assert [row.text for row in rank("searches", PhraseBook(log.path), limit=2, now=NOW).rows] == [
        "word4",
        "word3",
    ]


@pytest.mark.parametrize(
    "options",
    [{"limit": 0}, {"half_life_days": 0}, {"half_life_days": float("nan")}, {"kind": "songs"}],
)
def test_values_out_of_range_are_refused(log, options):
    kind = options.pop("kind", "tags")
    with pytest.raises(PhraseError, match="got"):
        rank(kind, PhraseBook(log.path), **options)
