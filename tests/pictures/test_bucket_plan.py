from pathlib import Path

import pytest

from enogu.pictures.box import Box
from enogu.pictures.bucket_plan import plan_buckets, propose_crops, propose_rules
from enogu.pictures.buckets import BucketRule, BucketSize
from enogu.pictures.scan import PictureRecord

RULE = BucketRule(resolution=BucketSize(512, 512), step=64, mode="list", min_px=256, max_px=1024)


def record(name, width, height, **changes):
    values = {
        "id": name * 8,
        "path": Path(f"/pictures/{name}.png"),
        "relative": f"{name}.png",
        "width": width,
        "height": height,
        "format": "PNG",
        "has_alpha": False,
        "caption": None,
        "caption_path": None,
        "caption_encoding": None,
        "prompt": None,
        "mask_path": None,
        "repeats": 1,
        "class_words": None,
        "is_reg": False,
        "notes": (),
    }
    return PictureRecord(**{**values, **changes})


def test_windows_are_in_pixels_of_the_original():
    part = Box(100, 50, 1100, 850)
    plan = plan_buckets([record("a", 1000, 800, crop=part)], RULE)
    (one,) = plan.pictures
    # 5:4 is nearest to 576x448; the width is scaled to 576, and 6 of 461 rows are cut above.
    assert one.fit.bucket == BucketSize(576, 448)
    assert one.window == Box(100, 50 + 10, 1100, 50 + 788)
    assert one.subject_seen is None


def test_pictures_are_counted_by_bucket_and_lonely_ones_named():
    plan = plan_buckets([record("a", 512, 512), record("b", 700, 700), record("c", 200, 600)], RULE)
    assert {str(size): len(members) for size, members in plan.by_bucket.items()} == {
        "512x512": 2,
        "256x832": 1,
    }
    assert [one.record.name for one in plan.single] == ["c.png"]
    assert plan.num_enlarged == 1
    assert plan.mean_lost == pytest.approx(sum(one.fit.lost for one in plan.pictures) / 3)


def test_a_proposal_loses_less_and_leads_where_it_says():
    records = [record(name, 1000, height) for name, height in (("a", 830), ("b", 700), ("c", 930))]
    plan = plan_buckets(records, RULE)
    proposals = propose_rules(plan, base_step=8)
    assert 1 <= len(proposals) <= 3
    assert all(one.mean_lost < plan.mean_lost - 0.005 for one in proposals)
    assert proposals == tuple(sorted(proposals, key=lambda one: round(one.mean_lost, 3)))
    assert proposals[0].settings["pictures.bucket_step"] in (8, 16)


def test_a_rule_that_loses_nothing_has_no_proposals():
    assert propose_rules(plan_buckets([record("a", 512, 512)], RULE), base_step=8) == ()


def test_a_crop_is_proposed_where_the_subject_is_cut():
    # Nearly square, so its sides go; the subject alone fits a wide bucket.
    rule = BucketRule(
        resolution=BucketSize(512, 512), step=64, mode="aspects", min_px=64, max_px=2048
    )
    picture = record("a", 1000, 900, keep=(Box(0, 200, 1000, 700),))
    plan = plan_buckets([picture], rule)
    (cut,) = plan.cut_subjects
    assert cut.subject_seen == pytest.approx(0.9, abs=0.01)
    (proposal,) = propose_crops(plan)
    assert proposal.box == Box(0, 160, 1000, 740)
    assert proposal.seen_then == pytest.approx(1.0, abs=0.01)


def test_a_subject_that_is_seen_needs_no_crop():
    plan = plan_buckets([record("a", 640, 512, keep=(Box(0, 0, 200, 300),))], RULE)
    assert plan.cut_subjects == ()
    assert propose_crops(plan) == ()
