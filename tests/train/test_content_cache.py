import pytest
import torch

from enogu.train.content_cache import ContentCache, content_key


def test_key_depends_on_every_part_and_not_on_their_order():
    one = content_key({"a": 1, "b": [2, 3]})
    assert one == content_key({"b": [2, 3], "a": 1})
    assert one != content_key({"a": 1, "b": [3, 2]})
    with pytest.raises(ValueError, match="Out of range float"):
        content_key({"a": float("nan")})


def test_entries_come_back_whole_or_by_row(tmp_path):
    cache = ContentCache(tmp_path / "cache")
    values = torch.arange(12.0).reshape(3, 4)
    key = content_key({"x": 1})
    assert not cache.has(key)
    cache.write(key, {"values": values})
    assert torch.equal(cache.read(key)["values"], values)
    assert torch.equal(cache.read_row(key, 1)["values"], values[1:2])


def test_a_damaged_entry_is_made_anew(tmp_path):
    cache = ContentCache(tmp_path)
    key = content_key({"x": 1})
    cache.write(key, {"values": torch.zeros(3)})
    cache.path(key).write_bytes(b"damaged")
    assert not cache.has(key)
    assert not cache.path(key).exists()
