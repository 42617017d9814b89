"""The embedded model: small enough, whole, and loadable by the library's own classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from enogu.config import EMBEDDED_BASES
from enogu.errors import WorldError
from enogu.families.detect import inspect_base, resolve_base
from enogu.world.axes import tags_of
from enogu.world.captions import join_tags
from enogu.world.drawing import draw_traits, traits_for
from enogu.world.evaluate import characters, score_answers
from enogu.world.export import MiniParts, read_mini
from enogu.world.grid import write_grid
from enogu.world.judge.judge import load_judge
from enogu.world.sampling import sample_in_batches, sample_pictures
from enogu.world.vae_training import round_trip_psnr, to_unit_range

FOLDERS = {name: resolve_base(name) for name in EMBEDDED_BASES}


@pytest.fixture(scope="module")
def parts() -> MiniParts:
    return read_mini(FOLDERS["mini"])


@pytest.fixture(scope="module")
def variant() -> MiniParts:
    return read_mini(FOLDERS["mini-v"])


@pytest.mark.parametrize("name", EMBEDDED_BASES)
def test_at_most_15_megabytes_in_fp16(name: str) -> None:
    folder = FOLDERS[name]
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) <= 15_000_000
    for path in folder.rglob("*.safetensors"):
        with safe_open(str(path), framework="pt") as handle:
            dtypes = {handle.get_slice(key).get_dtype() for key in list(handle.keys())}
        assert dtypes == {"F16"}, path


@pytest.mark.parametrize("name", EMBEDDED_BASES)
def test_the_card_ships_with_it(name: str) -> None:
    assert "## Measured" in (FOLDERS[name] / "model_card.md").read_text("utf-8")


def test_the_variant_learned_from_pure_noise_and_says_so(variant: MiniParts) -> None:
    info = inspect_base("mini-v")
    assert info.zero_terminal_snr
    assert (info.prediction, info.certainty) == ("v_prediction", "stated")
    torch.testing.assert_close(
        info.schedule.alphas_cumprod, variant.schedule.alphas_cumprod, rtol=1e-12, atol=0.0
    )
    assert not inspect_base("mini").zero_terminal_snr


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


def test_half_a_mini_is_refused(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    with pytest.raises(WorldError, match="text_encoder"):
        read_mini(tmp_path)


@pytest.mark.parametrize("name", EMBEDDED_BASES)
def test_pictures_show_what_their_tags_say(name: str, parts: MiniParts, variant: MiniParts) -> None:
    drawn_with = {"mini": parts, "mini-v": variant}[name]
    traits = characters(12, 77)
    prompts = [join_tags(tags_of(one)) for one in traits]
    pictures = sample_in_batches(drawn_with, prompts, list(range(12)), steps=12, cfg_scale=4.0)
    scores = score_answers(traits, load_judge()(pictures).answers)
    # Far below what the card says, far above chance, which is at most one third.
    assert scores.together(("hair_colour", "background", "framing")).share > 0.8
    assert scores.together().share > 0.7
