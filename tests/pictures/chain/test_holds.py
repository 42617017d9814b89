import pytest

from enogu.errors import ProjectError
from enogu.pictures.box import Box
from enogu.pictures.chain import effective
from enogu.pictures.records import FILES, PARTS, SKIP, Decision, StepResult

RESULT = StepResult(
    picture_id="a" * 64, step="background", version=1, settings="", inputs="", verdict="unsure",
    values={"method": "flat", "coverage": 0.5}, files={"mask": "m" * 64, "picture": "p" * 64},
)  # fmt: skip


def decided(verdict, **values):
    return Decision(picture_id="a" * 64, step="background", verdict=verdict, values=values)


def test_without_a_decision_the_result_counts():
    assert effective(RESULT, None) is RESULT
    assert effective(None, decided("flat")) is None
    assert effective(RESULT, decided(SKIP)) is None


def test_a_decision_replaces_the_values_that_it_names():
    counts = effective(RESULT, decided("flat", coverage=0.7))
    assert (counts.verdict, counts.values) == ("flat", {"method": "flat", "coverage": 0.7})
    assert counts.files == RESULT.files


def test_drawn_files_stand_in_for_those_of_the_step_and_are_no_values():
    counts = effective(RESULT, decided("drawn", **{FILES: {"mask": "d" * 64}}))
    assert counts.files == {"mask": "d" * 64, "picture": "p" * 64}
    assert FILES not in counts.values


def test_decided_parts_stand_in_for_all_regions_of_the_step():
    counts = effective(RESULT, decided("drawn", **{PARTS: [["subject", 1, 2, 3, 4]]}))
    assert [(one.kind, one.box, one.score) for one in counts.regions] == [
        ("subject", Box(1, 2, 3, 4), 1.0)
    ]
    assert effective(RESULT, decided("drawn", **{PARTS: []})).regions == ()
    assert PARTS not in counts.values
    for wrong in ("x", [["subject", 1, 2, 3]], [[5, 1, 2, 3, 4]], [["subject", 3, 2, 1, 4]]):
        with pytest.raises(ProjectError, match="region decided in picture aaaaaaaaaaaa"):
            effective(RESULT, decided("drawn", **{PARTS: wrong}))
