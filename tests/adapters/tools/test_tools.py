import json

import pytest
import torch
from tests.adapters.test_start import SPECS, answer, saved, trained
from torch import Tensor

from enogu.adapters import inspect_adapter, load_adapter, read_adapter_header
from enogu.adapters.blocks import BlockLayout
from enogu.adapters.tools import (
    MergeSource,
    RankRule,
    convert_adapter,
    cut_dylora,
    extract_adapter,
    merge_adapters,
    merge_into_base,
    parse_blocks,
    resize_adapter,
)
from enogu.adapters.tools.low_rank_of import low_rank_of
from enogu.errors import AdapterError
from enogu.families.load import load_base
from enogu.families.testing import build_tiny_base

EXACT = RankRule(rank=64)


def drawn_with(*files, base=None):
    base = base or build_tiny_base("sd1")
    for path, weight in files:
        load_adapter(base, path, weight)
    return answer(base)


@pytest.fixture
def make(tmp_path):
    def make(kind, name=None, seed_base="sd1"):
        path = tmp_path / f"{name or kind}.safetensors"
        return saved(path, trained(build_tiny_base(seed_base), **SPECS[kind]))

    return make


@pytest.mark.parametrize("kind", ["lora", "lora mid", "loha", "lokr", "dora"])
def test_resizing_to_enough_ranks_keeps_what_is_drawn(tmp_path, make, kind):
    path, out = make(kind), tmp_path / "out.safetensors"
    needs_base = kind in ("loha", "lokr", "dora")
    base = build_tiny_base("sd1") if needs_base else None
    result = resize_adapter(path, out, EXACT, base=base, dtype="fp32")
    assert result.kept == pytest.approx(1.0, abs=1e-4)
    assert set(inspect_adapter(out).kinds) == {"LoRA"}
    torch.testing.assert_close(drawn_with((out, 1)), drawn_with((path, 1)), rtol=1e-3, atol=1e-3)


def test_kinds_that_depend_on_the_base_ask_for_it(tmp_path, make):
    with pytest.raises(AdapterError, match="depends on the base") as caught:
        resize_adapter(make("dora"), tmp_path / "out.safetensors", EXACT)
    assert "--base" in caught.value.hint


def matrix(values, rows=20, columns=14):
    """A matrix with these singular values."""
    torch.manual_seed(0)
    left = torch.linalg.qr(torch.randn(rows, len(values)))[0]
    right = torch.linalg.qr(torch.randn(columns, len(values)))[0]
    return left @ torch.diag(torch.tensor(values)) @ right.T


@pytest.mark.parametrize(
    ("rule", "goal", "rank"),
    [
        (None, 0.0, 3),
        ("sv_ratio", 3.0, 2),
        ("sv_ratio", 100.0, 3),
        ("sv_cumulative", 0.5, 2),
        ("sv_cumulative", 0.9, 3),
        ("sv_fro", 0.9, 2),
        ("sv_fro", 0.5, 1),
    ],
)
def test_ranks_follow_from_singular_values(rule, goal, rank):
    values = [4.0, 3.0, 1.0, 0.5, 0.1]
    found = low_rank_of(matrix(values), RankRule(rank=3, rule=rule, goal=goal))
    assert found.rank == rank
    kept = sum(v * v for v in values[:rank]) / sum(v * v for v in values)
    assert found.kept == pytest.approx(kept**0.5, rel=1e-4)
    best = matrix(values[:rank] + [0.0] * (5 - rank))
    error = (found.up @ found.down - matrix(values)).norm()
    assert error == pytest.approx((best - matrix(values)).norm().item(), rel=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rank": 0}, "rank must be 1 or more"),
        ({"rank": 4, "rule": "sv_ratio", "goal": 0.9}, "must be above 1, got 0.9"),
        ({"rank": 4, "rule": "sv_fro", "goal": 2}, "at most 1, got 2"),
    ],
)
def test_rules_without_sense_are_refused(options, words):
    with pytest.raises(AdapterError, match=words):
        RankRule(**options)


def test_a_sum_of_adapters_draws_as_the_adapters_together(tmp_path, make):
    one, two, out = make("lora"), make("loha"), tmp_path / "out.safetensors"
    sources = [MergeSource(path=one, weight=0.5), MergeSource(path=two, weight=-1.0)]
    result = merge_adapters(sources, out, EXACT, base=build_tiny_base("sd1"), dtype="fp32")
    assert result.kept == pytest.approx(1.0, abs=1e-4)
    expected = drawn_with((one, 0.5), (two, -1.0))
    torch.testing.assert_close(drawn_with((out, 1)), expected, rtol=1e-3, atol=1e-3)
    assert "merged: lora:0.5, loha:-1" in inspect_adapter(out).metadata["ss_training_comment"]


