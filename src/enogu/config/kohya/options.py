"""Every option of sd-scripts' `train_network.py` and `sdxl_train_network.py`, and what it is here.

Names, types and defaults are those of version 0.10. An option that becomes a setting only once the
setting exists; until then it is told to be missing, so a row may be written ahead.
"""

from enogu.config.kohya.option import Kind, Meaning, Missing, NoMeaning, Option, PartOf, Same, Value


def _row(
    name: str, kind: Kind, meaning: Meaning | str, default: Value = None, *, data: bool = False
) -> Option:
    """Make a row; a bare text as meaning is the name of the setting."""
    if isinstance(meaning, str):
        meaning = Same(setting=meaning)
    return Option(name=name, kind=kind, default=default, meaning=meaning, in_dataset=data)


def _rows(kind: Kind, meaning: Meaning, names: str, default: Value = None) -> tuple[Option, ...]:
    return tuple(_row(name, kind, meaning, default) for name in names.split())


_CACHED = NoMeaning(
    reason="latents and text features are always cached, on disk and by content; shuffling and "
    "dropout go on working"
)
_CHOSEN = NoMeaning(reason="attention is chosen for the machine, without a setting")
_OFFLINE = NoMeaning(reason="nothing leaves this machine; enogu tensorboard shows the curves")
_SAFE = NoMeaning(reason="files are always written as safetensors")
_LOADER = NoMeaning(reason="pictures are encoded once; there is no data loader to tune")
_STATE = NoMeaning(reason="the state is saved with every adapter; the same command goes on with it")
_FOREIGN_STATE = Missing(
    reason="a state of another program cannot be gone on with; give its adapter as network_weights"
)
_MODEL_CARD = Missing(reason="this part of the metadata is not written")
_CROPS = Missing(reason="faces are cut out before training: enogu pictures regions")
_TERMINAL = NoMeaning(reason="messages go to the terminal")
_WHOLE = Missing(reason="captions are whole from the first step")
_LEVELS = Missing(reason="only flow models use it; the families here are SD1, SD2 and SDXL")

_MODEL = (
    _row("pretrained_model_name_or_path", "text", PartOf(rule="base")),
    _row("v2", "flag", NoMeaning(reason="the family is read from the base")),
    _row("v_parameterization", "flag", PartOf(rule="prediction"), default=False),
    _row("zero_terminal_snr", "flag", PartOf(rule="prediction"), default=False),
    _row("vae", "text", "model.vae", default=""),
    _row("no_half_vae", "flag", NoMeaning(reason="the VAE never computes in fp16")),
    _row("clip_skip", "int", "model.clip_skip"),
    _row("tokenizer_cache_dir", "text", NoMeaning(reason="tokenizers come with the base")),
    *_rows(
        "flag",
        NoMeaning(reason="files are read tensor by tensor, never mapped"),
        "disable_mmap_load_safetensors",
    ),
)

_NETWORK = (
    _row("network_module", "text", PartOf(rule="network"), default="networks.lora"),
    _row("network_dim", "int", PartOf(rule="network"), default=4),
    _row("network_alpha", "float", PartOf(rule="network"), default=1.0),
    _row("network_args", "many", PartOf(rule="network")),
    _row("network_dropout", "float", PartOf(rule="network")),
    _row("network_weights", "text", "train.adapter.start", default=""),
    _row("dim_from_weights", "flag", "train.adapter.start_sizes", default=False),
    _row("base_weights", "many", "train.adapter.base_adapters"),
    _row("base_weights_multiplier", "floats", PartOf(rule="multipliers")),
    _row("scale_weight_norms", "float", "train.adapter.max_norm"),
    _row("network_train_unet_only", "flag", PartOf(rule="rates"), default=False),
    _row("network_train_text_encoder_only", "flag", PartOf(rule="rates"), default=False),
)

