"""Every row of the table of conflicts has a case that is refused, and one step away none is."""

import pytest

from enogu.config import CONFLICTS, Known, ProjectConfig, find_conflicts, resolve, setting_names
from enogu.errors import ConfigError

LOSS = "train.loss."
ADAPTER = "train.adapter."
EPSILON = Known(prediction="epsilon")
V = Known(prediction="v_prediction")

CASES = {
    "zero-snr-needs-v": [
        ({"model.zero_terminal_snr": "on", "model.prediction": "epsilon"}, Known()),
        ({"model.zero_terminal_snr": "on"}, EPSILON),
    ],
    "v-scale-needs-v": [({LOSS + "scale_v_pred_loss_like_noise_pred": True}, EPSILON)],
    "v-like-needs-epsilon": [
        ({LOSS + "v_pred_like_loss": 0.1}, V),
        ({LOSS + "v_pred_like_loss": 0.1, "model.prediction": "v_prediction"}, Known()),
    ],
    "timestep-range-is-empty": [({LOSS + "timestep_min": 9, LOSS + "timestep_max": 9}, Known())],
    "timestep-range-beyond-base": [({LOSS + "timestep_max": 600}, Known(num_timesteps=500))],
    "huber-scale-without-reader": [
        ({LOSS + "type": "huber", LOSS + "huber_scale": 2.0}, Known()),
    ],
    "offset-options-without-offset": [
        ({LOSS + "noise_offset_random_strength": True}, Known()),
        ({LOSS + "adaptive_noise_scale": 0.1}, Known()),
    ],
    "offset-with-zero-snr": [
        ({LOSS + "noise_offset": 0.1}, Known(zero_terminal_snr=True)),
        ({LOSS + "multires_noise_iterations": 6, "model.zero_terminal_snr": "on"}, V),
    ],
    "offset-with-multires": [
        ({LOSS + "noise_offset": 0.1, LOSS + "multires_noise_iterations": 6}, Known()),
    ],
    "perturbation-without-strength": [({LOSS + "ip_noise_gamma_random_strength": True}, Known())],
    "masks-that-are-ignored": [
        ({"pictures.alpha_as_mask": True, LOSS + "masked": False}, Known()),
        ({LOSS + "masked_prior": 1.0, LOSS + "masked": False}, Known()),
    ],
    "base-prior-without-trigger": [({LOSS + "base_prior": 1.0}, Known())],
    "two-priors": [
        (
            {
                LOSS + "base_prior": 1.0,
                "pictures.regularisation": "reg",
                "captions.trigger": "hoshi",
            },
            Known(),
        ),
    ],
    "nothing-is-trained": [({"train.unet": False}, Known())],
    "warm-up-without-end": [({"train.steps": 5, "train.warmup_steps": 5}, Known())],
    "conv-alpha-without-rank": [({"train.conv_alpha": 1.0}, Known())],
    "factor-as-step-size": [
        ({"train.optimizer": "prodigy", "train.learning_rate": 1e-4}, Known()),
        ({"train.optimizer": "prodigyopt.Prodigy", "train.learning_rate": 1e-4}, Known()),
    ],
    "step-size-as-factor": [({"train.optimizer": "adamw", "train.learning_rate": 1.0}, Known())],
    "two-rates-for-one-size": [
        (
            {
                "train.optimizer": "dadapt_adam",
                "train.learning_rate": 1.0,
                "train.text_encoder_learning_rate": 0.5,
            },
            Known(),
        ),
        (
            {
                "train.optimizer": "prodigy",
                "train.learning_rate": 1.0,
                "train.text_encoder_2_learning_rate": 0.5,
            },
            Known(),
        ),
        (
            {
                "train.optimizer": "prodigy",
                "train.learning_rate": 1.0,
                ADAPTER + "up_rate": 16.0,
            },
            Known(),
        ),
        (
            {
                "train.optimizer": "prodigy",
                "train.learning_rate": 1.0,
                "train.blocks.down": "sine",
            },
            Known(),
        ),
    ],
    "schedule-free-with-schedule": [({"train.optimizer": "schedulefree_adamw"}, Known())],
    "schedule-free-with-ema": [
        (
            {
                "train.optimizer": "schedulefree_adamw",
                "train.schedule": "constant",
                "train.ema": 0.99,
            },
            Known(),
        ),
    ],
    "eight-bit-without-cuda": [({"train.optimizer": "adamw8bit"}, Known(device="cpu"))],
    "two-warm-ups": [({"train.warmup_steps": 5, "train.warmup_share": 0.1}, Known())],
    "warm-up-that-is-ignored": [
        (
            {
                "train.schedule": "torch.optim.lr_scheduler.StepLR",
                "train.warmup_steps": 5,
            },
            Known(),
        ),
    ],
    "arguments-without-class": [({"train.schedule_args": {"gamma": 0.9}}, Known())],
    "power-without-polynomial": [({"train.schedule_power": 2.0}, Known())],
    "floor-without-fall": [
        ({"train.schedule": "constant", "train.schedule_floor": 0.1}, Known()),
    ],
    "two-clippings": [({"train.max_grad_value": 0.5}, Known())],
    "lokr-options-of-others": [
        ({ADAPTER + "factor": 8}, Known()),
        ({ADAPTER + "full_matrix": True, ADAPTER + "kind": "loha"}, Known()),
    ],
    "lokr-whole-and-split": [
        (
            {
                ADAPTER + "kind": "lokr",
                ADAPTER + "full_matrix": True,
                ADAPTER + "decompose_both": True,
            },
            Known(),
        ),
    ],
    "dylora-that-cannot-be-cut": [
        ({ADAPTER + "kind": "dylora", ADAPTER + "decompose": "output"}, Known()),
        (
            {ADAPTER + "kind": "dylora", ADAPTER + "mid": True, "train.conv_rank": 4},
            Known(),
        ),
    ],
    "dylora-unit": [
        ({ADAPTER + "unit": 4}, Known()),
        ({ADAPTER + "kind": "dylora", ADAPTER + "unit": 4, "train.rank": 10}, Known()),
    ],
    "dropout-without-middle": [({ADAPTER + "kind": "loha", ADAPTER + "dropout": 0.1}, Known())],
    "up-rate-without-up": [
        ({ADAPTER + "kind": "loha", ADAPTER + "up_rate": 16.0}, Known()),
    ],
    "mid-without-convolutions": [({ADAPTER + "mid": True}, Known())],
    "sizes-without-file": [({ADAPTER + "start_sizes": True}, Known())],
    "weights-without-adapters": [({ADAPTER + "base_adapter_weights": (1.0,)}, Known())],
    "blocks-without-unet": [
        (
            {"train.unet": False, "train.text_encoder": True, "train.blocks.down": "sine"},
            Known(),
        ),
    ],
    "conv-blocks-without-rank": [({"train.blocks.conv_ranks": (4,) * 25}, Known())],
    "text-options-without-text": [
        ({"train.text_encoder": False, "train.text_encoder_stop": 10}, Known()),
        ({"train.text_encoder": False, "train.text_encoder_2_learning_rate": 1e-4}, Known()),
    ],
    "text-stop-after-the-end": [
        ({"train.text_encoder": True, "train.steps": 5, "train.text_encoder_stop": 5}, Known()),
    ],
    "rounds-that-do-not-add-up": [
        ({"train.rounds": 2, ADAPTER + "kind": "loha"}, Known()),
        ({"train.rounds": 2, ADAPTER + "decompose": "output"}, Known()),
        ({"train.rounds": 2, ADAPTER + "mid": True, "train.conv_rank": 4}, Known()),
        ({"train.rounds": 2, ADAPTER + "start": "a.safetensors"}, Known()),
    ],
    "rounds-that-hold-the-base": [
        ({"train.rounds": 2, LOSS + "base_prior": 1.0, "captions.trigger": "hoshi"}, Known()),
        ({"train.rounds": 2, LOSS + "masked_prior": 1.0}, Known()),
    ],
    "rounds-without-steps": [
        ({"train.rounds": 3, "train.steps": 2}, Known()),
        ({"train.rounds": 3, "train.steps": 30, "train.warmup_steps": 10}, Known()),
    ],
    "keep-every-without-last": [({"train.keep_every": 2}, Known())],
    "bounds-without-reader": [
        ({"pictures.bucket_mode": "no_upscale", "pictures.bucket_max": 1024}, Known()),
    ],
    "longest-side-below-one-and-a-half": [
        ({"pictures.bucket_max": 1024}, Known(resolution=1024)),
        ({"pictures.bucket_max": 700, "pictures.resolution": 512}, Known()),
    ],
    "prefix-is-shuffled": [({"captions.prefix": "best quality, hoshi,"}, Known())],
    "subset-outside": [({"pictures.subsets": [{"folder": "elsewhere/10_star"}]}, Known())],
    "subset-twice": [
        ({"pictures.subsets": [{"folder": "pictures/a"}, {"folder": "pictures\\a/"}]}, Known())
    ],
    "trigger-of-the-general-class": [
        (
            {
                "pictures.subsets": [
                    {"folder": "pictures/a", "regularisation": True, "trigger": "hoshi"}
                ]
            },
            Known(),
        )
    ],
    "offload-on-a-cpu": [({"machine.offload": 0.5}, Known(device="cpu"))],
    "fp8-on-apple": [({"machine.base_format": "fp8"}, Known(device="mps"))],
    "schedule-free-in-bf16": [
        (
            {
                "train.adapter_dtype": "bf16",
                "train.optimizer": "schedulefree_adamw",
                "train.schedule": "constant",
            },
            Known(),
        )
    ],
    "gpus-on-apple": [({"machine.gpus": 2}, Known(device="mps"))],
    "park-without-samples": [({"machine.park": True, "samples.every": 0}, Known())],
    "two-held-outs": [({"validation.share": 0.1, "validation.folder": "held"}, Known())],
    "patience-without-held-out": [({"validation.patience": 3}, Known())],
    "held-out-is-trained": [
        ({"validation.folder": "pictures/held"}, Known()),
        ({"validation.folder": "reg", "pictures.regularisation": "reg"}, Known()),
    ],
}
"""For each row: settings that it refuses, with what is known of the base."""

