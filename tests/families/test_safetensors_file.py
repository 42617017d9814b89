"""Our reader and writer against the safetensors library."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from enogu.errors import BaseModelError
from enogu.families.safetensors_file import SafetensorsFile, TensorToWrite, write_safetensors

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int64]


def test_reads_what_the_library_writes(tmp_path):
    tensors = {str(dtype): torch.arange(6).reshape(2, 3).to(dtype) for dtype in DTYPES}
    tensors["scalar"], tensors["empty"] = torch.tensor(2.5), torch.empty(0)
    save_file(tensors, tmp_path / "a.safetensors", metadata={"key": "値"})
    file = SafetensorsFile.open(tmp_path / "a.safetensors")
    assert file.metadata == {"key": "値"}
    for name, value in tensors.items():
        read = file.read(name)
        assert read.dtype == value.dtype
        assert torch.equal(read.reshape(-1).view(torch.uint8), value.reshape(-1).view(torch.uint8))


def test_the_library_reads_what_we_write(tmp_path):
    values = {"a": torch.randn(3, 5), "b": torch.ones(2).bool(), "c": torch.tensor(1.0)}
    entries = [TensorToWrite(name, tuple(v.shape), v.dtype) for name, v in values.items()]
    write_safetensors(tmp_path / "a.safetensors", entries, values.__getitem__, {"x": "y"})
    loaded = load_file(tmp_path / "a.safetensors")
    assert all(torch.equal(loaded[name], value) for name, value in values.items())


def test_rows_of_a_fused_tensor_are_read_alone(tmp_path):
    value = torch.randn(6, 4)
    save_file({"fused": value}, tmp_path / "a.safetensors")
    assert torch.equal(
        SafetensorsFile.open(tmp_path / "a.safetensors").read("fused", (2, 4)), value[2:4]
    )


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"not json",
        b'{"a": 3}',
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "Q4", "shape": [2], "data_offsets": [0, 8]}}',
        b'{"__metadata__": 3}',
    ],
)
def test_damaged_headers_are_refused(tmp_path, header):
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(64))
    with pytest.raises(BaseModelError, match="not a readable"):
        SafetensorsFile.open(path)


def test_a_file_that_shrinks_while_open_is_noticed(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.ones(100)}, path)
    file = SafetensorsFile.open(path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(BaseModelError, match="cut short"):
        file.read("a")
