"""Names of the original (LDM / sgm) key layout, by the library's own module paths.

One rule per place in the network. The same rules name the parameters of single-file checkpoints
and, for SDXL, the modules of adapter files.
"""

import re

_UNET_FIXED = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}

_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}

_VAE_RESNET = {"conv_shortcut": "nin_shortcut"}

_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}

_OPEN_CLIP_FIXED = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
    "text_projection.weight": "text_projection",
}

_OPEN_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}

OPEN_CLIP_FUSED = {"q_proj": 0, "k_proj": 1, "v_proj": 2}
"""Place of each projection in OpenCLIP's fused ``attn.in_proj``."""


def unet_ldm_name(path: str, *, layers_per_block: int, attention_levels: frozenset[int]) -> str:
    """Return the original name of a UNet module or parameter.

    Args:
        path: Dotted path in ``UNet2DConditionModel``.
        layers_per_block: Residual blocks per level on the way down.
        attention_levels: Up blocks (counted from the bottom) that have attention; it decides
            where their upsampler stands.
    """
    for prefix, name in _UNET_FIXED.items():
        if path == prefix or path.startswith(prefix + "."):
            rest = path[len(prefix) :]
            is_resnet = "resnets" in prefix
            return name + ("." + _mapped(rest[1:], _UNET_RESNET) if rest and is_resnet else rest)
    match = re.fullmatch(
        r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)(?:\.(.+))?",
        path,
    )
    if match is None:
        return path
    way, level, kind, place = match[1], int(match[2]), match[3], int(match[4])
    rest = match[5] or ""
    stride = layers_per_block + 1
    if kind == "downsamplers":
        return f"input_blocks.{stride * (level + 1)}.0.{_mapped(rest, {'conv': 'op'})}".rstrip(".")
    if kind == "upsamplers":
        block = stride * level + layers_per_block
        return f"output_blocks.{block}.{2 if level in attention_levels else 1}.{rest}".rstrip(".")
    root = (
        f"input_blocks.{stride * level + place + 1}"
        if way == "down"
        else f"output_blocks.{stride * level + place}"
    )
    if kind == "resnets":
        return f"{root}.0.{_mapped(rest, _UNET_RESNET)}".rstrip(".")
    return f"{root}.1.{rest}".rstrip(".")


def vae_ldm_name(path: str, *, num_levels: int) -> str:
    """Return the original name of a parameter of ``AutoencoderKL``."""
    path = path.replace("conv_norm_out", "norm_out")
    match = re.fullmatch(r"(encoder|decoder)\.mid_block\.(resnets|attentions)\.(\d)\.(.+)", path)
    if match:
        side, kind, place, rest = match[1], match[2], int(match[3]), match[4]
        if kind == "resnets":
            return f"{side}.mid.block_{place + 1}.{_mapped(rest, _VAE_RESNET)}"
        return f"{side}.mid.attn_1.{_mapped(rest, _VAE_ATTENTION)}"
    match = re.fullmatch(r"encoder\.down_blocks\.(\d)\.(resnets|downsamplers)\.(\d)\.(.+)", path)
    if match:
        level, kind, place, rest = match[1], match[2], match[3], match[4]
        if kind == "downsamplers":
            return f"encoder.down.{level}.downsample.{rest}"
        return f"encoder.down.{level}.block.{place}.{_mapped(rest, _VAE_RESNET)}"
    match = re.fullmatch(r"decoder\.up_blocks\.(\d)\.(resnets|upsamplers)\.(\d)\.(.+)", path)
    if match:
        level, kind, place, rest = num_levels - 1 - int(match[1]), match[2], match[3], match[4]
        if kind == "upsamplers":
            return f"decoder.up.{level}.upsample.{rest}"
        return f"decoder.up.{level}.block.{place}.{_mapped(rest, _VAE_RESNET)}"
    return path


def open_clip_name(path: str) -> str:
    """Return OpenCLIP's name of a text-encoder parameter; a fused one for q, k and v.

    Args:
        path: Parameter name without a leading ``text_model.``.
    """
    if path in _OPEN_CLIP_FIXED:
        return _OPEN_CLIP_FIXED[path]
    match = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", path)
    if match is None:
        return path
    number, module, leaf = match[1], match[2], match[3]
    root = f"transformer.resblocks.{number}"
    attention, _, projection = module.partition(".")
    if attention == "self_attn" and projection in OPEN_CLIP_FUSED:
        return f"{root}.attn.in_proj_{leaf}"
    return f"{root}.{_OPEN_CLIP_LAYER[module]}.{leaf}"


def _mapped(rest: str, table: dict[str, str]) -> str:
    for prefix, name in table.items():
        if rest == prefix or rest.startswith(prefix + "."):
            return name + rest[len(prefix) :]
    return rest
