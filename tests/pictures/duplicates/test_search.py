import numpy as np
import pytest

from enogu.pictures.duplicates import DuplicateSettings, Fingerprint, fingerprint, search
from enogu.pictures.duplicates.descriptors import ODD, WINDOWS, describe
from enogu.pictures.duplicates.search import find_candidates
from enogu.pictures.duplicates.table import build_table


def table_of(images):
    return build_table(fingerprint(np.asarray(image)) for image in images)


def random_prints(count, seed=0):
    """Fingerprints of smooth random fields, every tenth followed by a noisy copy of itself."""
    rng = np.random.default_rng(seed)
    prints = []
    while len(prints) < count:
        field = np.kron(rng.integers(20, 230, (8, 8)), np.ones((4, 4)))
        for copy in range(1 + (len(prints) % 10 == 0)):
            luma = np.clip(field + rng.normal(0, 4 * copy, field.shape), 0, 255).astype(np.uint8)
            prints.append(
                Fingerprint(
                    width=320,
                    height=320,
                    box=fingerprint(np.zeros((320, 320, 3), dtype=np.uint8)).box,
                    pixel_hash=rng.bytes(16),
                    thumbnail=luma.tobytes() + bytes(512),
                )
            )
    return prints


def test_a_mirror_negates_the_odd_part(drawn):
    table = table_of([drawn(1), drawn(1).transpose(0)])
    plain, mirrored = describe(table, np.arange(2), WINDOWS[0])
    np.testing.assert_allclose(plain, np.where(ODD, -mirrored, mirrored), atol=0.03)


def test_vectors_have_length_one_and_blank_pictures_none(drawn):
    table = table_of([drawn(1), drawn(2).resize((1, 1)).resize((90, 90))])
    norms = np.linalg.norm(describe(table, np.arange(2), WINDOWS[0]), axis=1)
    assert norms[0] == pytest.approx(1, abs=1e-5)
    assert norms[1] == 0 or norms[1] == pytest.approx(1, abs=1e-5)


def test_finds_a_crop_through_the_window_of_the_whole(drawn, changed):
    table = table_of([drawn(3), drawn(4), changed(drawn(3), "crop"), drawn(5)])
    found = find_candidates(table, np.arange(4), DuplicateSettings())
    pairs = dict(zip(zip(found.whole, found.inner, strict=True), found.window, strict=True))
    assert pairs[0, 2] == WINDOWS.index((0.06, 0.06, 0.06, 0.06))


def test_says_which_are_mirrored(drawn, changed):
    table = table_of([drawn(3), changed(drawn(3), "mirror")])
    found = find_candidates(table, np.arange(2), DuplicateSettings())
    assert len(found) == 1
    assert found.mirrored.tolist() == [True]


def test_searches_only_what_it_is_told_to(drawn):
    table = table_of([drawn(3), drawn(3), drawn(3)])
    found = find_candidates(table, np.array([0, 2]), DuplicateSettings())
    assert {(int(found.whole[0]), int(found.inner[0]))} <= {(0, 2), (2, 0)}
    assert len(found) == 1


def test_cells_find_what_comparing_all_pairs_finds(monkeypatch):
    table = build_table(random_prints(1200))
    index = np.arange(len(table))
    settings = DuplicateSettings(min_similarity=0.95)

    def pairs():
        found = find_candidates(table, index, settings)
        return {frozenset(pair) for pair in zip(found.whole, found.inner, strict=True)}

    exact = pairs()
    monkeypatch.setattr(search, "_BRUTE_FORCE_UP_TO", 10)
    assert len(exact) >= 100
    assert len(pairs() & exact) >= 0.99 * len(exact)


def test_empty_and_single(drawn):
    assert len(find_candidates(table_of([]), np.arange(0), DuplicateSettings())) == 0
    assert len(find_candidates(table_of([drawn(1)]), np.arange(1), DuplicateSettings())) == 0