_LEARNING = (
    _row("learning_rate", "float", PartOf(rule="rates"), default=2e-6),
    _row("unet_lr", "float", PartOf(rule="rates")),
    _row("text_encoder_lr", "floats", PartOf(rule="rates")),
    _row("text_encoder_lr1", "float", PartOf(rule="rates")),
    _row("text_encoder_lr2", "float", PartOf(rule="rates")),
    _row("cache_text_encoder_outputs", "flag", PartOf(rule="rates"), default=False),
    _row("cache_text_encoder_outputs_to_disk", "flag", PartOf(rule="rates"), default=False),
    _row("optimizer_type", "text", PartOf(rule="optimizer"), default="AdamW"),
    _row("optimizer_args", "many", PartOf(rule="optimizer")),
    _row("use_8bit_adam", "flag", PartOf(rule="optimizer"), default=False),
    _row("use_lion_optimizer", "flag", PartOf(rule="optimizer"), default=False),
    _row("max_grad_norm", "float", "train.max_grad_norm", default=1.0),
    _row("lr_scheduler", "text", PartOf(rule="schedule"), default="constant"),
    _row("lr_scheduler_type", "text", PartOf(rule="schedule"), default=""),
    _row("lr_scheduler_args", "many", PartOf(rule="schedule")),
    _row("lr_warmup_steps", "float", PartOf(rule="schedule"), default=0.0),
    _row("lr_decay_steps", "float", PartOf(rule="schedule"), default=0.0),
    _row("lr_scheduler_num_cycles", "int", PartOf(rule="schedule"), default=1),
    _row("lr_scheduler_power", "float", PartOf(rule="schedule"), default=1.0),
    _row("lr_scheduler_min_lr_ratio", "float", PartOf(rule="schedule")),
    _row("lr_scheduler_timescale", "int", PartOf(rule="schedule")),
    _row("max_train_steps", "int", PartOf(rule="length"), default=1600),
    _row("max_train_epochs", "int", PartOf(rule="length")),
    _row("train_batch_size", "int", "train.batch_size", default=1),
    _row("batch_size", "int", "train.batch_size", data=True),
    _row("gradient_accumulation_steps", "int", "train.accumulate", default=1),
    _row("seed", "int", "train.seed"),
    _row("initial_epoch", "int", _FOREIGN_STATE),
    _row("initial_step", "int", _FOREIGN_STATE),
    _row("skip_until_initial_step", "flag", _FOREIGN_STATE),
    _row("resume", "text", _FOREIGN_STATE),
    _row("validation_split", "float", "validation.share", default=0.0, data=True),
    _row("validation_seed", "int", "validation.seed", data=True),
    _row("validate_every_n_steps", "int", "validation.every"),
    *_rows(
        "int",
        Missing(reason="held-out pictures are measured by steps, or whenever an adapter is saved"),
        "validate_every_n_epochs max_validation_steps",
    ),
)

_LOSS_SAME: tuple[tuple[str, Kind, Value], ...] = (
    ("scale_v_pred_loss_like_noise_pred", "flag", False),
    ("v_pred_like_loss", "float", 0.0),
    ("noise_offset", "float", 0.0),
    ("noise_offset_random_strength", "flag", False),
    ("adaptive_noise_scale", "float", 0.0),
    ("multires_noise_iterations", "int", 0),
    ("multires_noise_discount", "float", 0.3),
    ("ip_noise_gamma", "float", 0.0),
    ("ip_noise_gamma_random_strength", "flag", False),
    ("huber_schedule", "text", "snr"),
    ("huber_c", "float", 0.1),
    ("huber_scale", "float", 1.0),
)
"""Options that are settings of the loss under the same name."""

_LOSS = (
    _row("min_snr_gamma", "float", PartOf(rule="weighting")),
    _row("debiased_estimation_loss", "flag", PartOf(rule="weighting"), default=False),
    *(_row(name, kind, f"train.loss.{name}", default) for name, kind, default in _LOSS_SAME),
    _row("loss_type", "text", "train.loss.type", default="l2"),
    _row("min_timestep", "int", "train.loss.timestep_min", default=0),
    _row("max_timestep", "int", "train.loss.timestep_max", default=1000),
    _row("prior_loss_weight", "float", "train.loss.prior_weight", default=1.0),
    _row("masked_loss", "flag", NoMeaning(reason="masks are used wherever a picture has one")),
    _row("weighting_scheme", "text", _LEVELS),
    _row("timestep_sampling", "text", _LEVELS),
    *_rows("float", _LEVELS, "logit_mean logit_std mode_scale"),
)

