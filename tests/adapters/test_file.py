import errno
import hashlib
import json
import struct

import pytest
import safetensors.torch
import torch

from enogu.adapters import AdapterSpec, inject_adapter, read_adapter_header, save_adapter
from enogu.adapters.file import file_legacy_hash, file_model_hash, read_numbers
from enogu.errors import AdapterError, NonFiniteError, StorageError
from enogu.families.testing import build_tiny_base

METADATA = {
    "ss_network_dim": "4",
    "ss_tag_frequency": '{"絵": {"1girl": 3}}',
    "modelspec.title": "x",
}


@pytest.fixture(scope="module")
def tensors():
    adapter = inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=4, alpha=3, train_text_encoder=True)
    )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in adapter.layers.values():
            layer.update.lora_up.normal_(generator=generator)
    return adapter.state_dict()


def split(data):
    """Take a file apart without any library: header as JSON, and the bytes after it."""
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("fp16", torch.float16), ("bf16", torch.bfloat16), ("fp32", torch.float32)],
)
def test_keys_values_and_metadata_return(tmp_path, tensors, name, dtype):
    path = tmp_path / "a.safetensors"
    saved = save_adapter(tensors, path, METADATA, name)
    loaded = safetensors.torch.load_file(path)
    assert sorted(loaded) == sorted(tensors)
    for key, tensor in tensors.items():
        assert loaded[key].dtype == dtype
        assert torch.equal(loaded[key], tensor.to(dtype)), key
        if key.endswith(".alpha"):
            assert loaded[key].shape == ()
            assert loaded[key].item() == 3
    header, _ = split(path.read_bytes())
    assert header["__metadata__"] == {
        **METADATA,
        "sshs_model_hash": saved.model_hash,
        "sshs_legacy_hash": saved.legacy_hash,
    }
    assert saved.num_bytes == path.stat().st_size


