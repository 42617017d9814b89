import pytest
from PIL import Image

from enogu.tags.tagger import FakeTagger
from enogu.train.sample_scores import Judging, mean_scores, score_of_file, score_sample

KNOWN = ("1girl", "red hair", "smile", "closed eyes")


def judging(**answers):
    return Judging(tagger=FakeTagger([answers]), known=KNOWN)


def test_known_tags_are_counted_in_any_spelling_and_unseen_ones_count_as_zero():
    judge = Judging(tagger=FakeTagger([{"1girl": 0.9, "red hair": 0.5}]), known=KNOWN)
    found = score_sample(judge, Image.new("RGB", (8, 8)), "hoshi, (1girl:1.2), red_hair, [smile]")
    assert found.seen == {"1girl": 0.9, "red_hair": 0.5, "smile": 0.0}
    assert found.unknown == ("hoshi",)
    assert found.score == pytest.approx(1.4 / 3)


def test_without_a_known_tag_there_is_no_score(tmp_path):
    path = tmp_path / "sample.png"
    Image.new("RGB", (8, 8)).save(path)
    judge = judging(smile=1.0)
    assert score_of_file(judge, path, "hoshi, bicycle") == {}
    assert score_of_file(None, path, "smile") == {}
    assert judge.tagger.shown == []
    assert score_of_file(judge, path, "smile")["score"] == 1.0


def test_scores_are_read_back_by_name_and_step():
    events = [
        {"event": "sample", "step": 0, "name": "trigger", "score": 0.5},
        {"event": "sample", "step": 0, "name": "off-topic"},
        {"event": "sample", "step": 9, "name": "trigger", "score": 0.7},
        {"event": "step", "step": 1},
    ]
    assert mean_scores(events) == {"trigger": {0: 0.5, 9: 0.7}}
