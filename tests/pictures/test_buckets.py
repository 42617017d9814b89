import json
import random

import pytest

from enogu.errors import ConfigError
from enogu.pictures.box import Box
from enogu.pictures.buckets import (
    BucketRule,
    BucketSize,
    choose_bucket,
    choose_fit,
    choose_no_upscale,
    cover,
    make_buckets,
)

SD1 = {"resolution": BucketSize(512, 512), "min_px": 256, "max_px": 1024, "step": 64}
SDXL = {"resolution": BucketSize(1024, 1024), "min_px": 512, "max_px": 2048, "step": 32}
MINI = {"resolution": BucketSize(128, 128), "min_px": 64, "max_px": 256, "step": 32}


def random_sizes(count):
    rng = random.Random(3)
    return [BucketSize(rng.randint(20, 5000), rng.randint(20, 5000)) for _ in range(count)]


class TestGolden:
    @pytest.mark.shared_data
    def test_both_modes_of_sd_scripts(self, shared_data):
        settings = json.loads((shared_data / "golden" / "buckets.json").read_text())
        assert len(settings) == 10
        for setting in settings:
            limits = {
                "resolution": BucketSize(*setting["resolution"]),
                "min_px": setting["min_bucket_reso"],
                "max_px": setting["max_bucket_reso"],
                "step": setting["bucket_reso_steps"],
            }
            mode = "no_upscale" if setting["bucket_no_upscale"] else "list"
            if mode == "list":
                assert [list(size) for size in make_buckets(**limits)] == setting["bucket_list"]
            rule = BucketRule(mode=mode, **limits)
            for width, height, *expected in setting["rows"]:
                fit = rule.choose(BucketSize(width, height))
                assert [*fit.bucket, *fit.resized] == expected, (mode, width, height)

    @pytest.mark.parametrize(
        ("size", "bucket", "resized"),
        [
            ((1799, 1707), (512, 512), (540, 512)),
            ((2289, 1281), (640, 384), (686, 384)),
            ((217, 324), (384, 640), (429, 640)),
            ((512, 1622), (256, 832), (263, 832)),
            ((93, 1608), (256, 1024), (256, 4426)),
            ((1024, 1024), (512, 512), (512, 512)),
        ],
    )
    def test_list_examples(self, size, bucket, resized):
        fit = BucketRule(mode="list", **SD1).choose(BucketSize(*size))
        assert (fit.bucket, fit.resized) == (bucket, resized)

    @pytest.mark.parametrize(
        ("size", "bucket", "resized"),
        [
            ((1000, 700), (960, 640), (1000, 700)),
            ((4000, 3000), (1088, 832), (1109, 832)),
            ((85, 1675), (64, 1664), (85, 1675)),
        ],
    )
    def test_no_upscale_examples(self, size, bucket, resized):
        fit = choose_no_upscale(BucketSize(*size), max_area=1024 * 1024, step=64)
        assert (fit.bucket, fit.resized) == (bucket, resized)


class TestMakeBuckets:
    @pytest.mark.parametrize(
        ("side", "max_px", "count"), [(512, 1024, 17), (1024, 1024, 25), (1024, 2048, 41)]
    )
    def test_known_counts(self, side, max_px, count):
        buckets = make_buckets(BucketSize(side, side), min_px=256, max_px=max_px, step=64)
        assert len(buckets) == count
        assert (BucketSize(832, 1216) in buckets) == (max_px == 2048)

    def test_limits_are_rounded_outwards_to_the_step(self):
        assert make_buckets(BucketSize(512, 512), min_px=300, max_px=1000, step=64) == make_buckets(
            **SD1
        )

    @pytest.mark.parametrize(("low", "high"), [(768, 1024), (256, 384)])
    def test_limits_that_leave_out_the_resolution(self, low, high):
        with pytest.raises(ConfigError, match=r"(?s)512x512.*bucket_min"):
            make_buckets(BucketSize(512, 512), min_px=low, max_px=high, step=64)

    def test_a_step_of_zero(self):
        with pytest.raises(ConfigError, match="1 or more"):
            make_buckets(BucketSize(512, 512), min_px=256, max_px=1024, step=0)


class TestChooseBucket:
    def test_the_same_size_wins_over_the_nearest_ratio(self):
        buckets = (BucketSize(512, 512), BucketSize(256, 256))
        assert choose_bucket(BucketSize(256, 256), buckets).bucket == (256, 256)
        assert choose_bucket(BucketSize(300, 300), buckets).bucket == (512, 512)


class TestNoUpscale:
    def test_narrower_than_the_step_is_enlarged_to_it(self):
        fit = choose_no_upscale(BucketSize(40, 200), max_area=512 * 512, step=64)
        assert fit.bucket == (64, 320)
        assert fit.upscale == pytest.approx(1.6)

    @pytest.mark.parametrize("size", [(20000, 30), (30, 20000), (1, 1), (9000, 1)])
    def test_extreme_pictures_still_fit(self, size):
        fit = choose_no_upscale(BucketSize(*size), max_area=512 * 512, step=64)
        assert min(fit.bucket) >= 64
        assert fit.resized.width >= fit.bucket.width
        assert fit.resized.height >= fit.bucket.height


