"""A VAE of its own is read from every form it comes in, and stands in for that of the base."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from enogu.errors import BaseModelError
from enogu.families import FAMILIES
from enogu.families.load import load_base
from enogu.families.single_file import vae_keys
from enogu.families.testing import build_tiny_base, save_folder, tiny_architecture
from enogu.families.vae_file import check_vae

ARCHITECTURE = tiny_architecture(FAMILIES["sd1"])


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A base, and another base's VAE in every form."""
    root = tmp_path_factory.mktemp("vae")
    base, other = build_tiny_base("sd1", seed=1), build_tiny_base("sd1", seed=2)
    save_folder(base, root / "base")
    save_folder(other, root / "other")
    tensors = other.vae.state_dict()
    keys = vae_keys(ARCHITECTURE)
    # In the original layout attention is a 1x1 convolution.
    original = {
        keys[name]: value[:, :, None, None].contiguous()
        if ".attentions." in name and value.dim() == 2
        else value.clone()
        for name, value in tensors.items()
    }
    save_file(original, root / "prefixed.safetensors")
    bare = {name.removeprefix("first_stage_model."): value for name, value in original.items()}
    save_file({**bare, "loss.logvar": torch.zeros(1)}, root / "bare.safetensors")
    diffusers = root / "other" / "vae" / "diffusion_pytorch_model.safetensors"
    (root / "diffusers.safetensors").write_bytes(diffusers.read_bytes())
    return root


def weights(base):
    return base.vae.state_dict()


@pytest.mark.parametrize(
    "name",
    ["bare.safetensors", "prefixed.safetensors", "diffusers.safetensors", "other/vae", "other"],
)
def test_every_form_gives_the_same_vae(places, name):
    expected = weights(load_base(places / "other", parts=("vae",)))
    found = weights(load_base(places / "base", vae=places / name, parts=("vae",)))
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    own = weights(load_base(places / "base", parts=("vae",)))
    assert not all(torch.equal(own[key], found[key]) for key in own)


def test_what_is_no_vae_for_this_base_is_refused(places, tmp_path):
    def load(path):
        return load_base(places / "base", vae=path, parts=("vae",))

    with pytest.raises(BaseModelError) as caught:
        load(places / "bar.safetensors")
    assert "bare.safetensors" in caught.value.hint
    save_file({"lora_unet_x.lora_up.weight": torch.zeros(2, 2)}, tmp_path / "lora.safetensors")
    with pytest.raises(BaseModelError, match="is no VAE: it has 1 tensors, such as lora_unet_x"):
        load(tmp_path / "lora.safetensors")
    (tmp_path / "old.ckpt").write_bytes(b"x")
    with pytest.raises(BaseModelError, match=r"old\.ckpt"):
        load(tmp_path / "old.ckpt")
    cut = load_file(places / "bare.safetensors")
    cut.pop("encoder.conv_in.weight")
    save_file(cut, tmp_path / "cut.safetensors")
    with pytest.raises(BaseModelError, match=r"cut\.safetensors does not fit: .* 1 missing"):
        load(tmp_path / "cut.safetensors")
    with pytest.raises(BaseModelError, match=r"cut\.safetensors does not fit: .* 1 missing"):
        check_vae(tmp_path / "cut.safetensors", ARCHITECTURE)
    check_vae(places / "bare.safetensors", ARCHITECTURE)
