"""The table of subjects names what is there."""

import re
from pathlib import Path

import pytest

from enogu.cli import app
from enogu.config import setting_names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "every-subject.md"

SUBJECTS = """
Image processing; Trimming; Background removal; White background; Object detection; Aspect ratio
bucketing; Captions and config file; Caption style; Tag editing; Putting a tag in front of captions;
class_tokens; Trigger word; Captions for a style; Captions for a character; keep_tokens; VRAM
reduction; mixed_precision; xformers; gradient_checkpointing, gradient_accumulation_steps;
Data augmentation; Overfitting
prevention; Training; fp16 and bf16; Sample output; Choosing the training method; Repeats and
epochs; network_dim; dim_from_weights, network_weights; network_alpha, base_weights; min_snr_gamma;
debiased_estimation; zero_terminal_snr; v_parameterization; noise_offset; Learning rate; Scheduler;
Optimiser; Block-wise learning rate; Speed-up; Memory-saving settings; logging_dir; SDXL;
Verification; Resuming; Viewing metadata
"""


def rows():
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "subject":
            yield cells


def commands(group=app, words=()):
    found = set()
    for name in (entry for entry in group if not entry.startswith("-")):
        inner = commands(group[name], (*words, name))
        found |= inner or {" ".join((*words, name))}
    return found


def test_every_subject_has_its_row_and_every_row_is_a_subject():
    subjects = {" ".join(subject.split()) for subject in SUBJECTS.split(";")}
    assert sorted(row[0] for row in rows()) == sorted(subjects)


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0])
def test_each_row_names_settings_and_commands_that_exist_or_a_reason(row):
    subject, where, _ = row
    named = re.findall(r"`([^`]+)`", where)
    settings = [name for name in named if not name.startswith("enogu ")]
    called = [name.removeprefix("enogu ") for name in named if name.startswith("enogu ")]
    assert set(settings) <= set(setting_names()), subject
    assert set(called) <= commands(), subject
    assert named or where.startswith("Not here: "), subject


def test_settings_and_commands_in_the_explanations_exist_too():
    for subject, _, how in rows():
        for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", how):
            assert name in setting_names(), f"{subject}: {name}"
        for name in re.findall(r"`enogu ([a-z ]+)`", how):
            assert name in commands(), f"{subject}: enogu {name}"
