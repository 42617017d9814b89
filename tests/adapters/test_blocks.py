import math

import pytest

from enogu.adapters import AdapterSpec, inject_adapter
from enogu.adapters.blocks import BlockLayout, block_plan, preset_rates
from enogu.errors import AdapterError
from enogu.families import FAMILIES
from enogu.families.architecture import Architecture
from enogu.families.testing import build_tiny_base


def layout(family):
    spec = FAMILIES[family]
    return BlockLayout.of_config(spec, Architecture.of_family(spec).unet)


def test_blocks_are_counted_as_other_programs_count_them():
    assert (layout("sd1").num_down, layout("sd1").num_mid, layout("sd1").num_up) == (12, 1, 12)
    assert len(layout("sd1").labels) == 25
    assert (layout("sdxl").num_down, layout("sdxl").num_mid, layout("sdxl").num_up) == (9, 3, 9)


@pytest.mark.parametrize(
    ("family", "path", "label"),
    [
        ("sd1", "unet.conv_in", "IN00"),
        ("sd1", "unet.down_blocks.0.attentions.0.proj_in", "IN01"),
        ("sd1", "unet.down_blocks.0.downsamplers.0.conv", "IN03"),
        ("sd1", "unet.down_blocks.3.resnets.1.conv1", "IN11"),
        ("sd1", "unet.mid_block.attentions.0.proj_in", "MID"),
        ("sd1", "unet.up_blocks.0.upsamplers.0.conv", "OUT02"),
        ("sd1", "unet.up_blocks.3.attentions.2.proj_out", "OUT11"),
        ("sd1", "unet.time_embedding.linear_1", None),
        ("sdxl", "unet.down_blocks.1.attentions.0.proj_in", "IN04"),
        ("sdxl", "unet.mid_block.resnets.0.conv1", "MID00"),
        ("sdxl", "unet.mid_block.attentions.0.proj_in", "MID01"),
        ("sdxl", "unet.up_blocks.1.attentions.2.proj_out", "OUT05"),
    ],
)
def test_each_layer_has_its_block(family, path, label):
    assert layout(family).label(path) == label


def test_presets_are_their_closed_forms():
    count = 12
    x = [place / (count - 1) for place in range(count)]
    assert preset_rates("sine", count) == pytest.approx([math.sin(math.pi / 2 * v) for v in x])
    assert preset_rates("cosine", count) == pytest.approx([math.cos(math.pi / 2 * v) for v in x])
    assert preset_rates("linear+0.25", count) == pytest.approx([v + 0.25 for v in x])
    assert preset_rates("reverse_linear", count) == pytest.approx([1 - v for v in x])
    assert preset_rates("zeros+.5", count) == [0.5] * count
    with pytest.raises(AdapterError, match=r"no preset 'sinus'.*reverse_linear"):
        preset_rates("sinus", count)


def test_a_rate_of_zero_removes_the_block_and_others_have_their_rate():
    base = build_tiny_base("sd1")
    down = [0.0] * 12
    down[1] = 0.5
    plan = block_plan(BlockLayout.of_base(base), down=down, mid=[0.0], up="zeros")
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2, blocks=plan))
    assert {"_".join(name.split("_")[2:7]) for name in adapter.layers} == {
        "down_blocks_0_attentions_0"
    }
    (group,) = adapter.parameter_groups()
    assert (group.part, group.rate) == ("unet", 0.5)


def test_up_matrices_can_have_a_rate_of_their_own():
    base = build_tiny_base("sd1")
    down = [0.0] * 12
    down[1] = 0.5
    plan = block_plan(BlockLayout.of_base(base), down=down, mid=[0.0], up="zeros")
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2, blocks=plan))
    groups = adapter.parameter_groups(up_rate=16)
    assert sorted(group.rate for group in groups) == [0.5, 8.0]
    ups = {id(factor) for name, factor in adapter.named_parameters() if "lora_up" in name}
    assert {id(one) for group in groups if group.rate == 8 for one in group.parameters} == ups
    (whole,) = adapter.parameter_groups()
    assert [id(one) for one in whole.parameters] == [id(one) for one in adapter.parameters()]


def test_rates_up_to_the_threshold_count_as_zero():
    plan = block_plan(layout("sd1"), up="linear", threshold=0.5)
    rates = [plan.rates[f"OUT{n:02d}"] for n in range(12)]
    assert [rate > 0 for rate in rates] == [False] * 6 + [True] * 6


def test_ranks_by_block_keep_the_ratio_of_alpha():
    base = build_tiny_base("sd1")
    ranks = [4] * 25
    ranks[12] = 8
    ranks[1] = 0
    plan = block_plan(BlockLayout.of_base(base), ranks=ranks)
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=1, blocks=plan))
    mid = adapter.layers["lora_unet_mid_block_attentions_0_proj_in"].update
    assert (mid.rank, mid.alpha) == (8, 4.0)
    assert not any("down_blocks_0_attentions_0" in name for name in adapter.layers)


def test_sdxl_takes_the_23_numbers_of_other_programs():
    plan = block_plan(layout("sdxl"), ranks=[0, *range(1, 22), 0])
    assert (plan.ranks["IN00"], plan.ranks["OUT08"]) == (1, 21)
    assert block_plan(layout("sdxl"), ranks=range(1, 22)).ranks == plan.ranks


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"down": [1.0] * 11}, "down has 11 rates, but this base has 12"),
        ({"ranks": [4] * 23}, "ranks has 23 numbers, but this base has 25 blocks: 12 down"),
    ],
)
def test_lists_of_the_wrong_length_are_refused(options, words):
    with pytest.raises(AdapterError, match=words):
        block_plan(layout("sd1"), **options)


def test_nothing_left_is_refused():
    base = build_tiny_base("sd1")
    plan = block_plan(BlockLayout.of_base(base), down="zeros", mid=[0.0], up="zeros")
    with pytest.raises(AdapterError, match="blocks' rates and ranks are 0 for all 192 layers"):
        inject_adapter(base, AdapterSpec(rank=2, alpha=2, blocks=plan))
