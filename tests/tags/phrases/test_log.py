from contextlib import closing

import pytest

from enogu.errors import PromptError
from enogu.tags.phrases import PhraseBook, UsedPrompt, UseLog, rank

DAY_S = 86_400.0
NOW = 20_000 * DAY_S + 3_600


def use(prompt, digest, **more):
    return UsedPrompt(prompt=prompt, digest=digest, **{"time_s": NOW, **more})


def test_a_new_log_is_on_and_empty_and_makes_no_file(log):
    state = log.state()
    assert state.on
    assert (state.searches, state.prompts, state.uses, state.pictures) == (0, 0, 0, 0)
    assert state.first_day == ""
    assert not log.path.exists()


def test_searches_and_what_was_chosen_are_counted_by_day(log):
    log.record_search("ねこ みみ", ["cat ears"], now=NOW)
    log.record_search("ねこ みみ", now=NOW + 60)
    log.record_search("hat", now=NOW + DAY_S)
    state = log.state()
    assert (state.searches, state.uses, state.first_day) == (2, 4, "2024-10-04")
    searches = rank("searches", PhraseBook(log.path), now=NOW + DAY_S).rows
    assert [(row.text, row.uses) for row in searches] == [("ねこ みみ", 2), ("hat", 1)]
    assert [row.text for row in rank("tags", PhraseBook(log.path), now=NOW).rows] == ["cat_ears"]


@pytest.mark.parametrize("query", ["", "  ", "x" * 201])
def test_empty_and_overlong_searches_are_left_out(log, query):
    log.record_search(query, now=NOW)
    assert log.state().uses == 0


def test_switched_off_nothing_is_written_and_what_was_there_stays(log):
    log.record_search("hat", now=NOW)
    log.switch(False)
    assert not log.is_on()
    log.record_search("sky", now=NOW)
    log.record_phrase("c/x", now=NOW)
    log.record_prompt("1girl", now=NOW)
    assert log.record_pictures([use("1girl", b"1")]) == 0
    assert log.state().uses == 1
    log.switch(True)
    log.record_search("sky", now=NOW)
    assert log.state().uses == 2


def test_emptying_leaves_no_trace_in_the_file_but_keeps_stars(log, book):
    book.star("tag", "hat", 2)
    log.record_search("very secret words", now=NOW)
    log.record_prompt("another secret, 1girl", now=NOW)
    assert b"secret" in log.path.read_bytes()
    assert log.empty() == 2
    assert b"secret" not in log.path.read_bytes()
    assert log.state().uses == 0
    assert book.stars("tag") == {"hat": 2}


def test_emptying_what_was_never_written_makes_no_file(log):
    assert log.empty() == 0
    assert not log.path.exists()


def test_a_picture_counts_once_and_the_same_prompt_in_another_picture_again(log):
    assert log.record_pictures([use("1girl, hat", b"1"), use("1girl, hat", b"1")]) == 1
    assert log.record_pictures([use("1girl, hat", b"1"), use("1girl, hat", b"2")]) == 1
    assert rank("prompts", PhraseBook(log.path), now=NOW).rows[0].uses == 2


def test_prompts_without_words_or_too_long_are_left_out(log):
    uses = [use("", b"1"), use("  ", b"2"), use("x" * 100_001, b"3")]
    assert log.record_pictures(uses) == 0
    assert log.state().prompts == 0


def test_the_dialect_decides_what_the_tags_are(log):
    log.record_prompt("{{hat}}", dialect="novelai", now=NOW)
    assert [row.text for row in rank("tags", PhraseBook(log.path), now=NOW).rows] == ["hat"]
    with pytest.raises(PromptError, match="unknown prompt dialect"):
        log.record_prompt("hat", dialect="x", now=NOW)


def test_a_failed_import_of_pictures_writes_nothing(log):
    with pytest.raises(PromptError):
        log.record_pictures([use("hat", b"1"), use("sky", b"2", dialect="x")])
    assert log.state().uses == 0
    assert log.state().pictures == 0


def test_the_log_holds_days_and_no_times(log):
    import sqlite3

    log.record_search("hat", now=NOW)
    with closing(sqlite3.connect(log.path)) as connection:
        assert connection.execute("SELECT day, count FROM uses").fetchall() == [(20_000, 1)]


def test_the_own_log_is_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path))
    assert UseLog().path == tmp_path / "phrases.db"
