import json

import pytest

from enogu.errors import PhraseError
from enogu.tags.phrases.importing.chants import read_chants
from enogu.tags.vocabulary.importing.problems import Problems


def test_chants_of_tagcomplete_are_read():
    text = json.dumps(
        [{"name": "Basic", "terms": "basic,quality", "content": "masterpiece, 1girl", "color": 3}]
    )
    (entry,) = read_chants(text, "chants", Problems())
    assert (entry.label, entry.reading, entry.prompt, entry.category) == (
        "Basic",
        "basic,quality",
        "masterpiece, 1girl",
        "chants",
    )


def test_broken_chants_are_reported_by_number():
    problems = Problems()
    text = json.dumps(
        [7, {"name": "a"}, {"name": 3, "content": "x"}, {"name": "b", "content": "hat"}]
    )
    assert [p.label for p in read_chants(text, "c", problems)] == ["b"]
    assert [problem.line for problem in problems.first] == [1, 2, 3]


@pytest.mark.parametrize("text", ["{", '{"name": "a"}', "7", "[" * 100_000, ""])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(PhraseError, match=r"JSON|list of chants"):
        list(read_chants(text, "c", Problems()))
