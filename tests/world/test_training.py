"""Each stage trains, stops and goes on with equal weights; the world's own size of everything."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from enogu.errors import WorldError
from enogu.world.architecture import MiniShape, build_text_encoder, build_vae
from enogu.world.axes import AXES
from enogu.world.diffusion_training import LatentPool, stratified_timesteps, train_diffusion
from enogu.world.export import read_mini
from enogu.world.mini import MiniBudget, MiniTraining, variant_dir
from enogu.world.pool import Pool, build_pool
from enogu.world.text_training import TAG_NUMBERS, tag_targets, train_text_encoder
from enogu.world.tokenizer import load_tokenizer
from enogu.world.training_state import Budget
from enogu.world.vae_training import encode_pool, to_unit_range, train_vae, vae_loss

MINI = Path(__file__).parents[2] / "src" / "enogu" / "families" / "mini"
TINY = MiniShape(
    picture_px=32,
    latent_channels=4,
    vae_channels=(4, 4, 4),
    unet_channels=(4, 4, 8),
    unet_heads=(1, 1, 1),
    norm_groups=2,
    text_width=8,
    text_layers=1,
    text_heads=1,
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return build_pool(tmp_path_factory.mktemp("pool"), count=6, size=32)


def test_pool_goes_on_and_refuses_other_settings(tmp_path: Path, pool: Pool) -> None:
    first = build_pool(tmp_path, count=6, size=32)
    assert (first.pixels == pool.pixels).all()
    (tmp_path / "pool.txt").write_text("count 6 size 32 seed 0\n", "utf-8")
    assert (build_pool(tmp_path, count=6, size=32).pixels == pool.pixels).all()
    with pytest.raises(WorldError, match="seed"):
        build_pool(tmp_path, count=6, size=32, seed=1)


def test_autoencoder_resumes_bit_equal(tmp_path: Path, pool: Pool) -> None:
    whole = train_vae(
        pool, tmp_path / "a", shape=TINY, budget=Budget(steps=4), bf16=False, compiled=False
    )
    # A stop in the middle: the state of the first two of four steps, saved on the way.
    path = tmp_path / "b"
    with pytest.raises(KeyboardInterrupt):
        train_vae(
            StopsAt(pool, reads=3 * 8),
            path,
            shape=TINY,
            budget=Budget(steps=4),
            bf16=False,
            compiled=False,
            save_every=2,
        )
    resumed = train_vae(pool, path, shape=TINY, budget=Budget(steps=4), bf16=False, compiled=False)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


class StopsAt(Pool):
    """A pool whose reader is interrupted, as by Ctrl-C, at a certain read."""

    def __init__(self, pool: Pool, reads: int) -> None:
        super().__init__(pixels=pool.pixels, seed=pool.seed)
        object.__setattr__(self, "left", reads)

    def __len__(self) -> int:
        object.__setattr__(self, "left", self.left - 1)
        if self.left < 0:
            raise KeyboardInterrupt
        return super().__len__()


def test_diffusion_resumes_bit_equal(tmp_path: Path) -> None:
    latents = np.random.default_rng(0).normal(size=(6, 4, 8, 8)).astype(np.float16)
    latent_pool = LatentPool(
        latents=latents,
        small_latents=latents[:, :, ::2, ::2].copy(),
        pool_seed=0,
        importance=np.ones((len(AXES["framing"]), 8, 8), np.float32),
    )
    tokenizer = load_tokenizer(MINI / "tokenizer")

    def train(name: str, *, stop: bool = False) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        unet, text_encoder = train_diffusion(
            latent_pool,
            build_text_encoder(TINY, vocab_size=len(tokenizer)),
            tokenizer,
            tmp_path / name,
            shape=TINY,
            budget=Budget(steps=4),
            batch_size=2,
            bf16=False,
            compiled=False,
            save_every=2,
            on_save=interrupt if stop else None,
        )
        return {**unet.state_dict(), **text_encoder.state_dict()}

    whole = train("a")
    with pytest.raises(KeyboardInterrupt):
        train("b", stop=True)
    resumed = train("b")
    assert all(torch.equal(weight, resumed[name]) for name, weight in whole.items())


def test_a_state_of_other_settings_is_refused(tmp_path: Path, pool: Pool) -> None:
    train_vae(pool, tmp_path / "s", shape=TINY, budget=Budget(steps=1), bf16=False, compiled=False)
    with pytest.raises(WorldError, match="seed"):
        train_vae(
            pool,
            tmp_path / "s",
            shape=TINY,
            budget=Budget(steps=1),
            bf16=False,
            compiled=False,
            seed=3,
        )


def test_budget_is_one_of_two_things() -> None:
    for wrong in ({}, {"steps": 3, "cpu_seconds": 1.0}):
        with pytest.raises(WorldError, match="budget"):
            Budget(**wrong)
    assert Budget(cpu_seconds=10).progress(99, 5.0) == 0.5


def test_latents_have_unit_variance(pool: Pool, tmp_path: Path) -> None:
    vae = train_vae(
        pool, tmp_path / "s", shape=TINY, budget=Budget(steps=1), bf16=False, compiled=False
    )
    file = io.BytesIO()
    factor = encode_pool(vae, pool, file, bf16=False)
    file.seek(0)
    latents = np.load(file)
    assert (latents.shape, latents.dtype) == ((6, 4, 8, 8), np.float16)
    assert factor > 0
    assert latents.astype(np.float32).std() == pytest.approx(1.0, abs=0.01)
    small = io.BytesIO()
    assert encode_pool(vae, pool, small, half_size=True, factor=factor, bf16=False) == factor
    small.seek(0)
    assert np.load(small).shape == (6, 4, 4, 4)


def test_the_encoder_stays_while_the_decoder_learns_alone(pool: Pool) -> None:
    torch.manual_seed(0)
    vae = build_vae(TINY)
    pictures = to_unit_range(pool.pixels[:2])
    vae_loss(vae, pictures, torch.Generator().manual_seed(0), decoder_only=True).backward()
    moved = {name.split(".")[0] for name, p in vae.named_parameters() if p.grad is not None}
    assert moved == {"decoder", "post_quant_conv"}


def test_timesteps_cover_the_range_evenly() -> None:
    timesteps = stratified_timesteps(10, torch.Generator().manual_seed(0))
    assert sorted(t // 100 for t in timesteps.tolist()) == list(range(10))


def test_everything_from_nothing_at_toy_size(tmp_path: Path) -> None:
    two = Budget(steps=2)
    budget = MiniBudget(
        pictures=4, vae=two, text=two, diffusion=two, variant=two, merges=20, characters=1
    )
    training = MiniTraining(
        work_dir=tmp_path / "work",
        budget=budget,
        shape=TINY,
        workers=1,
        bf16=False,
        compiled=False,
        batch_size=2,
    )
    size = training.run(tmp_path / "out")
    assert 0 < size < 1_000_000
    mini, variant = read_mini(tmp_path / "out"), read_mini(variant_dir(tmp_path / "out"))
    assert not mini.schedule.has_zero_terminal_snr
    assert variant.schedule.has_zero_terminal_snr
    assert not torch.equal(mini.unet.conv_in.weight, variant.unet.conv_in.weight)


def test_text_lesson_knows_where_tags_end_and_resumes_bit_equal(
    tmp_path: Path, stops_after
) -> None:
    tokenizer = load_tokenizer(MINI / "tokenizer")
    ends, numbers = tag_targets(tokenizer, "1girl, blue hair, zukirqx, red hoodie")
    pieces = tokenizer.convert_ids_to_tokens(
        tokenizer("1girl, blue hair, zukirqx, red hoodie").input_ids
    )
    assert [pieces[position] for position, _ in ends] == ["girl</w>", "hair</w>", "hoodie</w>"]
    assert numbers == [TAG_NUMBERS[tag] for tag in ("1girl", "blue hair", "red hoodie")]

    def train(name: str, steps: int, of: int) -> dict[str, torch.Tensor]:
        budget = stops_after(steps=of, stop=steps)
        encoder = train_text_encoder(
            tokenizer, tmp_path / name, shape=TINY, budget=budget, bf16=False
        )
        return encoder.state_dict()

    whole = train("a", 4, 4)
    train("b", 2, 4)
    resumed = train("b", 4, 4)
    assert all(torch.equal(weight, resumed[name]) for name, weight in whole.items())
