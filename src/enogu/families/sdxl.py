"""Stable Diffusion XL: 2.6 B UNet, CLIP-L and OpenCLIP ViT-bigG, 1024 pixels.

Covers the models that keep its shape (Pony, Illustrious, NoobAI, Animagine …). The refiner has
another shape and is not a base.
"""

from enogu.families.sd1 import CLIP_L, KL_VAE
from enogu.families.spec import FamilySpec, TextEncoderSpec

SDXL = FamilySpec(
    name="sdxl",
    title="Stable Diffusion XL",
    native_resolution=1024,
    bucket_step=32,
    scaling_factor=0.13025,
    default_prediction="epsilon",
    kohya_base_version="sdxl_base_v1-0",
    modelspec_architecture="stable-diffusion-xl-v1-base",
    v_prediction_suffix="",
    size_conditioning=True,
    kohya_unet_names="sgm",
    unet={
        "sample_size": 128,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2,
        "up_block_types": ("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",),
        "block_out_channels": (320, 640, 1280),
        "layers_per_block": 2,
        "transformer_layers_per_block": (1, 2, 10),
        "cross_attention_dim": 2048,
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
    vae={**KL_VAE, "sample_size": 1024, "scaling_factor": 0.13025, "force_upcast": True},
    text_encoders=(
        TextEncoderSpec(
            folder="text_encoder",
            tokenizer_folder="tokenizer",
            config=CLIP_L,
            default_skip=2,
            final_norm=False,
            kohya_prefix="lora_te1",
            single_file_prefix="conditioner.embedders.0.transformer.",
        ),
        TextEncoderSpec(
            folder="text_encoder_2",
            tokenizer_folder="tokenizer_2",
            projected=True,
            padding="zero",
            default_skip=2,
            final_norm=False,
            kohya_prefix="lora_te2",
            single_file_prefix="conditioner.embedders.1.model.",
            single_file_layout="open_clip",
            config={
                "vocab_size": 49408,
                "hidden_size": 1280,
                "intermediate_size": 5120,
                "projection_dim": 1280,
                "num_hidden_layers": 32,
                "num_attention_heads": 20,
                "max_position_embeddings": 77,
                "hidden_act": "gelu",
                "layer_norm_eps": 1e-5,
                "bos_token_id": 49406,
                "eos_token_id": 49407,
                "pad_token_id": 0,
            },
        ),
    ),
)