FINE = [
    ({"train.optimizer": "prodigy", "train.learning_rate": 1.0}, Known()),
    (
        {
            "train.optimizer": "prodigy",
            "train.learning_rate": 1.0,
            "train.blocks.mid": (0.0,),
        },
        Known(),
    ),
    ({"train.optimizer": "schedulefree_adamw", "train.schedule": "constant"}, Known()),
    ({"train.optimizer": "adamw8bit"}, Known(device="cuda")),
    ({"train.epochs": 3, "train.warmup_steps": 2000}, Known()),
    ({"train.rounds": 3, "train.steps": 33, "train.warmup_steps": 10}, Known()),
    ({"train.rounds": 3, ADAPTER + "base_adapters": ("a",), "train.conv_rank": 4}, Known()),
    ({"train.max_grad_norm": 0.0, "train.max_grad_value": 0.5}, Known()),
    ({"pictures.bucket_max": 1536}, Known(resolution=1024)),
    ({"pictures.bucket_max": 1024, "pictures.bucket_min": 1024}, Known(resolution=1024)),
    ({"captions.prefix": "best quality, hoshi,", "captions.keep_tags": 2}, Known()),
    ({"validation.share": 0.1, "validation.patience": 3}, Known()),
    ({"validation.folder": "pictures-held", "validation.patience": 3}, Known()),
    ({"model.zero_terminal_snr": "on"}, V),
    ({LOSS + "scale_v_pred_loss_like_noise_pred": True}, V),
    ({LOSS + "v_pred_like_loss": 0.1}, EPSILON),
    ({LOSS + "type": "huber", LOSS + "huber_schedule": "constant", LOSS + "huber_scale": 2}, V),
    ({LOSS + "noise_offset": 0.1, LOSS + "adaptive_noise_scale": 0.1}, EPSILON),
    ({LOSS + "multires_noise_iterations": 6}, EPSILON),
    ({LOSS + "base_prior": 1.0, "captions.trigger": "hoshi"}, EPSILON),
    ({ADAPTER + "kind": "lokr", ADAPTER + "factor": 8, ADAPTER + "decompose": "input"}, V),
    ({ADAPTER + "kind": "dylora", ADAPTER + "unit": 4, ADAPTER + "dropout": 0.1}, V),
    ({ADAPTER + "mid": True, "train.conv_rank": 4, "train.blocks.conv_ranks": (4,) * 25}, V),
    ({"train.text_encoder": True, "train.steps": 9, "train.text_encoder_stop": 5}, V),
]

