import pytest

from enogu.config.kohya import read_kohya
from enogu.errors import ConfigError

SHELL = r"""#!/bin/bash
# train_network.py --network_dim 99
MODEL="/models/a b.safetensors"   # the base
NAME=star
export EXTRA="--xformers --seed 7"
accelerate launch --num_cpu_threads_per_process 1 "./train_network.py" \
  --pretrained_model_name_or_path="$MODEL" --output_name ${NAME}-lora \
  --network_dim 16 --network_args "conv_dim=4" "conv_alpha=1" $EXTRA \
  --output_dir ${OUT:-out} --training_comment 'costs $5' && echo done
"""

BATCH = (
    '@echo off\r\nrem train_network.py\r\nset "M=C:\\models\\a b.safetensors"\r\nset N=%M%\r\n'
    "accelerate launch ^\r\n  sdxl_train_network.py ^\r\n"
    '  --pretrained_model_name_or_path="%N%" --network_dim=8 ^\r\n --sdpa\r\npause\r\n'
)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def made(name, text):
        (tmp_path / name).write_bytes(text.encode())
        return name

    return made


def test_a_shell_script_is_read_with_its_variables(write):
    found = read_kohya([write("train.sh", SHELL)]).reading
    assert found.unknown == {}
    assert found.values == {
        "pretrained_model_name_or_path": "/models/a b.safetensors",
        "output_name": "star-lora",
        "network_dim": 16,
        "network_args": ["conv_dim=4", "conv_alpha=1"],
        "xformers": True,
        "seed": 7,
        "output_dir": "out",
        "training_comment": "costs $5",
    }
    assert any("launcher" in note for note in found.notes)


def test_a_batch_file_is_read_with_its_variables(write):
    found = read_kohya([write("train.bat", BATCH)]).reading
    assert found.values == {
        "pretrained_model_name_or_path": "C:\\models\\a b.safetensors",
        "network_dim": 8,
        "sdpa": True,
    }


def test_plain_text_of_options_alone_is_read(write):
    found = read_kohya([write("options.txt", "--network_dim 4\\\n --flip_aug\n")]).reading
    assert found.values == {"network_dim": 4, "flip_aug": True}


def test_a_settings_file_may_have_headings_and_unknown_names(write):
    text = 'seed = 1\n[optimizer]\nlearning_rate = 1e-4\nodd = "x"\n[net]\nnetwork_args = ["a=1"]\n'
    found = read_kohya([write("config.toml", text)]).reading
    assert found.values == {"seed": 1, "learning_rate": 1e-4, "network_args": ["a=1"]}
    assert found.unknown == {"odd": "x"}


def test_the_command_line_wins_over_the_file_it_names(write):
    write("config.toml", "network_dim = 4\nseed = 1\n")
    found = read_kohya(
        ["train_network.py", "--config_file", "config", "--network_dim", "8"]
    ).reading
    assert (found.values["network_dim"], found.values["seed"]) == (8, 1)


def test_a_data_set_is_told_by_its_tables_or_by_its_option(write, tmp_path):
    write("data.toml", "[[datasets]]\n")
    assert read_kohya(["data.toml"]).dataset is not None
    named = read_kohya(["--dataset_config", "data.toml"])
    assert named.dataset == tmp_path / "data.toml"


def test_a_shortened_option_is_understood_and_told(write):
    found = read_kohya(["--debiased_estimation", "--network_dim=3"]).reading
    assert found.values["debiased_estimation_loss"] is True
    assert any("short for --debiased_estimation_loss" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.sh", "train_network.py --seed $SEED\n", r"a.sh, line 1: \$SEED is not set"),
        ("a.sh", "\ntrain_network.py --seed $(date)\n", r"line 2: .*other programs"),
        ("a.sh", 'train_network.py --output_name "a\n', "quote is not closed"),
        ("a.sh", "echo hello\n", "holds no call"),
        ("a.sh", "train_network.py --seed 1\ntrain_network.py --seed 2\n", "lines 1, 2"),
        ("a.sh", "train_db.py --seed 1\n", "trains whole models"),
        ("a.sh", "flux_train_network.py --seed 1\n", "FLUX"),
        ("a.bat", "train_network.py --seed %SEED%\n", "line 1: %SEED% is not set"),
        ("a.txt", "--seed one\n", "seed must be a number, got 'one'"),
        ("a.txt", "--seed 1.5\n", "seed must be a whole number"),
        ("a.txt", "--seed\n", "--seed needs a value"),
        ("a.txt", "--text_encoder_lr 1 high\n", "text_encoder_lr must be a number"),
        ("a.txt", "--save_every 3\n", "may be --save_every_n_epochs, --save_every_n_steps"),
        ("a.toml", 'flip_aug = "yes"\n', "flip_aug must be true or false"),
        ("a.toml", "seed = \n", "not valid TOML"),
        ("a.toml", 'config_file = "b"\ndataset_config = "none.toml"', "none.toml.*not there"),
        ("a.json", "{}", "graphical front end"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(write, name, text, message):
    with pytest.raises(ConfigError, match=message):
        read_kohya([write(name, text)])


def test_files_of_other_kinds_are_refused_and_programs_are_not(write):
    with pytest.raises(ConfigError, match="not read"):
        read_kohya([write("train.ps1", "x")])
    write("train_network.py", "")
    assert read_kohya(["train_network.py", "--seed", "1"]).reading.values == {"seed": 1}


def test_paths_of_windows_are_found_here(write, tmp_path):
    (tmp_path / "a b").mkdir()
    write("a b/x.txt", "")
    found = read_kohya(["--seed", "1"])
    assert found.find("a b\\x.txt") == str(tmp_path / "a b" / "x.txt")
    assert found.find("C:\\none\\x.txt") is None
    assert found.find("") is None


def test_calls_without_a_script_or_without_anything_are_refused(write):
    with pytest.raises(ConfigError, match="no call of"):
        read_kohya(["accelerate", "launch"])
    with pytest.raises(ConfigError, match="no file and no command"):
        read_kohya([])
    with pytest.raises(ConfigError, match="no such file"):
        read_kohya(["none.toml"])
    with pytest.raises(ConfigError, match="--config_file names"):
        read_kohya(["--config_file", "none"])