def test_hashes_equal_an_independent_computation(tmp_path):
    # Large enough that the legacy hash, 64 KiB from 1 MiB on, falls into the tensors.
    generator = torch.Generator().manual_seed(0)
    big = {f"layer{i}.lora_up.weight": torch.randn(512, 256, generator=generator) for i in "abcdef"}
    path = tmp_path / "a.safetensors"
    saved = save_adapter(big, path, METADATA, "fp32")
    _, body = split(path.read_bytes())
    assert saved.model_hash == hashlib.sha256(body).hexdigest()
    kept = {key: value for key, value in METADATA.items() if key.startswith("ss_")}
    entries, offset = {"__metadata__": kept}, 0
    for name, tensor in sorted(big.items()):
        end = offset + 4 * tensor.numel()
        entries[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    rebuilt = struct.pack("<Q", len(header)) + header + body
    expected = hashlib.sha256(rebuilt[0x100000 : 0x100000 + 0x10000]).hexdigest()[:8]
    assert saved.legacy_hash == expected
    opened = read_adapter_header_of(path)
    assert file_model_hash(opened) == saved.model_hash
    on_disk = path.read_bytes()[0x100000 : 0x100000 + 0x10000]
    assert file_legacy_hash(path) == hashlib.sha256(on_disk).hexdigest()[:8]


def read_adapter_header_of(path):
    return read_adapter_header(path).file


def test_editing_other_metadata_keeps_both_hashes(tmp_path, tensors):
    first = save_adapter(tensors, tmp_path / "a.safetensors", METADATA)
    other = {**METADATA, "modelspec.title": "a much longer title", "note": "x" * 1000}
    second = save_adapter(tensors, tmp_path / "b.safetensors", other)
    assert (first.model_hash, first.legacy_hash) == (second.model_hash, second.legacy_hash)


def test_the_same_adapter_gives_the_same_bytes(tmp_path, tensors):
    for name in "ab":
        save_adapter(tensors, tmp_path / name, METADATA)
    reversed_order = dict(reversed(tensors.items()))
    save_adapter(reversed_order, tmp_path / "c", dict(reversed(METADATA.items())))
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_the_header_is_read_without_the_tensors(tmp_path, tensors, monkeypatch):
    path = tmp_path / "a.safetensors"
    save_adapter(tensors, path, METADATA)
    monkeypatch.setattr("enogu.families.safetensors_file.SafetensorsFile.read", None)
    header = read_adapter_header(path)
    assert len(header.keys.layers) == 210
    assert header.metadata["ss_network_dim"] == "4"


def test_nan_is_not_saved_and_the_old_file_stays(tmp_path, tensors):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")
    key = next(iter(tensors))
    with pytest.raises(NonFiniteError, match=key):
        save_adapter({**tensors, key: tensors[key] * float("nan")}, path, {})
    assert path.read_bytes() == b"old"


def test_values_too_large_for_fp16_name_the_way_out(tmp_path, tensors):
    key = next(iter(tensors))
    large = {**tensors, key: tensors[key] * 0 + 1e6}
    with pytest.raises(AdapterError, match="65504") as caught:
        save_adapter(large, tmp_path / "a", {})
    assert "train.save_dtype=bf16" in caught.value.hint
    save_adapter(large, tmp_path / "a", {}, "bf16")


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path, tensors, monkeypatch):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")

    def no_room(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(StorageError, match="disk is full"):
        save_adapter(tensors, path, {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.safetensors"]
    assert path.read_bytes() == b"old"


def test_nothing_to_save_is_refused(tmp_path):
    with pytest.raises(AdapterError, match="no layers"):
        save_adapter({}, tmp_path / "a", {})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.safetensors", b"", r"is empty \(0 bytes\)"),
        ("a.safetensors", b"\x10\x00", "no valid header"),
        ("a.safetensors", b"\xff" * 40, "no valid header"),
        ("a.safetensors", struct.pack("<Q", 4) + b"abcd", "not JSON"),
        ("a.safetensors", struct.pack("<Q", 900) + b"{", "cut short"),
        ("a.safetensors", b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        ("a.safetensors", b"\n<!DOCTYPE html><html><head></head>", "is a web page"),
        ("a.safetensors", b"\x89PNG\r\n\x1a\n" + b"\1" * 40, "is a PNG picture"),
        ("a.pt", b"PK\x03\x04rest of a torch archive", "pickle file"),
        ("a.safetensors", b"PK\x03\x04rest of a torch archive", "pickle file"),
        ("a.ckpt", b"\x80\x02}q\x00rest of a pickle", "pickle file"),
    ],
)
def test_damaged_and_foreign_files_are_refused(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AdapterError, match=words) as caught:
        read_adapter_header(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_truncated_file_a_missing_one_and_a_folder(tmp_path, tensors):
    path = tmp_path / "a.safetensors"
    save_adapter(tensors, path, {})
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(AdapterError, match="cut short"):
        read_adapter_header(path)
    with pytest.raises(AdapterError, match="no adapter file at"):
        read_adapter_header(tmp_path / "b.safetensors")
    with pytest.raises(AdapterError, match=r"is a folder.*a\.safetensors"):
        read_adapter_header(tmp_path)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("model.diffusion_model.input_blocks.0.0.weight", "is a base"),
        ("emb_params", "textual inversion"),
        ("some.weight", "holds no adapter: 1 tensors, the first are some.weight"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path, key, words):
    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file({key: torch.zeros(4)}, path)
    with pytest.raises(AdapterError, match=words):
        read_adapter_header(path)


def test_broken_numbers_and_missing_halves_are_refused(tmp_path):
    module = "lora_unet_mid_block_attentions_0_proj_in"
    down, up = torch.zeros(2, 4), torch.zeros(4, 2)
    path = tmp_path / "a.safetensors"
    broken = {f"{module}.lora_down.weight": down * float("nan"), f"{module}.lora_up.weight": up}
    safetensors.torch.save_file(broken, path)
    with pytest.raises(AdapterError, match=f"1 of 1 layers hold NaN or Inf: {module}"):
        read_numbers(read_adapter_header(path))
    safetensors.torch.save_file({f"{module}.lora_down.weight": down}, path)
    with pytest.raises(AdapterError, match="only one of their two factors"):
        read_numbers(read_adapter_header(path))


@pytest.mark.parametrize(
    ("role", "shape"),
    [
        ("lora_down.weight", ()),
        ("lora_down.weight", (4,)),
        ("lora_down.weight", (0, 4)),
        ("lora_mid.weight", (4, 2)),
        ("lora_mid.weight", (4, 3, 3, 3)),
        ("alpha", (2,)),
    ],
)
def test_impossible_shapes_are_refused(tmp_path, role, shape):
    module = "lora_unet_mid_block_resnets_0_conv1"
    tensors = {
        f"{module}.lora_down.weight": torch.ones(4, 8, 1, 1),
        f"{module}.lora_up.weight": torch.ones(8, 4, 1, 1),
        f"{module}.{role}": torch.ones(shape),
    }
    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file(tensors, path)
    with pytest.raises(AdapterError, match=f"{module} have impossible shapes"):
        read_adapter_header(path)
