import random

import pytest

from enogu.train.advice import MIN_PICTURES, advise


def run_events(held_out, training=None, *, pictures=6, save=True, noise=0.002):
    """Events of a run with one measurement and one save every 10 steps; step 0 is the start."""
    rng = random.Random(0)
    offsets = [rng.uniform(0.8, 1.2) for _ in range(pictures)]
    training = training or held_out

    def losses(level):
        return [
            [offset * (level + rng.gauss(0, noise)) * scale for scale in (3.0, 0.1)]
            for offset in offsets
        ]

    names = [f"{number}.png" for number in range(pictures)]
    events = [{"event": "start", "steps": 10 * (len(held_out) - 1)}]
    for place, (level, trained) in enumerate(zip(held_out, training, strict=True)):
        events.append(
            {
                "event": "validation",
                "step": 10 * place,
                "bands": [[0, 500], [500, 1000]],
                "names": {"held_out": names, "training": names},
                "held_out": losses(level),
                "training": losses(trained),
            }
        )
        if place and save:
            events.append({"event": "save", "step": 10 * place, "file": f"star-{place}.sft"})
    return events


def test_the_turning_point_is_the_best_step_and_learning_by_heart_is_named():
    found = advise(run_events([1.0, 0.9, 0.8, 0.85, 0.95], [1.0, 0.9, 0.75, 0.6, 0.5]))
    assert (found.step, found.file) == (20, "star-2.sft")
    text = " ".join(found.reasons)
    assert "Later it learns by heart" in text
    # 1 - 0.8, and the noise is small.
    assert "the loss is 20." in text or "the loss is 19." in text


def test_of_steps_that_cannot_be_told_apart_the_earliest_is_taken():
    found = advise(run_events([1.0, 0.9, 0.8, 0.8, 0.8, 0.8], noise=0.02))
    assert found.step == 20


def test_a_loss_that_still_falls_asks_for_more_steps():
    found = advise(run_events([1.0, 0.9, 0.8, 0.7]))
    assert found.step == 30
    assert any("more steps might still help" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([{"event": "save", "step": 5, "file": "a"}], "No picture was held out"),
        (run_events([1.0, 0.5], pictures=MIN_PICTURES - 1), "Only 3 held-out pictures"),
        (run_events([1.0, 0.5], save=False), "No adapter was saved"),
        (run_events([1.0, 1.0, 1.0], noise=0.05), "no saved step is clearly better"),
        (run_events([1.0, 1.1, 1.2]), "no saved step is clearly better"),
    ],
)
def test_without_evidence_it_says_so(events, reason):
    found = advise(events)
    assert found.step is None
    assert found.headline == "No evidence says which step is best."
    assert reason in found.reasons[0]


def test_an_adapter_that_was_given_up_is_not_advised():
    events = run_events([1.0, 0.9, 0.8, 0.85])
    found = advise([*events, {"event": "prune", "files": ["star-2.sft"]}])
    assert found.step == 30


def test_the_judge_is_a_hint_and_a_falling_off_topic_score_is_named():
    samples = [
        {"event": "sample", "step": step, "name": name, "file": "x.png", "score": score}
        for step, name, score in (
            (0, "trigger", 0.4),
            (20, "trigger", 0.9),
            (0, "off-topic", 0.8),
            (20, "off-topic", 0.4),
        )
    ]
    found = advise(samples)
    assert found.step is None
    assert any("wished tags seen 40% at step 0, 90% at step 20" in note for note in found.notes)
    assert any("less than at the start" in note for note in found.notes)