_DATA = (
    _row("train_data_dir", "text", PartOf(rule="data")),
    _row("reg_data_dir", "text", PartOf(rule="data")),
    _row("dataset_config", "text", PartOf(rule="data")),
    _row("image_dir", "text", PartOf(rule="data"), data=True),
    _row("num_repeats", "int", PartOf(rule="data"), default=1, data=True),
    _row("class_tokens", "text", PartOf(rule="data"), data=True),
    _row("is_reg", "flag", PartOf(rule="data"), data=True),
    _row("metadata_file", "text", PartOf(rule="data"), data=True),
    _row("in_json", "text", PartOf(rule="data")),
    _row("dataset_repeats", "int", PartOf(rule="data"), default=1),
    _row("caption_extension", "text", PartOf(rule="data"), default=".caption", data=True),
    _row("caption_extention", "text", PartOf(rule="data"), data=True),
    _row("caption_prefix", "text", PartOf(rule="data"), data=True),
    _row("caption_suffix", "text", PartOf(rule="data"), data=True),
    _row("conditioning_data_dir", "text", PartOf(rule="data"), data=True),
    _row("alpha_mask", "flag", "pictures.alpha_as_mask", default=False, data=True),
    _row("resolution", "text", PartOf(rule="buckets"), data=True),
    _row("enable_bucket", "flag", PartOf(rule="buckets"), default=False, data=True),
    _row("bucket_no_upscale", "flag", PartOf(rule="buckets"), default=False, data=True),
    _row("min_bucket_reso", "int", PartOf(rule="buckets"), default=256, data=True),
    _row("max_bucket_reso", "int", PartOf(rule="buckets"), default=1024, data=True),
    _row("bucket_reso_steps", "int", PartOf(rule="buckets"), default=64, data=True),
    _row(
        "resize_interpolation",
        "text",
        Same(
            setting="pictures.shrink",
            words={"area": "area", "lanczos": "lanczos", "lanczos4": "lanczos"},
        ),
        default="area",
        data=True,
    ),
    _row("shuffle_caption", "flag", "captions.shuffle", default=False, data=True),
    _row("keep_tokens", "int", "captions.keep_tags", default=0, data=True),
    _row("keep_tokens_separator", "text", "captions.keep_separator", default="", data=True),
    _row("secondary_separator", "text", "captions.secondary_separator", default="", data=True),
    _row("caption_separator", "text", "captions.separator", default=",", data=True),
    _row("enable_wildcard", "flag", "captions.wildcards", default=False, data=True),
    _row("caption_dropout_rate", "float", "captions.dropout", default=0.0, data=True),
    _row("caption_tag_dropout_rate", "float", "captions.tag_dropout", default=0.0, data=True),
    _row("flip_aug", "flag", "pictures.flip", default=False, data=True),
    _row("caption_dropout_every_n_epochs", "int", PartOf(rule="dropout"), default=0, data=True),
    _row("token_warmup_min", "int", _WHOLE, data=True),
    _row("token_warmup_step", "float", _WHOLE, data=True),
    _row("color_aug", "flag", PartOf(rule="augment"), default=False, data=True),
    _row("random_crop", "flag", PartOf(rule="augment"), default=False, data=True),
    _row("face_crop_aug_range", "text", _CROPS, data=True),
    _row("cache_info", "flag", NoMeaning(reason="what is known of pictures is kept"), data=True),
    _row(
        "network_multiplier",
        "float",
        Missing(reason="the adapter is trained at strength 1"),
        data=True,
    ),
    _row(
        "custom_attributes",
        "text",
        NoMeaning(reason="sd-scripts itself does not read it for these models"),
        data=True,
    ),
    _row("weighted_captions", "flag", Missing(reason="captions are taken as plain words")),
    _row("max_token_length", "int", NoMeaning(reason="captions of any length are read whole")),
    _row("dataset_class", "text", Missing(reason="foreign classes of data sets are not run")),
    _row("debug_dataset", "flag", NoMeaning(reason="enogu plan shows the pictures as trained")),
)

