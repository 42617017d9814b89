import pytest

from enogu.errors import ProjectError
from enogu.pictures.records import LEAVE_OUT, SKIP, USE_STEP, Decision, Decisions


@pytest.fixture
def path(tmp_path):
    return tmp_path / "decisions.jsonl"


def decision(picture="a", step="trim", verdict=SKIP, **values):
    return Decision(picture_id=picture, step=step, verdict=verdict, values=values)


def test_the_last_word_counts_and_outlives_the_process(path):
    decisions = Decisions(path)
    decisions.add([decision(), decision("b", USE_STEP, LEAVE_OUT)])
    decisions.add([decision(verdict="trim", box=[1, 2, 3, 4])])
    for held in (decisions, Decisions(path)):
        assert held.get("a", "trim") == decision(verdict="trim", box=[1, 2, 3, 4])
        assert held.of_step(USE_STEP) == {"b": decision("b", USE_STEP, LEAVE_OUT)}
        assert held.get("b", "trim") is None


def test_what_was_taken_back_is_gone_and_the_file_only_grows(path):
    Decisions(path).add([decision()])
    before = path.read_text("utf-8")
    assert Decisions(path).take_back("trim", ["a", "a", "b"]) == 1
    assert Decisions(path).get("a", "trim") is None
    assert path.read_text("utf-8").startswith(before)


def test_nothing_decided_makes_no_file(path):
    Decisions(path).add([])
    assert Decisions(path).take_back("trim", ["a"]) == 0
    assert not path.exists()


def test_a_line_cut_off_by_a_crash_costs_only_itself(path):
    Decisions(path).add([decision(), decision("b")])
    path.write_bytes(path.read_bytes()[:-9])
    decisions = Decisions(path)
    assert (decisions.get("a", "trim"), decisions.get("b", "trim")) == (decision(), None)
    decisions.add([decision("c")])
    text = path.read_text("utf-8").splitlines()
    assert len(text) == 3
    path.write_text("\n".join([text[0], text[2]]) + "\n", "utf-8")
    assert Decisions(path).get("c", "trim") == decision("c")


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"picture": "a", "step": "trim"}',
        '{"picture": 1, "step": "trim", "verdict": "skip"}',
        '{"picture": "a", "step": "trim", "verdict": 3}',
        '{"picture": "a", "step": "trim", "verdict": "skip", "values": [1]}',
    ],
)
def test_a_damaged_line_is_named(path, line):
    path.write_text(line + "\n" + '{"picture": "b", "step": "x", "verdict": "skip"}\n', "utf-8")
    with pytest.raises(ProjectError, match="line 1: is no decision"):
        Decisions(path)


def test_a_file_that_is_no_text_is_refused(path):
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectError, match="cannot be read"):
        Decisions(path)
