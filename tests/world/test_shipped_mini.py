"""The embedded model: small enough, whole, and loadable by the library's own classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from enogu.errors import WorldError
from enogu.world.axes import Traits, tags_of
from enogu.world.captions import join_tags
from enogu.world.card import write_grid
from enogu.world.drawing import draw_traits, traits_for
from enogu.world.evaluate import (
    AxisTemplates,
    held_out_prompts,
    judged_axes,
)
from enogu.world.export import MiniParts, read_mini
from enogu.world.intervals import wilson_interval
from enogu.world.sampling import sample_pictures
from enogu.world.vae_training import round_trip_psnr, to_unit_range

MINI = Path(__file__).parents[2] / "src" / "enogu" / "families" / "mini"


@pytest.fixture(scope="module")
def parts() -> MiniParts:
    return read_mini(MINI)


def test_at_most_12_megabytes_in_fp16() -> None:
    assert sum(p.stat().st_size for p in MINI.rglob("*") if p.is_file()) <= 12_000_000
    for path in MINI.rglob("*.safetensors"):
        with safe_open(str(path), framework="pt") as handle:
            dtypes = {handle.get_slice(key).get_dtype() for key in list(handle.keys())}
        assert dtypes == {"F16"}, path


def test_the_card_ships_with_it() -> None:
    assert "## Measured" in (MINI / "model_card.md").read_text("utf-8")


def test_the_autoencoder_returns_drawings(parts: MiniParts) -> None:
    pixels = np.stack([np.asarray(draw_traits(traits_for([], s), s)) for s in range(4)])
    pictures = to_unit_range(pixels)
    assert float(round_trip_psnr(parts.vae, pictures).mean()) > 27


def test_the_scaling_factor_gives_unit_latents(parts: MiniParts) -> None:
    pixels = np.stack([np.asarray(draw_traits(traits_for([], s), s)) for s in range(4)])
    raw_latents = parts.vae.encode(to_unit_range(pixels), return_dict=False)[0].mean
    assert float(raw_latents.std() * parts.scaling_factor) == pytest.approx(1.0, abs=0.15)


def test_a_picture_depends_on_its_own_seed_only(parts: MiniParts) -> None:
    torch.manual_seed(1)
    both = sample_pictures(parts, ["1girl, red hair", "1boy"], seeds=[3, 4], steps=2)
    alone = sample_pictures(parts, ["1boy"], seeds=[4], steps=2)
    difference = np.asarray(both[1]).astype(int) - np.asarray(alone[0]).astype(int)
    assert abs(difference).max() <= 1


def test_the_grid_shows_truth_above_model(parts: MiniParts, tmp_path: Path) -> None:
    write_grid(parts, tmp_path / "grid.png", columns=2, rows=1)
    assert (tmp_path / "grid.png").stat().st_size > 1000


def test_the_judge_reads_drawings() -> None:
    traits = traits_for(["1girl", "red hair", "blue eyes", "beret", "white shirt"], 1)
    picture = draw_traits(traits, 12345)
    for axis in ("hair_colour", "headwear"):
        assert AxisTemplates(traits, axis).read(picture) == traits[axis]
    closed = Traits({**traits.values, "eyes": "closed", "clothes": "serafuku"})
    assert not {"eye_colour", "clothes_colour"} & set(judged_axes(closed))


def test_intervals_hold_the_share() -> None:
    low, high = wilson_interval(120, 128)
    assert 0.88 < low < 120 / 128 < high < 0.97
    assert wilson_interval(10, 10)[1] == 1.0


def test_half_a_mini_is_refused(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    with pytest.raises(WorldError, match="text_encoder"):
        read_mini(tmp_path)


def test_pictures_follow_hair_colour_headwear_and_background(parts: MiniParts) -> None:
    prompts = held_out_prompts(8, 77)
    captions = [join_tags(tags_of(traits)) for traits in prompts]
    pictures = sample_pictures(parts, captions, seeds=list(range(8)), steps=12)
    for axis in ("hair_colour", "headwear", "background"):
        answers = [
            AxisTemplates(traits, axis).read(picture)
            for traits, picture in zip(prompts, pictures, strict=True)
        ]
        # The card has 99 % and more on each; chance is at most 17 %.
        assert sum(a == t[axis] for a, t in zip(answers, prompts, strict=True)) >= 7, axis
