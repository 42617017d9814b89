"""How text is laid out in chunks of 75 tokens."""

from enogu.families.chunks import chunk_pieces, text_token_ids
from enogu.families.tokenizers import build_byte_tokenizer

TOKENIZER = build_byte_tokenizer()


def sizes(text):
    return [len(chunk.tokens) for chunk in chunk_pieces(TOKENIZER, [(text, 1.0)])]


def test_empty_text_is_one_empty_chunk():
    assert sizes("") == [0]


def test_75_tokens_fit_and_76_do_not():
    assert sizes("a" * 75) == [75]
    assert sizes("a" * 76) == [75, 1]


def test_a_tag_near_the_end_moves_whole_to_the_next_chunk():
    assert sizes("a" * 65 + "," + "b" * 12) == [66, 12]


def test_a_tag_longer_than_the_look_back_is_cut():
    assert sizes("a" * 50 + "," + "b" * 30) == [75, 6]


def test_a_comma_as_the_76th_token_does_not_move_the_tag_before_it():
    assert sizes("a" * 65 + "," + "b" * 9 + "," + "c") == [75, 2]


def test_weights_follow_their_tokens_across_chunks():
    chunks = chunk_pieces(TOKENIZER, [("a" * 70 + ",", 1.0), ("b" * 10, 1.3)])
    assert chunks[0].weights == [1.0] * 71
    assert chunks[1].weights == [1.3] * 10


def test_any_text_can_be_spelt_and_nothing_is_cut():
    assert len(text_token_ids(TOKENIZER, "絵の具" * 40)) == 360