@pytest.mark.parametrize("limits", [SD1, SDXL, MINI])
class TestFit:
    def test_buckets_keep_the_promises(self, limits):
        for size in random_sizes(200):
            fit = choose_fit(size, **limits)
            assert limits["resolution"].area / 2 <= fit.bucket.area <= limits["resolution"].area
            assert all(limits["min_px"] <= side <= limits["max_px"] for side in fit.bucket)
            assert all(side % limits["step"] == 0 for side in fit.bucket)

    def test_cuts_off_less_than_the_peers_list(self, limits):
        sizes = [size for size in random_sizes(400) if 1 / 3 < size.ratio < 3]
        ours = [choose_fit(size, **limits).lost for size in sizes]
        peers = [BucketRule(mode="list", **limits).choose(size).lost for size in sizes]
        assert sum(ours) < 0.7 * sum(peers)
        assert max(ours) < max(peers)

    def test_a_picture_of_the_resolution_is_not_touched(self, limits):
        fit = choose_fit(limits["resolution"], **limits)
        assert fit.bucket == fit.resized == limits["resolution"]
        assert fit.lost == 0
        assert fit.upscale == 1

    def test_turning_the_picture_turns_the_bucket(self, limits):
        for size in random_sizes(50):
            turned = choose_fit(BucketSize(size.height, size.width), **limits).bucket
            bucket = choose_fit(size, **limits).bucket
            if bucket.width != bucket.height:
                assert sorted(turned) == sorted(bucket)


class TestBucketFit:
    def test_the_crop_is_centred_and_inside(self):
        fit = cover(BucketSize(1000, 700), BucketSize(1216, 832))
        assert fit.resized == (1216, 851)
        assert (fit.crop_left, fit.crop_top) == (0, 9)
        assert fit.lost == pytest.approx(1 - 832 / 851)
        assert fit.scale == fit.upscale == pytest.approx(1.216, abs=0.001)

    @pytest.mark.parametrize("mode", ["list", "no_upscale", "fit"])
    def test_every_mode_covers_the_bucket(self, mode):
        for size in random_sizes(200):
            fit = BucketRule(mode=mode, **SD1).choose(size)
            assert fit.source == size
            assert 0 <= fit.crop_left <= fit.resized.width - fit.bucket.width
            assert 0 <= fit.crop_top <= fit.resized.height - fit.bucket.height
            assert 0 <= fit.lost < 1


def test_bucket_sizes_sort_and_print():
    assert sorted([BucketSize(2, 1), BucketSize(1, 3)])[0] == BucketSize(1, 3)
    assert str(BucketSize(832, 1216)) == "832x1216"
    assert BucketSize(3, 2).ratio == 1.5


class TestKeeping:
    def fit(self):
        # 200x100 covers 64x64 as 128x64: the window slides over 64 pixels.
        return cover(BucketSize(200, 100), BucketSize(64, 64))

    def test_nothing_to_keep_leaves_the_middle(self):
        assert self.fit().keeping([]).crop_left == 32

    @pytest.mark.parametrize(
        ("box", "left"),
        [
            (Box(60, 10, 140, 90), 32),
            (Box(0, 10, 40, 90), 0),
            (Box(150, 10, 200, 90), 64),
            (Box(120, 10, 170, 90), 45),
        ],
    )
    def test_moves_as_little_as_the_box_asks_for(self, box, left):
        fit = self.fit().keeping([box])
        assert fit.crop_left == left
        assert fit.shows(box) == pytest.approx(1, abs=0.02)

    def test_a_later_box_takes_nothing_from_an_earlier_one(self):
        head, rest = Box(0, 0, 60, 40), Box(120, 0, 200, 100)
        fit = self.fit().keeping([head, rest])
        assert fit.shows(head) == 1
        assert fit.crop_left == 0

    def test_a_box_larger_than_the_window_shows_its_upper_part(self):
        tall = cover(BucketSize(100, 300), BucketSize(64, 64))
        fit = tall.keeping([Box(10, 60, 90, 290)])
        assert fit.crop_top == round(60 * 64 / 100)

    def test_the_window_never_leaves_the_picture(self):
        fit = self.fit().keeping([Box(199, 0, 200, 100)])
        assert fit.crop_left + fit.bucket.width <= fit.resized.width


class TestAspects:
    """OneTrainer's rule; sizes from its documentation of SD 1.5 and SDXL training."""

    def sizes(self, side):
        rule = BucketRule(
            resolution=BucketSize(side, side), step=64, mode="aspects", min_px=64, max_px=4 * side
        )
        shapes = [(100 * w, 100 * h) for w in range(1, 9) for h in range(1, 9)]
        return {rule.choose(BucketSize(*shape)).bucket for shape in shapes}

    def test_equal_areas_rounded_to_the_step(self):
        assert {(512, 512), (448, 576), (448, 640), (384, 704), (256, 1024)} <= self.sizes(512)
        assert {(1024, 1024), (832, 1280), (768, 1344), (512, 2048)} <= self.sizes(1024)

    @pytest.mark.parametrize(
        ("size", "bucket"),
        [((500, 500), (512, 512)), ((900, 1000), (512, 512)), ((1000, 800), (576, 448)),
         ((100, 1000), (256, 1024)), ((1600, 900), (704, 384))],
    )  # fmt: skip
    def test_the_nearest_height_over_width_wins(self, size, bucket):
        fit = BucketRule(
            resolution=BucketSize(512, 512), step=64, mode="aspects", min_px=64, max_px=2048
        ).choose(BucketSize(*size))
        assert fit.bucket == bucket
        assert fit.resized.width >= fit.bucket.width
        assert fit.resized.height >= fit.bucket.height
