import pytest

from enogu.config import ProjectConfig, resolve, setting_names
from enogu.config.kohya import OPTIONS, export_options, translate
from enogu.config.kohya.option import Missing, NoMeaning, PartOf, Same
from enogu.config.kohya.translate import RULES
from enogu.config.resolve import flatten, nest


def settings_of(**options):
    return translate(options).settings


def lines_of(**options):
    return {
        line.option: line for line in translate(options).lines if line.given and not line.settings
    }


def config_of(**options):
    return resolve(nest(settings_of(**options))).config


def test_every_option_has_a_meaning_and_every_rule_is_used():
    used = {o.meaning.rule for o in OPTIONS.values() if isinstance(o.meaning, PartOf)}
    assert used == set(RULES)
    for option in OPTIONS.values():
        if isinstance(option.meaning, NoMeaning | Missing):
            assert option.meaning.reason, option.name


def test_an_empty_call_becomes_what_sd_scripts_does_by_default():
    config = config_of()
    assert (config.train.rank, config.train.alpha) == (4, 1.0)
    assert (config.train.learning_rate, config.train.text_encoder_learning_rate) == (2e-6, 2e-6)
    assert (config.train.text_encoder, config.train.unet) == (True, True)
    assert (config.train.schedule, config.train.steps) == ("constant", 1600)
    assert config.train.loss.weighting == "none"
    assert (config.captions.shuffle, config.train.save_dtype) == (False, "fp32")
    assert config.samples.every == 0


