"""Module names and shapes of adapter files against what sd-scripts writes, at real size."""

import json

import pytest
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.upsampling import Upsample2D
from torch import nn
from transformers.models.clip.modeling_clip import CLIPMLP, CLIPAttention

from enogu.errors import BaseModelError
from enogu.families.kohya_names import lora_module_names
from enogu.families.testing import build_meta_base, build_tiny_base

RANK = 4
CONVOLUTIONS = (ResnetBlock2D, Downsample2D, Upsample2D)


def shapes_at_rank(layer, *, as_convolution=False):
    """Shapes of lora_down and lora_up as adapter files hold them."""
    if isinstance(layer, nn.Linear) and as_convolution:
        return [RANK, layer.in_features, 1, 1], [layer.out_features, RANK, 1, 1]
    if isinstance(layer, nn.Linear):
        return [RANK, layer.in_features], [layer.out_features, RANK]
    down = [RANK, layer.in_channels, *layer.kernel_size]
    return down, [layer.out_channels, RANK, 1, 1]


def named_layers(root, names, owners, *, sd2=False):
    found = []
    for path, owner in root.named_modules():
        if not isinstance(owner, owners):
            continue
        for name, layer in owner.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                full = f"{path}.{name}"
                # sd-scripts keeps SD2's linear projections as 1x1 convolutions
                as_convolution = sd2 and name in ("proj_in", "proj_out")
                found.append([names[full], *shapes_at_rank(layer, as_convolution=as_convolution)])
    return found


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("case", "family", "owners"),
    [
        ("sd1_linear", "sd1", (Transformer2DModel,)),
        ("sd1_conv3", "sd1", (Transformer2DModel, *CONVOLUTIONS)),
        ("sd2_linear", "sd2", (Transformer2DModel,)),
        ("sdxl_linear", "sdxl", (Transformer2DModel,)),
        ("sdxl_conv3", "sdxl", (Transformer2DModel, *CONVOLUTIONS)),
    ],
)
def test_names_and_shapes_equal_the_golden_lists(shared_data, case, family, owners):
    golden = json.loads((shared_data / "golden" / "lora_modules.json").read_text("utf-8"))[case]
    base = build_meta_base(family)
    unet = named_layers(base.unet, lora_module_names(base, "unet"), owners, sd2=family == "sd2")
    text = [
        layer
        for spec, encoder in zip(base.spec.text_encoders, base.text_encoders, strict=True)
        for layer in named_layers(
            encoder,
            lora_module_names(base, spec.kohya_prefix.removeprefix("lora_")),
            (CLIPAttention, CLIPMLP),
        )
    ]
    assert sorted(unet) == sorted(golden["unet"])
    assert sorted(text) == sorted(golden["text_encoders"])


def test_names_are_unique_and_know_wrapped_layers():
    base = build_tiny_base("sdxl")
    names = lora_module_names(base, "unet")
    assert len(set(names.values())) == len(names)
    assert names["conv_in"] == "lora_unet_input_blocks_0_0"


def test_a_part_of_another_family_is_refused():
    with pytest.raises(BaseModelError, match="no part 'te2'"):
        lora_module_names(build_tiny_base("sd1"), "te2")
