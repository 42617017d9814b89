import re
from pathlib import Path

import pytest

import enogu.tags.prompt
from enogu.errors import PromptError
from enogu.tags.prompt.findings import LANGUAGES, Edit, Fix, apply_fixes, catalogue, message

SOURCE = Path(enogu.tags.prompt.__file__).parent


def test_every_message_has_both_languages_with_the_same_values():
    for rule, texts in catalogue().items():
        assert set(texts) == set(LANGUAGES), rule
        values = {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in texts.items()}
        assert values["en"] == values["ja"], rule
        assert re.search("[ぁ-ヿ一-鿿]", texts["ja"]), rule


def test_every_rule_in_the_source_has_a_message_and_every_message_a_rule():
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.py"))
    quoted = set(re.findall(r'"([a-z_]+)"', source))
    assert set(catalogue()) <= quoted


def test_an_unknown_language_is_refused():
    with pytest.raises(PromptError, match="en, ja"):
        message("unknown", "fr", {"tag": "x"})


def fix(*edits):
    return Fix(edits=tuple(Edit(start=a, end=b, text=t) for a, b, t in edits), sure=True)


def test_edits_are_made_together_and_a_fix_is_made_whole_or_not_at_all():
    assert apply_fixes("abcdef", [fix((1, 2, "X"), (4, 5, "Y")), fix((0, 0, "<"))]) == "<aXcdYf"
    assert apply_fixes("abcdef", [fix((1, 3, "X")), fix((0, 1, "Z"), (2, 4, "Y"))]) == "aXdef"


def test_insertions_at_one_place_keep_their_order():
    assert apply_fixes("ab", [fix((2, 2, "]")), fix((2, 2, ")"))]) == "ab])"
