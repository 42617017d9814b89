import torch

from enogu.files import content_key
from enogu.train.content_cache import ContentCache


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
