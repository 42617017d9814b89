import pytest
import torch

from enogu.config import MachineConfig
from enogu.families.latents import decode_latents, encode_images
from enogu.families.load import load_base
from enogu.train import held
from enogu.train.held import hold_vae, loads_on

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


def test_tiles_give_nearly_the_picture_of_the_whole(monkeypatch):
    monkeypatch.setattr(held, "TILE_PX", 128)
    base = load_base("mini", parts=("vae",))
    x = torch.linspace(-3, 3, 192)
    sin, cos = x.sin(), x.cos()
    image = torch.stack([torch.outer(sin, cos), torch.outer(cos, sin), torch.outer(sin, sin)])[None]
    with torch.no_grad():
        whole, _ = encode_images(base, image)
        picture = decode_latents(base, whole)
        hold_vae(base.vae, MachineConfig(vae_tiling=True), base.downscale)
        tiled, _ = encode_images(base, image)
        tiled_picture = decode_latents(base, whole)
    assert not torch.equal(tiled, whole)
    assert (tiled - whole).norm() < 0.1 * whole.norm()
    assert (tiled_picture - picture).abs().mean() < 0.05


def test_small_pictures_pass_whole():
    base = load_base("mini", parts=("vae",))
    image = torch.zeros(1, 3, 64, 64)
    with torch.no_grad():
        whole, _ = encode_images(base, image)
        hold_vae(base.vae, MachineConfig(vae_tiling=True), base.downscale)
        assert torch.equal(encode_images(base, image)[0], whole)


@pytest.mark.parametrize(
    ("settings", "place"), [({}, CUDA), ({"base_format": "int8"}, CPU), ({"offload": 0.5}, CPU)]
)
def test_what_does_not_fit_whole_is_loaded_in_main_memory_first(settings, place):
    assert loads_on(MachineConfig(**settings), CUDA) == place
