import re

import pytest
from tests.train.conftest import FAST

from enogu.config import parse_memory, resolve
from enogu.errors import ConfigError
from enogu.frozen import StoredLinear
from enogu.pictures.buckets import BucketSize
from enogu.project import create_project, open_project
from enogu.train.events import read_events
from enogu.train.fit import WAYS, fit_into_memory, with_settings
from enogu.train.forecast import PROCESS_BYTES, forecast, held_while_training, vae_work_bytes
from enogu.train.session import train_project
from enogu.train.setup import open_setup

MIB = 1 << 20


LARGE = {"pictures.resolution": 256, "samples.every": 2}


@pytest.fixture(scope="module")
def large(tmp_path_factory, drawings):
    """Make a setup whose activations are most of what it needs."""
    root = tmp_path_factory.mktemp("large") / "star"
    create_project(root, drawings)

    def make(**settings):
        changes = FAST | LARGE | {key.replace("__", "."): v for key, v in settings.items()}
        return open_setup(open_project(root, changes))

    return make


@pytest.fixture(scope="module")
def whole(large):
    """What it needs when nothing is switched on."""
    return forecast(large())


@pytest.fixture(scope="module")
def fit(large, whole):
    """The same in less memory, for which three things must be switched on."""
    return fit_into_memory(large(machine__memory=name_of(whole.peak_bytes - 60 * MIB)))


def name_of(size_bytes):
    return f"{size_bytes // MIB}MB"


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GB", 8 << 30), ("6.5 GiB", 13 << 29), ("900MB", 900 << 20), ("12g", 12 << 30)],
)
def test_sizes_are_read(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["8", "lots", "8TB", "-8GB", "100MB", "8 GB extra"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match=r"machine\.memory"):
        resolve({}, {"machine.memory": text})


def test_nothing_is_switched_on_where_it_fits(large, whole):
    fit = fit_into_memory(large(machine__memory="64GB"))
    assert fit.measures == ()
    assert fit_into_memory(large()).forecast == whole


def test_ways_are_tried_in_order_until_the_run_fits(fit):
    assert fit.forecast.peak_bytes <= fit.budget_bytes
    order = [dict(way.changes) for way in WAYS]
    places = [order.index(dict(measure.settings)) for measure in fit.measures]
    assert places == sorted(places) and places
    # Undoing the last one breaks the budget again: no more was switched on than needed.
    undone = {"machine.park": False, "machine.vae_tiling": False, "machine.precision": "fp32"} | {
        "train.gradient_checkpointing": False,
        "machine.base_format": "full",
    }
    last = {name: undone[name] for name in fit.measures[-1].settings}
    assert forecast(with_settings(fit.setup, last)).peak_bytes > fit.budget_bytes


def test_what_is_switched_on_says_what_it_saves_and_costs(whole, fit):
    saved = [measure.saved_bytes for measure in fit.measures]
    assert sum(saved) == whole.peak_bytes - fit.forecast.peak_bytes
    assert all(measure.costs and measure.does for measure in fit.measures) and min(saved) > 0


def test_checkpointing_takes_half_as_long_again(large, whole):
    again = forecast(large(train__gradient_checkpointing=True))
    assert again.seconds_per_step == pytest.approx(1.5 * whole.seconds_per_step, rel=0.02)


def test_a_budget_that_cannot_be_met_names_the_nearest_that_can(large):
    with pytest.raises(ConfigError, match=r"machine.memory is 300MB, but .* needs") as caught:
        fit_into_memory(large(machine__memory="300MB"))
    nearest = re.search(r"--memory (\S+)", caught.value.hint).group(1)
    assert "train.batch_size (now 2)" in caught.value.hint
    assert fit_into_memory(large(machine__memory=nearest)).measures


def test_parked_parts_are_not_counted_while_training(large):
    assert held_while_training(large()) == ["vae", "text_encoders"]
    assert held_while_training(large(machine__park=True)) == []
    assert held_while_training(large(machine__park=True, train__text_encoder=True)) == [
        "text_encoders"
    ]


def test_a_run_in_less_memory_draws_samples_and_says_what_was_switched_on(make_project):
    project = make_project(
        machine__park=True, machine__base_format="int8", samples__every=6, samples__steps=2
    )
    result = train_project(project)
    assert result.outcome == "finished"
    assert len(list(result.run.samples_dir.glob("step-000006-*.png"))) >= 2
    (start,) = [e for e in read_events(result.run.events_path) if e["event"] == "start"]
    assert start["memory_settings"] == {}


def test_parked_samples_are_those_of_held_parts(make_project):
    pictures = []
    for name, parked in (("held", False), ("parked", True)):
        project = make_project(name, machine__park=parked, samples__every=6, samples__steps=2)
        result = train_project(project)
        files = sorted(result.run.samples_dir.glob("*.png"))
        pictures.append({file.name.replace("held", "parked"): pixels(file) for file in files})
    assert pictures[0] == pictures[1]


def pixels(file):
    from PIL import Image

    return Image.open(file).tobytes()


def test_the_unet_is_held_short_where_the_settings_say_so(make_project, monkeypatch):
    from enogu.train import session

    seen = []
    hold = session.hold_unet

    def watched(base, settings, device):
        report = hold(base, settings, device)
        seen.append((report, sum(type(m) is StoredLinear for m in base.unet.modules())))
        return report

    monkeypatch.setattr(session, "hold_unet", watched)
    train_project(make_project(machine__base_format="int8", train__steps=1))
    ((report, count),) = seen
    assert count > 10
    assert report.device_bytes < 0.35 * report.plain_bytes


def test_short_weights_lower_the_forecast_by_what_they_save(make_project):
    plain = forecast(open_setup(make_project()))
    short = forecast(open_setup(make_project(machine__base_format="int8")))
    assert short.weights_bytes < 0.4 * plain.weights_bytes
    # oneDNN's second layout of the whole weights is not made any more.
    assert short.layout_bytes < plain.layout_bytes
    # On a CPU the weights are there whole while they are shortened.
    assert short.peak_bytes > plain.weights_bytes + PROCESS_BYTES
    assert short.activations_bytes <= plain.activations_bytes


@pytest.mark.parametrize("decode", [False, True])
def test_tiles_bound_what_the_vae_needs_for_large_pictures(make_project, decode):
    def work(side, tiling):
        setup = open_setup(make_project(machine__vae_tiling=tiling))
        return vae_work_bytes(setup, BucketSize(side, side), decode=decode)

    assert work(512, True) == work(512, False)
    assert work(1024, True) < 0.6 * work(1024, False)
    assert work(1024, False) == pytest.approx(4 * work(512, False), rel=0.1)
