import pytest

from enogu.config import parse_assignment, resolve, setting_fields
from enogu.config.presets import BASE_PROFILES, PRESETS
from enogu.errors import ConfigError


def test_defaults_need_no_file():
    resolved = resolve({"base": "somewhere/model.safetensors"})
    assert resolved.config.train.rank == 16
    assert resolved.origins == {"base": "file"}


def test_later_layers_win_and_are_named():
    resolved = resolve({"preset": "quick", "train": {"rank": 4}}, {"train.seed": 7})
    origins = {name: (value, origin) for name, value, origin in resolved.rows()}
    assert origins["train.rank"] == (4, "file")
    assert origins["train.alpha"] == (PRESETS["quick"]["train.alpha"], "preset")
    assert origins["train.learning_rate"] == (
        BASE_PROFILES["mini"]["train.learning_rate"],
        "base",
    )
    assert origins["train.seed"] == (7, "command line")
    assert origins["train.schedule"] == ("cosine", "default")


@pytest.mark.parametrize("values", [*PRESETS.values(), *BASE_PROFILES.values()])
def test_presets_hold_known_settings_with_allowed_values(values):
    resolve({}, values)


@pytest.mark.parametrize(
    ("tables", "assignments", "expected"),
    [
        ({"train": {"rnak": 4}}, {}, r"enogu\.toml: unknown setting train\.rnak; did you mean tr"),
        ({"trian": {"rank": 4}}, {}, r"did you mean train\.rank"),
        ({"rank": 4}, {}, r"did you mean train\.rank"),
        ({}, {"train.rank": 0}, r"--set: train\.rank: .*greater than or equal to 1, got 0"),
        ({"train": {"rank": "many"}}, {}, r"enogu\.toml: train\.rank: .*got 'many'"),
        (
            {"train": {"steps": 5, "warmup_steps": 5}},
            {},
            r"warmup_steps 5 must be below steps",
        ),
        ({"train": {"unet": False, "text_encoder": False}}, {}, r"nothing would be trained"),
        ({"train": {"conv_alpha": 1.0}}, {}, r"set conv_rank as well"),
        ({"preset": "fast"}, {}, r"preset: .*'quick' or 'character'"),
        ({"train": {"loss": {"timestep_min": 9, "timestep_max": 9}}}, {}, "must be below"),
        (
            {"model": {"zero_terminal_snr": "on", "prediction": "epsilon"}},
            {},
            "needs v-prediction",
        ),
        (
            {"pictures": {"alpha_as_mask": True}, "train": {"loss": {"masked": False}}},
            {},
            "masks would be ignored",
        ),
        ({"train": {"learning_rate": float("nan")}}, {}, "finite number"),
        (
            {"train": {"optimizer": "adamww"}},
            {},
            r"unknown optimiser; did you mean adamw or .*\? Known",
        ),
        ({}, {"train.schedule": "cosin"}, r"--set: train\.schedule: .*did you mean cosine"),
        ({"train": {"optimizer_args": {"a": {"b": 1}}}}, {}, r"train\.optimizer_args"),
    ],
)
def test_wrong_settings_are_refused_with_place_and_value(tables, assignments, expected):
    with pytest.raises(ConfigError, match=expected):
        resolve(tables, assignments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.rank=8", ("train.rank", 8)),
        ("train.text_encoder=true", ("train.text_encoder", True)),
        ("captions.trigger=my char", ("captions.trigger", "my char")),
        ("train.targets=['*attn2*']", ("train.targets", ["*attn2*"])),
        ("pictures.resolution=", ("pictures.resolution", None)),
        ("captions.prefix=", ("captions.prefix", "")),
        ("captions.suffix=a=b", ("captions.suffix", "a=b")),
    ],
)
def test_assignments_are_read_as_toml_or_text(text, expected):
    assert parse_assignment(text) == expected


def test_assignment_without_value_or_with_unknown_name_is_refused():
    with pytest.raises(ConfigError, match="needs name=value"):
        parse_assignment("train.rank")
    with pytest.raises(ConfigError, match=r"did you mean train\.steps"):
        parse_assignment("train.step=8")
    with pytest.raises(ConfigError, match=r"train\.loss is a section"):
        parse_assignment("train.loss=8")


def test_every_setting_is_explained():
    assert [name for name, field in setting_fields() if not field.description] == []


def test_a_table_can_be_the_value_of_a_setting():
    arguments = {"betas": [0.9, 0.99], "amsgrad": True}
    from_file = resolve({"train": {"optimizer_args": arguments}})
    assert from_file.config.train.optimizer_args == arguments
    name, value = parse_assignment("train.optimizer_args={betas=[0.9, 0.99], amsgrad=true}")
    assert resolve({}, {name: value}).config.train.optimizer_args == arguments
    shown = {name: (value, origin) for name, value, origin in from_file.rows()}
    assert shown["train.optimizer_args"] == (arguments, "file")
