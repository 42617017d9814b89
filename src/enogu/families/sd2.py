"""Stable Diffusion 2.x: linear projections, OpenCLIP ViT-H text encoder, 512 or 768-v.

The text encoder of the original has 24 layers, of which the last is never used: the model was
trained on the penultimate one. It is loaded with 23, as everyone does, so that clip skip 1 is
what the model was trained with.
"""

from enogu.families.sd1 import KL_VAE, SD1
from enogu.families.spec import FamilySpec, TextEncoderSpec

SD2 = FamilySpec(
    name="sd2",
    title="Stable Diffusion 2.x",
    native_resolution=512,
    bucket_step=64,
    scaling_factor=0.18215,
    default_prediction="v_prediction",
    kohya_base_version="sd_v2",
    modelspec_architecture="stable-diffusion-v2-512",
    v_prediction_resolution=768,
    v_prediction_architecture="stable-diffusion-v2-768-v",
    unet={
        **SD1.unet,
        "sample_size": 96,
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    vae={**KL_VAE, "sample_size": 768},
    text_encoders=(
        TextEncoderSpec(
            folder="text_encoder",
            tokenizer_folder="tokenizer",
            padding="zero",
            single_file_prefix="cond_stage_model.model.",
            single_file_layout="open_clip",
            config={
                "vocab_size": 49408,
                "hidden_size": 1024,
                "intermediate_size": 4096,
                "projection_dim": 1024,
                "num_hidden_layers": 23,
                "num_attention_heads": 16,
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
