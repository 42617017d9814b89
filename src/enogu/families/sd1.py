"""Stable Diffusion 1.x: 860 M UNet, one CLIP-L text encoder, 512 pixels.

Sizes as published in the model's ``config.json`` files.
"""

from enogu.families.spec import Config, FamilySpec, TextEncoderSpec

CLIP_L: Config = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "projection_dim": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "bos_token_id": 49406,
    "eos_token_id": 49407,
    "pad_token_id": 49407,
}
"""The text half of OpenAI's CLIP ViT-L/14, shared with SDXL's first encoder."""

KL_VAE: Config = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "act_fn": "silu",
    "latent_channels": 4,
    "norm_num_groups": 32,
    "sample_size": 512,
    "scaling_factor": 0.18215,
}
"""The KL autoencoder; the three families share its shape."""

SD1 = FamilySpec(
    name="sd1",
    title="Stable Diffusion 1.x",
    native_resolution=512,
    bucket_step=64,
    scaling_factor=0.18215,
    default_prediction="epsilon",
    kohya_base_version="sd_v1",
    modelspec_architecture="stable-diffusion-v1",
    unet={
        "sample_size": 64,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        "block_out_channels": (320, 640, 1280, 1280),
        "layers_per_block": 2,
        "cross_attention_dim": 768,
        "attention_head_dim": 8,
    },
    vae=KL_VAE,
    text_encoders=(
        TextEncoderSpec(folder="text_encoder", tokenizer_folder="tokenizer", config=CLIP_L),
    ),
)
