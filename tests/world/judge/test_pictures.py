"""What the judge learns from: reproducible, with the combinations mini never sees."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch

from enogu.world.axes import AXES, RULES, held_out_pairs, visible_axes
from enogu.world.export import read_mini
from enogu.world.judge.pictures import (
    HIDDEN,
    answer_numbers,
    build_round_trips,
    draw_judge_picture,
    judge_traits,
    round_trip,
    vae_name,
)


def test_characters_are_possible_and_include_held_out_pairs() -> None:
    drawn = [judge_traits(0, index) for index in range(400)]
    for traits in drawn:
        for rule in RULES:
            assert traits[rule.axis] not in rule.values or traits[rule.other] in rule.allowed
    assert 30 < sum(bool(held_out_pairs(traits.values)) for traits in drawn) < 150
    tears = Counter(traits["tears"] for traits in drawn)
    assert tears["yes"] > 60, "rare answers come up more often than in mini's pictures"


def test_answer_numbers_hide_what_cannot_be_seen() -> None:
    for index in range(50):
        traits = judge_traits(1, index)
        visible = visible_axes(traits)
        for axis, number in zip(AXES, answer_numbers(traits), strict=True):
            assert (number == HIDDEN) == (axis not in visible)
            assert number == HIDDEN or AXES[axis][number] == traits[axis]


def test_round_trips_look_alike_and_are_kept(mini_dir: Path, tmp_path: Path) -> None:
    vae = read_mini(mini_dir).vae
    pixels = np.stack([draw_judge_picture(2, index, 64) for index in range(3)])
    after = round_trip(vae, pixels, 0, noisy=False, bf16=False)
    assert (after.shape, after.dtype) == (pixels.shape, np.uint8)
    assert 0.5 < np.abs(after.astype(int) - pixels).mean() < 30
    assert np.array_equal(after, round_trip(vae, pixels, 9, noisy=False, bf16=False))
    noisy = build_round_trips(tmp_path, vae, pixels, bf16=False)
    assert np.array_equal(noisy[0], after[0]), "every third is spared the noise"
    assert not np.array_equal(noisy[1], after[1])
    for weight in vae.parameters():
        torch.nn.init.zeros_(weight)
    assert np.array_equal(noisy, build_round_trips(tmp_path, vae, pixels, bf16=False)), "kept"


def test_the_autoencoder_is_named_by_its_content(mini_dir: Path, tmp_path: Path) -> None:
    name = vae_name(mini_dir)
    assert len(name) == 8
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"other")
    assert vae_name(tmp_path) != name