_MACHINE = (
    _row(
        "mixed_precision",
        "text",
        Same(
            setting="machine.precision",
            words={"no": "fp32", "fp16": "fp16", "bf16": "bf16"},
        ),
    ),
    _row("gradient_checkpointing", "flag", "train.gradient_checkpointing", default=False),
    *_rows("flag", _CACHED, "cache_latents cache_latents_to_disk skip_cache_check"),
    _row("vae_batch_size", "int", _CACHED),
    _row("text_encoder_batch_size", "int", _CACHED),
    *_rows("flag", _CHOSEN, "xformers sdpa mem_eff_attn flash_attn"),
    _row("max_data_loader_n_workers", "int", _LOADER),
    _row("persistent_data_loader_workers", "flag", _LOADER),
    *_rows("flag", NoMeaning(reason="what is not needed is never held"), "lowram highvram"),
    *_rows("flag", PartOf(rule="trained"), "full_fp16 full_bf16", default=False),
    *_rows("flag", PartOf(rule="frozen"), "fp8_base fp8_base_unet", default=False),
    _row("cpu_offload_checkpointing", "flag", Missing(reason="checkpoints stay on the device")),
    _row("blocks_to_swap", "int", _LEVELS),
    _row("fused_backward_pass", "flag", NoMeaning(reason="an adapter is too small to gain by it")),
    _row("torch_compile", "flag", NoMeaning(reason="frozen layers are packed for the machine")),
    _row("dynamo_backend", "text", NoMeaning(reason="torch.compile is not used")),
    _row("ddp_timeout", "int", NoMeaning(reason="machine.gpus shares each batch in one fixed way")),
    *_rows(
        "flag",
        NoMeaning(reason="machine.gpus shares each batch in one fixed way"),
        "ddp_gradient_as_bucket_view ddp_static_graph",
    ),
    *_rows(
        "flag",
        Missing(reason="DeepSpeed is not used"),
        "deepspeed zero3_init_flag zero3_save_16bit_model fp16_master_weights_and_gradients",
    ),
    *_rows(
        "text",
        Missing(reason="DeepSpeed is not used"),
        "zero_stage offload_optimizer_device offload_optimizer_nvme_path offload_param_device "
        "offload_param_nvme_path",
    ),
)

_OUTPUT = (
    _row("output_dir", "text", NoMeaning(reason="each run has its own folder in runs/")),
    _row("output_name", "text", "train.name", default=""),
    _row(
        "save_precision",
        "text",
        Same(
            setting="train.save_dtype",
            words={"float": "fp32", "fp16": "fp16", "bf16": "bf16"},
        ),
        default="float",
    ),
    _row("save_model_as", "text", _SAFE),
    _row("use_safetensors", "flag", _SAFE),
    *(
        _row(name, "int", PartOf(rule="saves"))
        for name in (
            "save_every_n_epochs",
            "save_every_n_steps",
            "save_n_epoch_ratio",
            "save_last_n_epochs",
            "save_last_n_epochs_state",
            "save_last_n_steps",
            "save_last_n_steps_state",
        )
    ),
    _row("save_state", "flag", _STATE),
    _row("save_state_on_train_end", "flag", _STATE),
    _row("no_metadata", "flag", "train.private_metadata", default=False),
    _row("training_comment", "text", "train.comment", default=""),
    *_rows(
        "text",
        _MODEL_CARD,
        "metadata_title metadata_author metadata_description metadata_license metadata_tags "
        "metadata_usage_hint metadata_thumbnail metadata_merged_from metadata_trigger_phrase "
        "metadata_preprocessor metadata_is_negative_embedding",
    ),
    _row("sample_every_n_steps", "int", PartOf(rule="samples")),
    _row("sample_every_n_epochs", "int", PartOf(rule="samples")),
    _row("sample_prompts", "text", PartOf(rule="samples")),
    _row("sample_sampler", "text", PartOf(rule="samples"), default="ddim"),
    _row(
        "sample_at_first",
        "flag",
        NoMeaning(reason="the untouched base is always drawn first, to compare with"),
    ),
    _row("logging_dir", "text", "train.tensorboard", default=""),
    _row("log_with", "text", NoMeaning(reason="curves are written for TensorBoard")),
    _row("log_prefix", "text", NoMeaning(reason="a run is called by its number")),
    _row("log_config", "flag", NoMeaning(reason="the settings of a run are always kept with it")),
    *_rows(
        "text",
        _OFFLINE,
        "log_tracker_name log_tracker_config wandb_run_name wandb_api_key huggingface_repo_id "
        "huggingface_repo_type huggingface_path_in_repo huggingface_token "
        "huggingface_repo_visibility",
    ),
    *_rows("flag", _OFFLINE, "save_state_to_huggingface resume_from_huggingface async_upload"),
    *_rows(
        "text",
        NoMeaning(reason="messages go to the terminal"),
        "console_log_level console_log_file",
    ),
    _row("console_log_simple", "flag", _TERMINAL),
    _row("config_file", "text", NoMeaning(reason="it is read")),
    _row("output_config", "flag", NoMeaning(reason="enogu export kohya writes such a file")),
)

OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (*_MODEL, *_NETWORK, *_LEARNING, *_LOSS, *_DATA, *_MACHINE, *_OUTPUT)
}
"""By name."""
