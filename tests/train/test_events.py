from enogu.train.events import EventLog, read_events


def test_events_are_read_back_in_order(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start", digest="x")
    for step in (1, 2, 3):
        log.write("step", step=step, loss=0.5, name="絵")
    events = read_events(log.path)
    assert [event["event"] for event in events] == ["start", "step", "step", "step"]
    assert events[1]["name"] == "絵"


def test_rewind_forgets_what_will_be_done_again(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start")
    for step in (1, 2, 3):
        log.write("step", step=step)
    log.rewind(2)
    assert [event.get("step") for event in read_events(log.path)] == [None, 1, 2]


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start")
    with log.path.open("ab") as handle:
        handle.write(b'{"event": "st')
    assert [event["event"] for event in read_events(log.path)] == ["start"]