def test_strengths_by_block_weigh_only_their_layers(tmp_path, make):
    path, out = make("lora"), tmp_path / "out.safetensors"
    base = build_tiny_base("sd1")
    blocks = parse_blocks("mid=0.5", BlockLayout.of_base(base))
    source = MergeSource(path=path, weight=2.0, blocks=blocks)
    merge_adapters([source], out, EXACT, base=base, dtype="fp32")
    # All layers of this adapter lie in the middle: 2 times 0.5.
    torch.testing.assert_close(drawn_with((out, 1)), drawn_with((path, 1)), rtol=1e-3, atol=1e-3)
    with pytest.raises(AdapterError, match="no block 'IN99'"):
        odd = MergeSource(path=path, blocks={"IN99": 1.0})
        merge_adapters([odd], tmp_path / "b.safetensors", EXACT, base=base)


def test_strengths_by_block_are_read_in_both_forms():
    layout = BlockLayout.of_base(build_tiny_base("sd1"))
    count = len(layout.labels)
    assert parse_blocks("in04=0.5, MID=0", layout) == {"IN04": 0.5, "MID": 0.0}
    assert parse_blocks(",".join(["1"] * count), layout)["OUT11"] == 1
    assert parse_blocks("0," + ",".join(["1"] * count), layout)["TE"] == 0
    with pytest.raises(AdapterError, match=f"3 numbers, but this base has {count} blocks"):
        parse_blocks("1,2,3", layout)
    with pytest.raises(AdapterError, match="cannot be read"):
        parse_blocks("IN04=much", layout)


def test_what_was_merged_into_a_base_is_extracted_again(tmp_path, make):
    path = make("lora")
    tuned, out = build_tiny_base("sd1"), tmp_path / "tuned.safetensors"
    assert merge_into_base(tuned, [(path, 1.0)], out, torch.float32) == []
    read = load_base(out, parts=("unet",))
    torch.testing.assert_close(answer(read), drawn_with((path, 1)), rtol=1e-4, atol=1e-4)
    found = tmp_path / "found.safetensors"
    original = build_tiny_base("sd1")
    result = extract_adapter(original, tuned, found, RankRule(rank=2), dtype="fp32")
    assert result.layers == 8 and result.kept == pytest.approx(1.0, abs=1e-3)
    torch.testing.assert_close(drawn_with((found, 1)), drawn_with((path, 1)), rtol=1e-3, atol=1e-3)
    with pytest.raises(AdapterError, match="does not differ"):
        extract_adapter(original, original, tmp_path / "none.safetensors", EXACT)
    with pytest.raises(AdapterError, match="not of one architecture"):
        extract_adapter(original, build_tiny_base("sdxl"), tmp_path / "x.safetensors", EXACT)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("naming", ["diffusers", "lycoris"])
def test_names_go_there_and_back_without_a_number_changed(tmp_path, naming, family):
    options = {"targets": ("*attn1*",), "train_text_encoder": True}
    path = saved(tmp_path / "a.safetensors", trained(build_tiny_base(family), **options))
    there, back = tmp_path / "there.safetensors", tmp_path / "back.safetensors"
    base = build_tiny_base(family)
    convert_adapter(path, there, naming, base=base)
    header = read_adapter_header(there)
    assert header.keys.conventions == ({"peft"} if naming == "diffusers" else {"lycoris"})
    convert_adapter(there, back, "kohya", base=base)
    before, after = tensors_of(path), tensors_of(back)
    if naming == "diffusers":
        assert json.loads(header.metadata["lora_adapter_metadata"])["unet.lora_alpha"] == 1.0
        after |= {key: value for key, value in before.items() if key.endswith(".alpha")}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    torch.testing.assert_close(
        drawn_with((there, 1), base=build_tiny_base(family)),
        drawn_with((path, 1), base=build_tiny_base(family)),
    )


def tensors_of(path) -> dict[str, Tensor]:
    file = read_adapter_header(path).file
    return {name: file.read(name) for name in file.tensors}


def test_kinds_without_names_in_diffusers_are_refused(tmp_path, make):
    with pytest.raises(AdapterError, match="diffusers has no names for hada_w1_a"):
        convert_adapter(
            make("loha"), tmp_path / "o.safetensors", "diffusers", base=build_tiny_base("sd1")
        )


def test_the_first_ranks_of_dylora_are_an_adapter_with_the_same_alpha(tmp_path, make):
    path, out = make("dylora"), tmp_path / "out.safetensors"
    result = cut_dylora(path, out, 1)
    assert result.ranks == {1: 8}
    before, after = tensors_of(path), tensors_of(out)
    for key, value in after.items():
        whole = before[key].half()
        expected = whole[:1] if "down" in key else whole[:, :1] if "up" in key else whole
        assert torch.equal(value, expected)
    with pytest.raises(AdapterError, match=r"2 ranks.*got 3"):
        cut_dylora(path, tmp_path / "b.safetensors", 3)


def test_files_are_never_written_over(tmp_path, make):
    path = make("lora")
    for out, words in (
        (path, "the file that is read"),
        (tmp_path / "a.bin", "must end in .safetensors"),
        (tmp_path / "none" / "a.safetensors", "there is no folder"),
    ):
        with pytest.raises(AdapterError, match=words):
            resize_adapter(path, out, EXACT)
