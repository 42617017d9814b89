"""Where tokenizers are looked for, and foreign ones."""

import json

import huggingface_hub.constants as hub_constants
import pytest

from enogu.errors import BaseModelError
from enogu.families.detect import inspect_base
from enogu.families.single_file_write import save_single_file
from enogu.families.testing import build_tiny_base
from enogu.families.tokenizers import build_byte_tokenizer, byte_alphabet, find_tokenizers


@pytest.fixture
def info(tmp_path):
    save_single_file(build_tiny_base("sd1"), tmp_path / "base.safetensors")
    return inspect_base(tmp_path / "base.safetensors")


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_the_alphabet_is_that_of_clip():
    alphabet = byte_alphabet()
    assert len(set(alphabet)) == 256
    assert (alphabet[0], alphabet[255]) == ("!", "Ń")


def test_without_any_the_message_says_what_to_put_where(info, tmp_path):
    with pytest.raises(BaseModelError, match="brings no tokenizer") as caught:
        find_tokenizers(info, None, allow_hub=False)
    assert str(tmp_path / "tokenizer") in caught.value.hint
    assert "model.tokenizer=FOLDER" in caught.value.hint


def test_a_folder_beside_the_file_is_found_first(info, tmp_path):
    build_byte_tokenizer().save_pretrained(str(tmp_path / "tokenizer"))
    (found,) = find_tokenizers(info, None, allow_hub=False)
    assert len(found) == 514


def test_the_old_pair_of_files_is_read(info, tmp_path):
    tokenizer = build_byte_tokenizer()
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(tokenizer.get_vocab()), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (found,) = find_tokenizers(info, folder, allow_hub=False)
    assert found("絵 1girl").input_ids == tokenizer("絵 1girl").input_ids


def test_a_folder_without_tokenizer_is_refused(info, tmp_path):
    with pytest.raises(BaseModelError, match="there is no tokenizer"):
        find_tokenizers(info, tmp_path / "nothing", allow_hub=False)


def test_a_tokenizer_of_another_encoder_is_refused(info, tmp_path):
    build_byte_tokenizer(600).save_pretrained(str(tmp_path / "other"))
    with pytest.raises(BaseModelError, match="do not belong together"):
        find_tokenizers(info, tmp_path / "other", allow_hub=False)
