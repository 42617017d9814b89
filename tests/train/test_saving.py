import pytest

from enogu.config import SamplesConfig, TrainConfig
from enogu.pictures.buckets import BucketSize
from enogu.train.events import read_events
from enogu.train.feed import Feed, FeedEntry
from enogu.train.saving import SaveTimes, epoch_ends, sample_due, superseded
from enogu.train.session import train_project


@pytest.fixture
def feed():
    """Seven pictures in batches of two: an epoch has four steps."""
    return Feed([FeedEntry(BucketSize(64, 64))] * 7, batch_size=2, seed=0)


def due_steps(settings, feed, clock=lambda: 0.0, last=12):
    times = SaveTimes(settings, feed, clock)
    return [step for step in range(1, last + 1) if times.due(step)]


def test_saving_by_steps_by_epochs_and_by_both(feed):
    assert due_steps(TrainConfig(save_every=5), feed) == [5, 10]
    assert due_steps(TrainConfig(save_every=0), feed) == []
    assert due_steps(TrainConfig(save_every=0, save_every_epochs=1), feed) == [4, 8, 12]
    assert due_steps(TrainConfig(save_every=0, save_every_epochs=2), feed) == [8]
    assert due_steps(TrainConfig(save_every=6, save_every_epochs=2), feed) == [6, 8, 12]


def test_saving_by_minutes_counts_from_the_last_save(feed):
    now = [0.0]

    def clock():
        now[0] += 20.0
        return now[0]

    settings = TrainConfig(save_every=0, save_every_minutes=1)
    times = SaveTimes(settings, feed, lambda: now[0])
    saved = []
    for step in range(1, 10):
        now[0] = 20.0 * step
        if times.due(step):
            saved.append(step)
    assert saved == [3, 6, 9]
    mixed = SaveTimes(TrainConfig(save_every=4, save_every_minutes=1), feed, lambda: now[0])
    now[0], saved = 180.0, []
    for step in range(1, 10):
        now[0] = 180 + 20.0 * step
        if mixed.due(step):
            saved.append(step)
    assert saved == [3, 4, 7, 8]


def test_samples_are_due_by_steps_and_epochs(feed):
    settings = SamplesConfig(every=0, every_epochs=1)
    assert settings.drawn
    assert [step for step in range(9) if sample_due(settings, feed, step)] == [4, 8]
    assert not SamplesConfig(every=0).drawn
    assert not epoch_ends(feed, 0, 1)


@pytest.mark.parametrize(
    ("last", "every", "given_up"),
    [
        (None, None, []),
        (10, None, []),
        (2, None, ["1", "2", "3"]),
        (2, 2, ["1", "3"]),
        (1, 3, ["1", "2", "4"]),
    ],
)
def test_the_last_n_and_every_mth_stay(last, every, given_up):
    saves = [{"event": "save", "file": str(number)} for number in range(1, 6)]
    assert superseded(saves, keep_last=last, keep_every=every) == given_up


def test_a_run_keeps_what_its_settings_say_and_its_report_lists_what_is_there(make_project):
    project = make_project(train__save_every=1, train__keep_last=2, train__keep_every=2)
    result = train_project(project)
    names = sorted(path.name for path in result.run.path.glob("star*.safetensors"))
    assert names == [
        "star-000002.safetensors", "star-000004.safetensors", "star-000005.safetensors",
        "star.safetensors",
    ]  # fmt: skip
    events = read_events(result.run.events_path)
    pruned = [name for event in events if event["event"] == "prune" for name in event["files"]]
    assert pruned == ["star-000001.safetensors", "star-000003.safetensors"]
    assert result.run.state_path.is_file()


def test_running_means_are_given_up_with_the_adapters_they_belong_to(make_project):
    result = train_project(make_project(train__save_every=2, train__keep_last=1, train__ema=0.5))
    assert {path.name for path in result.run.ema_dir.iterdir()} == {
        "star-000004.safetensors", "star.safetensors",
    }  # fmt: skip


def test_other_files_of_the_run_folder_are_left_alone(make_project):
    project = make_project(train__save_every=1, train__keep_last=1, train__steps=3)
    seen = []
    train_project(project, observe=seen.append, stop=lambda: seen[-1].get("step") == 1)
    foreign = project.runs_dir / "0001" / "mine-000001.safetensors"
    foreign.write_bytes(b"x")
    train_project(project)
    assert foreign.read_bytes() == b"x"
