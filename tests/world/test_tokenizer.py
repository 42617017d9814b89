"""The tokenizer spells every word and keeps the world's own words whole."""

from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from enogu.world.tokenizer import learn_merges, load_tokenizer, tokenize

MINI = Path(__file__).parents[2] / "src" / "enogu" / "families" / "mini"


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return load_tokenizer(MINI / "tokenizer")


@pytest.mark.parametrize(
    "word", ["hoshina", "zxqv7", "ほしな", "絵の具", "яблоко", "naïve", "😀", "한글", "x_y-z", "ß"]
)
def test_any_trigger_word_survives(tokenizer: CLIPTokenizer, word: str) -> None:
    ids = tokenizer(word).input_ids
    assert tokenizer.eos_token_id not in ids[1:-1], "no byte is unknown"
    text = tokenizer.decode(ids, skip_special_tokens=True)
    assert text.replace(" ", "") == word.lower()


def test_known_words_are_one_token(tokenizer: CLIPTokenizer) -> None:
    for word in ("hair", "twintails", "serafuku", "background", "witch"):
        assert len(tokenizer(word).input_ids) == 3


def test_padding_is_end_of_text_up_to_77(tokenizer: CLIPTokenizer) -> None:
    ids = tokenize(tokenizer, ["1girl, smile", ""])
    assert ids.shape == (2, 77)
    assert ids[1].tolist() == [tokenizer.bos_token_id] + [tokenizer.eos_token_id] * 76


def test_merges_are_learnt_by_frequency() -> None:
    assert learn_merges(["abab ab", "ab"], 1) == [("a", "b</w>")]
    assert learn_merges(["a"], 5) == []