def test_options_that_only_repeat_our_defaults_are_not_told():
    told = {line.option for line in translate({}).lines}
    assert {"max_grad_norm", "huber_c", "caption_separator", "noise_offset"}.isdisjoint(told)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ({"network_dim": 16, "network_alpha": 8.0}, {"train.rank": 16, "train.alpha": 8.0}),
        (
            {"network_args": ["loraplus_unet_lr_ratio=8"], "network_train_unet_only": True},
            {"train.adapter.up_rate": 8.0},
        ),
        ({"network_args": ["conv_dim=4"]}, {"train.conv_rank": 4, "train.conv_alpha": 1.0}),
        (
            {"network_module": "lycoris.kohya", "network_args": ["algo=loha"], "network_dim": 8},
            {"train.adapter.kind": "loha", "train.conv_rank": 8, "train.conv_alpha": 1.0},
        ),
        (
            {
                "network_module": "lycoris.kohya",
                "network_args": ["algo=lokr", "factor=8", "conv_dim=0", "dora_wd=True"],
            },
            {
                "train.adapter.kind": "lokr",
                "train.adapter.factor": 8,
                "train.conv_rank": None,
                "train.adapter.decompose": "output",
            },
        ),
        (
            {"network_args": ["down_lr_weight=sine+.25", "mid_lr_weight=0.5", "up_lr_weight=1,0"]},
            {
                "train.blocks.down": "sine+.25",
                "train.blocks.mid": (0.5,),
                "train.blocks.up": (1.0, 0.0),
            },
        ),
        ({"network_train_unet_only": True}, {"train.text_encoder": False}),
        ({"network_train_text_encoder_only": True}, {"train.unet": False}),
        ({"cache_text_encoder_outputs": True}, {"train.text_encoder": False}),
        ({"text_encoder_lr": [0.0]}, {"train.text_encoder": False}),
        (
            {"learning_rate": 1e-4, "unet_lr": 2e-4, "text_encoder_lr": [5e-5, 1e-5]},
            {
                "train.learning_rate": 2e-4,
                "train.text_encoder_learning_rate": 5e-5,
                "train.text_encoder_2_learning_rate": 1e-5,
            },
        ),
        ({"optimizer_type": "AdamW8bit"}, {"train.optimizer": "adamw8bit"}),
        ({"optimizer_args": ["weight_decay=0.1"]}, {"train.weight_decay": 0.1}),
        ({"min_snr_gamma": 5.0}, {"train.loss.weighting": "min_snr"}),
        ({"debiased_estimation_loss": True}, {"train.loss.weighting": "debiased"}),
        (
            {"lr_scheduler": "cosine_with_restarts", "lr_scheduler_num_cycles": 4},
            {"train.schedule": "cosine_restarts", "train.restarts": 4},
        ),
        (
            {"lr_scheduler": "constant_with_warmup", "lr_warmup_steps": 100.0},
            {"train.schedule": "constant", "train.warmup_steps": 100},
        ),
        (
            {"resolution": "512,768", "enable_bucket": True},
            {
                "pictures.resolution": 627,
                "pictures.bucket_mode": "list",
                "pictures.bucket_min": 256,
            },
        ),
        (
            {"resolution": "512"},
            {
                "pictures.bucket_min": 512,
                "pictures.bucket_max": 512,
                "pictures.bucket_mode": "list",
            },
        ),
        (
            {"resolution": "512", "enable_bucket": True, "bucket_no_upscale": True},
            {"pictures.bucket_mode": "no_upscale", "pictures.bucket_step": 64},
        ),
        ({"keep_tokens": 2, "shuffle_caption": True}, {"captions.keep_tags": 2}),
        ({"color_aug": True}, {"pictures.vary_colour": 0.1}),
        (
            {"optimizer_type": "Prodigy", "optimizer_args": ["decouple=True", "betas=0.9,0.99"]},
            {
                "train.optimizer": "prodigy",
                "train.weight_decay": 0.0,
                "train.optimizer_args": {"weight_decouple": True, "betas": [0.9, 0.99]},
            },
        ),
        ({"optimizer_type": "came.CAME"}, {"train.optimizer": "came.CAME"}),
        ({"optimizer_type": "Rprop"}, {"train.optimizer": "torch.optim.Rprop"}),
        ({"use_8bit_adam": True}, {"train.optimizer": "adamw8bit"}),
        ({"max_train_epochs": 10, "max_train_steps": 5}, {"train.epochs": 10}),
        ({"gradient_accumulation_steps": 4}, {"train.accumulate": 4}),
        (
            {"lr_scheduler": "polynomial", "lr_scheduler_power": 2.0},
            {"train.schedule": "polynomial", "train.schedule_power": 2.0},
        ),
        (
            {"lr_scheduler": "cosine_with_min_lr", "lr_scheduler_min_lr_ratio": 0.1},
            {"train.schedule": "cosine", "train.schedule_floor": 0.1},
        ),
        ({"lr_scheduler": "linear", "lr_warmup_steps": 0.05}, {"train.warmup_share": 0.05}),
        (
            {"lr_scheduler_type": "StepLR", "lr_scheduler_args": ["step_size=10"]},
            {
                "train.schedule": "torch.optim.lr_scheduler.StepLR",
                "train.schedule_args": {"step_size": 10},
            },
        ),
        ({"save_every_n_epochs": 2}, {"train.save_every_epochs": 2, "train.save_every": 0}),
        (
            {"save_every_n_steps": 100, "save_last_n_steps": 250},
            {"train.save_every": 100, "train.keep_last": 3},
        ),
        ({"save_n_epoch_ratio": 5, "max_train_epochs": 20}, {"train.save_every_epochs": 4}),
        ({"sample_every_n_epochs": 1}, {"samples.every": 0, "samples.every_epochs": 1}),
        ({"logging_dir": "logs"}, {"train.tensorboard": "logs"}),
        ({"mixed_precision": "no"}, {"machine.precision": "fp32"}),
        ({"v_parameterization": True}, {"model.prediction": "v_prediction"}),
        (
            {"base_weights": ["a.safetensors"], "base_weights_multiplier": [0.5]},
            {
                "train.adapter.base_adapters": ("a.safetensors",),
                "train.adapter.base_adapter_weights": (0.5,),
            },
        ),
        ({"sample_every_n_steps": 50, "sample_sampler": "k_euler_a"}, {"draw.sampler": "euler_a"}),
    ],
)
def test_options_become_the_settings_that_mean_the_same(options, settings):
    made = settings_of(**options)
    assert {name: made.get(name) for name in settings} == settings


def test_one_size_for_all_pictures_is_one_bucket():
    from enogu.pictures.buckets import BucketSize, make_buckets

    config = config_of(resolution="512").pictures
    sizes = make_buckets(
        BucketSize(512, 512), min_px=config.bucket_min, max_px=config.bucket_max, step=64
    )
    assert sizes == (BucketSize(512, 512),)


