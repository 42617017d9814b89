import math
import statistics

import pytest

from enogu.train.measurements import paired, read_measurements
from enogu.train.validation import fixed_timesteps, timestep_bands


def event(step, held_out, training=((1.0, 2.0),), names=None):
    return {
        "event": "validation",
        "step": step,
        "bands": [[0, 500], [500, 1000]],
        "names": names or {"held_out": ["a", "b"], "training": ["c"]},
        "held_out": held_out,
        "training": training,
    }


def test_every_band_counts_alike_and_the_start_is_one():
    events = [event(0, [[1.0, 10.0], [3.0, 30.0]]), event(5, [[1.0, 5.0], [1.0, 15.0]])]
    measured = read_measurements(events)
    assert measured.steps == (0, 5)
    assert measured.held_out.means[0] == pytest.approx(1.0)
    # Bands by hand: (1 + 1) / 4 and (5 + 15) / 40.
    assert measured.held_out.bands[1] == pytest.approx([0.5, 0.5])
    assert measured.held_out.means[1] == pytest.approx(0.5)
    assert measured.gaps == pytest.approx([0.0, -0.5])


def test_measurements_of_other_pictures_are_left_out():
    other = {"held_out": ["z", "b"], "training": ["c"]}
    events = [event(0, [[1.0, 1.0]] * 2, names=other), event(5, [[2.0, 2.0]] * 2)]
    assert read_measurements(events).steps == (5,)
    assert read_measurements([]) is None


def test_paired_differences_against_the_standard_library():
    values = [0.3, 0.1, 0.25, 0.2, 0.05]
    found = paired(values)
    error = statistics.stdev(values) / math.sqrt(5)
    assert found.mean == pytest.approx(statistics.fmean(values))
    assert found.error == pytest.approx(error)
    assert found.half_width == pytest.approx(2.776 * error)
    assert found.is_clear
    assert not paired([0.5]).is_clear
    assert not paired([0.5, -0.4, 0.1]).is_clear


def test_bands_cover_the_range_without_overlap():
    assert timestep_bands(0, 1000, 4) == [(0, 250), (250, 500), (500, 750), (750, 1000)]
    assert timestep_bands(10, 13, 9) == [(10, 11), (11, 12), (12, 13)]
    bands = timestep_bands(3, 1000, 7)
    assert [t for low, high in bands for t in range(low, high)] == list(range(3, 1000))


def test_timesteps_of_a_band_lie_in_the_middles_of_its_parts():
    assert fixed_timesteps((0, 250), 1) == [125]
    assert fixed_timesteps((500, 600), 2) == [525, 575]
    assert all(10 <= t < 12 for t in fixed_timesteps((10, 12), 5))