_NOT_A_BASE = {"base": "somewhere/model.safetensors"}


def unchecked(assignments):
    """Build settings without the check of the whole, to ask the table itself."""
    sections = {}
    for name, value in assignments.items():
        node = sections
        *parents, last = name.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    fields = ProjectConfig.model_fields
    return ProjectConfig.model_construct(
        **{name: fields[name].annotation(**values) for name, values in sections.items()}
    )


def test_every_row_has_a_case_and_every_case_a_row():
    assert list(CASES) == [row.name for row in CONFLICTS]


def test_rows_name_settings_that_exist():
    unknown = [name for row in CONFLICTS for name in row.settings if name not in setting_names()]
    assert unknown == []


@pytest.mark.parametrize(
    ("row", "settings", "known"),
    [(row, *case) for row in CONFLICTS for case in CASES[row.name]],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_case_is_refused_by_its_row_and_names_a_setting(row, settings, known):
    message = row.check(unchecked(settings), known)
    assert message
    assert any(name.rsplit(".", 1)[-1] in message for name in row.settings), message
    assert message in find_conflicts(unchecked(settings), known)


@pytest.mark.parametrize(("settings", "known"), [({}, Known()), ({}, EPSILON), ({}, V), *FINE])
def test_settings_that_fit_together_have_no_conflict(settings, known):
    assert find_conflicts(unchecked(settings), known) == []


def test_a_conflict_inside_one_folder_names_the_folder_and_is_told_once():
    inside = {"folder": "pictures/tall", "resolution": 512, "bucket_max": 600}
    found = find_conflicts(unchecked({"pictures.subsets": [inside]}))
    assert len(found) == 1
    assert found[0].startswith("pictures.subsets, folder 'pictures/tall': pictures.bucket_max 600")
    same = find_conflicts(
        unchecked({"captions.prefix": "one,", "pictures.subsets": [{"folder": "pictures/tall"}]})
    )
    assert len(same) == 1


def test_a_folder_of_regularisation_pictures_is_a_prior_too():
    settings = {
        LOSS + "base_prior": 1.0,
        "captions.trigger": "hoshi",
        "pictures.subsets": [{"folder": "pictures/a", "regularisation": True}],
    }
    assert any("both hold" in message for message in find_conflicts(unchecked(settings)))


def test_all_conflicts_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        resolve(_NOT_A_BASE | {"train": {"unet": False, "conv_alpha": 1.0}})
    lines = caught.value.message.splitlines()
    assert [line.split(" ", 2)[1] for line in lines] == ["train.unet", "train.conv_alpha"]
    assert all(line.startswith("enogu.toml: ") for line in lines)
