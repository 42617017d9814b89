import json

import pytest

from enogu.adapters.metadata import (
    MINIMUM_KEYS,
    BaseFacts,
    DataFacts,
    NetworkFacts,
    RunFacts,
    TrainingFacts,
    adapter_metadata,
    bucket_info,
)
from enogu.families import FAMILIES

SECRETS = (
    "mychar",
    "holiday",
    "smile",
    "/home",
    "a note",
    "model-x",
    "ab" * 32,
    "1700000000",
    "777",
)


def facts(family="sd1", prediction="epsilon"):
    return TrainingFacts(
        base=BaseFacts(
            spec=FAMILIES[family],
            prediction=prediction,
            title="model-x",
            content_hash="ab" * 32,
            legacy_hash="0123abcd",
        ),
        network=NetworkFacts(rank=16, alpha=8.0, conv_rank=4, conv_alpha=1.0),
        run=RunFacts(
            output_name="mychar-v1",
            session_id=777,
            training_started_at=1699999000.5,
            training_finished_at=1700000000.0,
            steps=400,
            max_train_steps=800,
            seed=777,
            learning_rate=1e-4,
            unet_lr=1e-4,
            optimizer="torch.optim.adamw.AdamW(weight_decay=0.01)",
            min_snr_gamma=5.0,
            clip_skip=2,
            training_comment="a note from /home/me",
        ),
        data=DataFacts(
            resolution=(512, 768),
            dataset_dirs={"10_holiday": {"n_repeats": 10, "img_count": 3}},
            bucket_info=bucket_info({(512, 512): 2, (448, 576): 1}),
            tag_frequency={"10_holiday": {"smile": 3, "絵": 1}},
        ),
        trigger="mychar",
        timestep_range=(0, 1000),
    )


def test_values_are_strings_as_python_prints_them():
    metadata = adapter_metadata(facts())
    assert all(isinstance(value, str) for value in metadata.values())
    expected = {
        "ss_v2": "False",
        "ss_base_model_version": "sd_v1",
        "ss_network_module": "networks.lora",
        "ss_network_dim": "16",
        "ss_network_alpha": "8.0",
        "ss_network_args": '{"conv_dim": "4", "conv_alpha": "1.0"}',
        "ss_text_encoder_lr": "None",
        "ss_cache_latents": "True",
        "ss_gradient_checkpointing": "False",
        "ss_learning_rate": "0.0001",
        "ss_min_snr_gamma": "5.0",
        "ss_clip_skip": "2",
        "ss_resolution": "(512, 768)",
        "ss_steps": "400",
        "ss_training_started_at": "1699999000.5",
        "ss_sd_model_name": "model-x",
        "ss_sd_model_hash": "0123abcd",
        "ss_new_sd_model_hash": "ab" * 32,
        "ss_zero_terminal_snr": "False",
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": "stable-diffusion-v1/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.prediction_type": "epsilon",
        "modelspec.resolution": "512x768",
        "modelspec.title": "mychar-v1",
        "modelspec.date": "2023-11-14T22:13:20+00:00",
        "modelspec.trigger_phrase": "mychar",
        "modelspec.timestep_range": "0,1000",
        "modelspec.encoder_layer": "2",
    }
    assert {key: metadata.get(key) for key in expected} == expected
    assert list(metadata) == sorted(metadata)


def test_folders_tags_and_buckets_are_json():
    metadata = adapter_metadata(facts())
    assert json.loads(metadata["ss_tag_frequency"]) == {"10_holiday": {"smile": 3, "絵": 1}}
    assert "絵" in metadata["ss_tag_frequency"]
    assert json.loads(metadata["ss_dataset_dirs"])["10_holiday"]["img_count"] == 3
    assert json.loads(metadata["ss_reg_dataset_dirs"]) == {}
    assert json.loads(metadata["ss_bucket_info"])["buckets"] == {
        "0": {"resolution": [448, 576], "count": 1},
        "1": {"resolution": [512, 512], "count": 2},
    }


@pytest.mark.parametrize(
    ("family", "prediction", "version", "architecture", "kind"),
    [
        ("sd1", "v_prediction", "sd_v1_v", "stable-diffusion-v1/lora", "v"),
        ("sd2", "epsilon", "sd_v2", "stable-diffusion-v2-512/lora", "epsilon"),
        ("sd2", "v_prediction", "sd_v2_v", "stable-diffusion-v2-768-v/lora", "v"),
        ("sdxl", "epsilon", "sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora", "epsilon"),
        ("sdxl", "v_prediction", "sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora", "v"),
    ],
)
def test_base_versions(family, prediction, version, architecture, kind):
    metadata = adapter_metadata(facts(family, prediction))
    assert metadata["ss_base_model_version"] == version
    assert metadata["ss_v2"] == str(family == "sd2")
    assert metadata["modelspec.architecture"] == architecture
    assert metadata["modelspec.prediction_type"] == kind
    assert ("generative-models" in metadata["modelspec.implementation"]) == (family == "sdxl")


def test_private_files_say_only_what_loading_needs():
    metadata = adapter_metadata(facts(), private=True)
    assert {key for key in metadata if key.startswith("ss_")} == set(MINIMUM_KEYS)
    text = json.dumps(metadata, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in text] == []
    assert metadata["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert metadata["modelspec.resolution"] == "512x512"


def test_every_file_has_the_minimum():
    bare = TrainingFacts(
        base=BaseFacts(spec=FAMILIES["sd1"], prediction="epsilon", title="b"),
        network=NetworkFacts(rank=4, alpha=4),
        run=RunFacts(output_name="a"),
    )
    metadata = adapter_metadata(bare)
    assert set(MINIMUM_KEYS) <= metadata.keys()
    assert metadata["ss_network_args"] == "{}"
    assert "ss_new_sd_model_hash" not in metadata
    assert "modelspec.date" not in metadata