@pytest.mark.parametrize(
    ("options", "name", "verdict", "words"),
    [
        ({"xformers": True}, "xformers", "nothing", "attention"),
        ({"full_fp16": True}, "full_fp16", "missing", "adapter_dtype"),
        ({"fp8_base": False}, "fp8_base", "nothing", "as here"),
        ({"random_crop": True}, "random_crop", "missing", "vary_crop"),
        ({"face_crop_aug_range": "2,4"}, "face_crop_aug_range", "missing", "before training"),
        ({"network_module": "networks.oft"}, "network_module", "missing", "not trained here"),
        ({"network_args": ["loraplus_unet_lr_ratio=16"]}, "network_args", "missing", "loraplus"),
        ({"min_snr_gamma": 5.0, "debiased_estimation_loss": True}, "debiased_estimation_loss",
         "missing", "multiply"),
        ({"lr_scheduler": "piecewise_constant"}, "lr_scheduler", "missing", "piecewise_constant"),
        ({"lr_warmup_steps": 10.0}, "lr_warmup_steps", "nothing", "ignores"),
        ({"optimizer_type": "AdaFactor"}, "optimizer_type", "missing", "relative_step"),
        ({"optimizer_args": ["fused=True"]}, "optimizer_args", "missing", "fused=True"),
        ({"resolution": "large"}, "resolution", "missing", "512"),
        ({"seed": -1}, "seed", "missing", "0 or more"),
        ({"mixed_precision": "fp8"}, "mixed_precision", "missing", "known are"),
        ({"wandb_api_key": "secret"}, "wandb_api_key", "nothing", "machine"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_over_is_told_with_the_reason(options, name, verdict, words):
    line = lines_of(**options)[name]
    assert (line.verdict, words in line.note) == (verdict, True)
    assert "secret" not in str(line)


EXAMPLES = {
    "flag": True, "int": 3, "float": 0.5, "text": "x", "many": ["a=1"], "floats": [0.5],
}  # fmt: skip


def given_values():
    for name, option in OPTIONS.items():
        yield name, EXAMPLES[option.kind]
        if option.default is not None:
            yield name, option.default


@pytest.mark.parametrize(("name", "value"), list(given_values()))
def test_every_option_that_is_given_is_told(name, value):
    assert name in {line.option for line in translate({name: value}).lines if line.given}


def test_a_whole_configuration_for_sdxl_in_eight_gigabytes():
    made = translate({
        "network_module": "networks.lora", "network_dim": 16, "network_alpha": 4.0,
        "network_args": ["conv_dim=16", "conv_alpha=4"], "optimizer_type": "AdamW8bit",
        "learning_rate": 1e-4, "network_train_unet_only": True, "max_train_steps": 3000,
        "train_batch_size": 1, "gradient_accumulation_steps": 1, "lr_warmup_steps": 0.0,
        "lr_scheduler": "cosine_with_restarts", "lr_scheduler_num_cycles": 4,
        "save_every_n_steps": 1000, "save_precision": "fp16", "save_model_as": "safetensors",
        "sdpa": True, "mixed_precision": "fp16", "fp8_base": True, "gradient_checkpointing": True,
        "cache_latents": True, "cache_latents_to_disk": True, "cache_text_encoder_outputs": True,
        "cache_text_encoder_outputs_to_disk": True, "resolution": "1024,1024",
        "enable_bucket": True, "min_bucket_reso": 256, "max_bucket_reso": 1024,
        "bucket_no_upscale": True, "loss_type": "l2", "debiased_estimation_loss": True,
        "no_half_vae": True,
    })  # fmt: skip
    lost = {line.option for line in made.lines if line.verdict in ("missing", "unknown")}
    assert lost == set()
    config = resolve(nest(made.settings)).config
    train = config.train
    assert (train.rank, train.alpha, train.conv_rank, train.conv_alpha) == (16, 4.0, 16, 4.0)
    assert (train.steps, train.restarts, train.save_every) == (3000, 4, 1000)
    assert (train.text_encoder, train.gradient_checkpointing) == (False, True)
    assert (train.loss.weighting, config.pictures.bucket_mode) == ("debiased", "no_upscale")
    assert (config.pictures.resolution, config.machine.precision) == (1024, "fp16")
    assert config.machine.base_format == "fp8"


def test_a_longest_side_that_cuts_the_usual_sizes_is_raised_and_told():
    made = translate({"resolution": "1024", "enable_bucket": True})
    assert made.settings["pictures.bucket_max"] == 1536
    line = next(line for line in made.lines if line.option == "max_bucket_reso")
    assert (line.given, "raised" in line.note) == (False, True)
    assert resolve(nest(made.settings)).config.pictures.bucket_max == 1536


def test_files_that_are_not_there_are_told():
    line = translate({"network_weights": "gone.safetensors"}).lines
    assert any("no such file here" in entry.note for entry in line)


def test_an_unknown_option_is_named_with_the_nearest():
    line = translate({}, {"lerning_rate": 1}).lines[-1]
    assert (line.verdict, line.option, line.value) == ("unknown", "lerning_rate", 1)
    assert "learning_rate" in line.note


def test_an_option_whose_setting_is_not_there_yet_is_missing_not_lost(monkeypatch):
    row = OPTIONS["seed"].__class__(
        name="seed", kind="int", default=None, meaning=Same(setting="train.of_the_future")
    )
    monkeypatch.setitem(OPTIONS, "seed", row)
    made = translate({"seed": 3})
    assert [line.verdict for line in made.lines if line.option == "seed"] == ["missing"]
    assert set(made.settings) <= set(setting_names())


ROUND_TRIPS = [
    {},
    {"train.rank": 8, "train.alpha": 4.0, "train.conv_rank": 4, "train.conv_alpha": 2.0},
    {"train.text_encoder": True, "train.text_encoder_learning_rate": 3e-5},
    {"train.unet": False, "train.text_encoder": True, "train.text_encoder_learning_rate": 1e-5},
    {"train.schedule": "cosine_restarts", "train.restarts": 4, "train.warmup_steps": 20},
    {"train.schedule": "constant", "train.warmup_steps": 20},
    {"train.loss.weighting": "debiased", "train.loss.noise_offset": 0.0357},
    {"train.loss.weighting": "none", "train.loss.type": "huber", "train.loss.huber_c": 0.2},
    {"train.adapter.kind": "loha", "train.adapter.rank_dropout": 0.1},
    {"train.adapter.kind": "lokr", "train.adapter.factor": 4, "train.adapter.decompose": "input"},
    {"train.adapter.kind": "dylora", "train.adapter.unit": 4},
    {"train.blocks.down": "cosine+0.25", "train.blocks.mid": (0.5,)},
    {"train.blocks.ranks": tuple(range(1, 26))},
    {"pictures.resolution": 768, "pictures.bucket_mode": "no_upscale", "pictures.bucket_step": 64},
    {"pictures.resolution": 512, "pictures.bucket_mode": "list", "pictures.bucket_min": 256,
     "pictures.bucket_max": 1024, "pictures.bucket_step": 64},
    {"captions.shuffle": False, "captions.keep_tags": 1, "captions.dropout": 0.1},
    {"machine.precision": "bf16", "train.save_dtype": "bf16", "train.batch_size": 2},
    {"train.private_metadata": True, "model.clip_skip": 2, "train.seed": 0, "train.name": "x"},
    {"train.optimizer": "adafactor", "train.weight_decay": 0.0},
    {"train.optimizer": "prodigy", "train.learning_rate": 1.0, "train.weight_decay": 0.0,
     "train.text_encoder": True, "train.text_encoder_learning_rate": 1.0,
     "train.optimizer_args": {"weight_decouple": True, "d_coef": 2.0}},
    {"train.optimizer": "schedulefree_adamw", "train.schedule": "constant"},
    {"train.optimizer": "bitsandbytes.optim.Lion8bit", "train.weight_decay": 0.0},
    {"train.epochs": 10, "train.accumulate": 4, "train.schedule": "linear",
     "train.warmup_share": 0.1},
    {"train.schedule": "polynomial", "train.schedule_power": 2.0},
    {"train.schedule": "cosine", "train.schedule_floor": 0.1},
    {"train.schedule": "torch.optim.lr_scheduler.StepLR",
     "train.schedule_args": {"step_size": 10}},
    {"train.save_every": 100, "train.keep_last": 3},
    {"train.save_every": 0, "train.save_every_epochs": 2, "train.keep_last": 3},
    {"train.tensorboard": "logs", "pictures.vary_colour": 0.1},
    {"machine.base_format": "fp8", "machine.precision": "bf16", "train.adapter_dtype": "bf16"},
    {"captions.dropout_every_epochs": 3, "captions.dropout": 0.1},
    {"model.vae": "some/vae.safetensors"},
    {"train.adapter.up_rate": 16.0, "train.comment": "for people"},
    {"train.adapter.max_norm": 1.0, "train.adapter.base_adapters": ("a",)},
]  # fmt: skip

FREE = ("pictures.", "draw.", "samples.", "base")
"""Where the two programs differ in what an empty value means; tested with values above."""


@pytest.mark.parametrize("changes", ROUND_TRIPS, ids=str)
def test_settings_survive_the_way_there_and_back(changes):
    config = resolve(nest({"base": "some/base", **changes})).config
    exported = export_options(config)
    back = resolve(nest(translate(exported.options).settings)).config
    before = flatten(config.model_dump(mode="python"))
    after = flatten(back.model_dump(mode="python"))
    # Ours means half of the rate by an empty value, which is written out.
    if before["train.text_encoder_learning_rate"] is None:
        after["train.text_encoder_learning_rate"] = None
    differing = {
        name: (before[name], after[name])
        for name in before
        if before[name] != after[name] and (name in changes or not name.startswith(FREE))
    }
    assert differing == {}
    assert exported.left == ()


def test_settings_without_an_option_are_told():
    config = ProjectConfig.model_validate(nest({"train.loss.base_prior": 0.5,
        "captions.trigger": "hoshi", "captions.variants": 4,
        "machine.base_format": "int8"}))  # fmt: skip
    left = dict(export_options(config).left)
    assert set(left) == {"train.loss.base_prior", "captions.variants", "machine.base_format"}
