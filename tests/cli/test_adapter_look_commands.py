import tomllib

import pytest
import torch
from safetensors.torch import save_file

NAME = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("a", "1"), ("b", "2")):
        torch.manual_seed(int(seed))
        tensors = {
            f"{NAME}.lora_down.weight": torch.randn(4, 768),
            f"{NAME}.lora_up.weight": torch.randn(320, 4),
        }
        metadata = {"ss_seed": seed, "ss_network_dim": "4", "ss_learning_rate": "1e-4"}
        save_file(tensors, tmp_path / f"{name}.safetensors", metadata)
    return tmp_path


def test_two_adapters_are_compared(files, told, document):
    text = told("adapter", "diff", "a.safetensors", "b.safetensors")
    assert "ss_seed 1 2" in text
    assert "IN04" in text
    found = document("adapter", "diff", "a.safetensors", "b.safetensors")
    assert found["settings"]["ss_seed"] == ["1", "2"]


def test_block_norms_are_drawn(files, told, document, refused):
    text = told("inspect", "a.safetensors", "--norms", "n.svg")
    assert "ss_seed 1" in text
    assert (files / "n.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (
        "IN04" in document("inspect", "a.safetensors", "--norms", "n.svg")["block_norms"]["norms"]
    )
    assert ".svg" in refused("inspect", "a.safetensors", "--norms", "n.png")


def test_a_base_tells_its_metadata_and_hashes(tmp_path, document, refused):
    from enogu.families.testing import build_tiny_base, save_folder

    folder = tmp_path / "base"
    save_folder(build_tiny_base("sd1"), folder)
    assert "sha256" not in document("inspect", str(folder))
    assert len(document("inspect", str(folder), "--deep")["sha256"]) == 64
    drawing = tmp_path / "x.svg"
    found = document("inspect", str(folder), "--norms", str(drawing))["block_norms"]
    assert {"TE00", "IN00", "MID", "OUT11"} < found["norms"].keys()
    assert "size of each block" in drawing.read_text(encoding="utf-8")
    assert "--norms" in refused("inspect", str(folder), "--base", str(folder))


def test_a_file_is_scrubbed_into_a_new_one(files, told, refused):
    text = told("adapter", "scrub", "a.safetensors", "--out", "c.safetensors")
    assert "Removed 2 keys: ss_learning_rate, ss_seed" in text
    again = refused("adapter", "scrub", "a.safetensors", "--out", "c.safetensors")
    assert "there already" in again


def test_settings_are_shown_or_written(files, told, document, refused):
    assert "train.learning_rate = 0.0001" in told("adapter", "reuse", "a.safetensors")
    told("adapter", "reuse", "a.safetensors", "--out", "enogu.toml")
    tables = tomllib.loads((files / "enogu.toml").read_text(encoding="utf-8"))
    assert (tables["train"]["rank"], tables["train"]["seed"]) == (4, 1)
    again = refused("adapter", "reuse", "a.safetensors", "--out", "enogu.toml")
    assert "nothing was written" in again
    made = document("adapter", "reuse", "a.safetensors")
    assert made["settings"]["train.seed"] == 1
