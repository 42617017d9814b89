import json

import pytest

from enogu.adapters import AdapterSpec, inject_adapter, inspect_adapter, save_adapter
from enogu.cli import run
from enogu.families.load import load_base


@pytest.fixture
def adapter_file(tmp_path):
    base = load_base("mini", parts=("unet",))
    adapter = inject_adapter(base, AdapterSpec(rank=4, alpha=4, targets=("*mid_block*attn1*",)))
    for layer in adapter.layers.values():
        layer.update.lora_up.data.fill_(0.5)
    path = tmp_path / "hero.safetensors"
    save_adapter(adapter.state_dict(), path, {}, "fp32")
    return path


def test_merge_and_resize_write_new_files_and_say_so(adapter_file, tmp_path, capsys):
    out, small = tmp_path / "both.safetensors", tmp_path / "small.safetensors"
    sources = [f"{adapter_file}:0.5", str(adapter_file)]
    assert run(["adapter", "merge", *sources, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(out)
    assert run(["adapter", "resize", str(out), "--out", str(small), "--rank", "2"]) == 0
    assert str(small) in capsys.readouterr().out
    assert set(inspect_adapter(small).ranks) == {2}
    assert run(["adapter", "resize", str(out), "--out", str(small), "--rank", "2"]) == 2
    assert "there already" in capsys.readouterr().err


def test_convert_gives_the_names_asked_for(adapter_file, tmp_path, capsys):
    out = tmp_path / "d.safetensors"
    assert (
        run(["adapter", "convert", str(adapter_file), "--to", "diffusers", "--out", str(out)]) == 0
    )
    assert inspect_adapter(out).conventions == ("peft",)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["merge", "FILE", "--into", "mini", "--base", "mini"], "leave out --blocks and --base"),
        (["merge", "FILE", "--blocks", "MID=1"], "--blocks needs --base"),
        (["resize", "FILE", "--cut", "--rule", "sv_fro"], "--cut takes --rank alone"),
        (["resize", "FILE", "--rule", "sv_fro", "--goal", "3"], "at most 1, got 3"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    adapter_file, options, words, capsys, tmp_path
):
    given = [str(adapter_file) if word == "FILE" else word for word in options]
    assert run(["adapter", *given, "--out", str(tmp_path / "o.safetensors")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
