import shutil

import pytest
import torch

from enogu.families.load import load_base
from enogu.frozen import pack_frozen
from enogu.train.adapter import attach_adapter
from enogu.train.forecast import forecast
from enogu.train.plan import block_rows, make_plan, plan_as_dict
from enogu.train.setup import open_setup


def test_forecast_grows_with_batch_and_rank(make_project):
    small = forecast(open_setup(make_project()))
    wide = forecast(open_setup(make_project(train__rank=8)))
    many = forecast(open_setup(make_project(train__batch_size=4)))
    assert wide.trained_parameters == 2 * small.trained_parameters
    assert wide.adapter_bytes == wide.trained_parameters * 16
    assert many.activations_bytes > small.activations_bytes
    assert small.peak_bytes > small.weights_bytes + small.activations_bytes


def test_checkpointing_lowers_the_forecast(make_project):
    plain = forecast(open_setup(make_project()))
    checkpointed = forecast(open_setup(make_project(train__gradient_checkpointing=True)))
    assert checkpointed.activations_bytes < 0.7 * plain.activations_bytes


def test_trained_parameters_are_those_of_the_real_adapter(make_project):
    project = make_project(train__text_encoder=True)
    expected = forecast(open_setup(project)).trained_parameters
    adapter = attach_adapter(load_base("mini"), project.resolved.config)
    assert expected == sum(value.numel() for value in adapter.parameters())


def test_plan_counts_buckets_and_warns(make_project):
    plan = make_plan(open_setup(make_project(train__steps=2000, captions__trigger="")))
    assert sum(row.pictures for row in plan.buckets) == 5
    assert sum(row.batches for row in plan.buckets) == plan.setup.feed.batches_per_epoch
    text = "\n".join(plan.warnings)
    assert "no trigger word" in text
    assert "often copies" in text
    values = plan_as_dict(plan)
    assert values["epochs"] == pytest.approx(2000 / plan.setup.feed.batches_per_epoch, abs=0.01)


def test_plan_names_what_is_wrong_in_the_regularisation_folder(make_project, drawings):
    project = make_project()
    folder = project.root / "regularisation"
    folder.mkdir()
    shutil.copy(next(drawings.glob("*.png")), folder / "good.png")
    (folder / "broken.png").write_bytes(b"")
    plan = make_plan(open_setup(make_project(pictures__regularisation="regularisation")))
    assert [entry.path.name for entry in plan.setup.prepared.refused] == ["broken.png"]
    assert "files that could not be used: 1; the list says why" in plan.warnings
    assert plan_as_dict(plan)["refused"]


def test_second_layout_of_frozen_weights_is_counted(make_project):
    setup = open_setup(make_project(machine__precision="fp32"))
    base = load_base("mini", dtype=torch.float32, parts=("unet",))
    attach_adapter(base, setup.config)
    report = pack_frozen(base.unet, dtype=torch.float32)
    assert forecast(setup).layout_bytes == report.backward_bytes


def test_the_plan_counts_the_layers_of_each_block(make_project):
    setup = open_setup(make_project())
    labels = [row.label for row in block_rows(setup)]
    count = sum(label.startswith("IN") for label in labels)
    rates = tuple([1.0, *[0.0] * (count - 2), 0.5])
    rows = block_rows(open_setup(make_project(train__blocks__down=rates)))
    by_label = {row.label: row for row in rows}
    assert by_label["IN01"].layers == 0 and by_label["IN01"].ranks == ()
    last = by_label[f"IN{count - 1:02d}"]
    assert last.rate == 0.5
    assert by_label["MID"].layers > 0 and by_label["MID"].ranks == (4,)
    assert sum(row.parameters for row in rows) < sum(row.parameters for row in block_rows(setup))
