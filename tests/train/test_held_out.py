from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from enogu.errors import ConfigError, PictureError
from enogu.train.held_out import choose_held_out, choose_measured
from enogu.train.near_duplicates import joined
from enogu.train.setup import open_setup

IDS = [f"{number:02x}" * 32 for number in range(10)]


def alone(count):
    return [[place] for place in range(count)]


def held(**changes):
    options = {"ids": IDS, "groups": alone(10), "share": 0.3, "seed": 0} | changes
    return choose_held_out(options.pop("ids"), options.pop("groups"), **options)


def test_the_share_is_held_out_and_the_seed_chooses():
    assert len(held()) == 3
    assert held() == held()
    assert len({held(seed=seed) for seed in range(8)}) > 1


def test_pictures_of_one_drawing_are_never_divided():
    groups = [[0, 3, 7], [1, 2], [4], [5, 6, 8, 9]]
    for seed in range(20):
        chosen = held(groups=groups, seed=seed, share=0.4)
        assert chosen
        assert all(chosen.isdisjoint(group) or chosen.issuperset(group) for group in groups)


def test_identical_files_are_one_drawing_even_in_groups_of_their_own():
    ids = [*IDS[:8], IDS[0], IDS[0]]
    for seed in range(10):
        chosen = held(ids=ids, seed=seed)
        assert chosen.isdisjoint({0, 8, 9}) or chosen.issuperset({0, 8, 9})


def test_another_picture_moves_few_others_to_the_other_side():
    before = {IDS[place] for place in held()}
    more = [*IDS, "ff" * 32]
    after = {more[place] for place in held(ids=more, groups=alone(11))}
    assert len(before & after) >= len(before) - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 0.01}, "less than one picture, so nothing would be held out"),
        ({"groups": [list(range(10))]}, "has 10, and copies must not stand on both sides"),
        ({"share": 0.99}, "all of them, so nothing would be left to train on"),
    ],
)
def test_a_split_that_leaves_nothing_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        held(**changes)


def test_chains_of_pairs_are_joined():
    assert joined(6, [(4, 1), (5, 4), (2, 3)]) == [[0], [1, 4, 5], [2, 3]]


def test_measured_pictures_are_few_and_keep_their_order():
    items = [SimpleNamespace(record=SimpleNamespace(id=name, part="")) for name in IDS * 2]
    chosen = choose_measured(items, 4, seed=0)
    assert len({item.record.id for item in chosen}) == len(chosen) == 4
    assert list(chosen) == [item for item in items if any(item is one for one in chosen)]
    assert [i.record.id for i in choose_measured(items[::-1], 4, seed=0)] == [
        i.record.id for i in chosen[::-1]
    ]


def noise_picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((64, 64), Image.Resampling.NEAREST)


@pytest.fixture
def different_drawings(tmp_path):
    """Six pictures that have nothing in common; the last is the first, saved anew."""
    folder = tmp_path / "different"
    folder.mkdir()
    for number in range(6):
        noise_picture(number).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text("1girl, smile", encoding="utf-8")
    noise_picture(0).save(folder / "copy.jpg", quality=92)
    (folder / "copy.txt").write_text("1girl, smile", encoding="utf-8")
    return folder


def sides(project):
    prepared = open_setup(project).prepared
    return tuple(
        {item.record.name for item in items} for items in (prepared.items, prepared.held_out)
    )


def test_a_copy_stands_on_the_side_of_its_original(make_project, different_drawings):
    project = make_project("split", drawings=different_drawings, validation__share=0.3)
    seen = set()
    for seed in range(6):
        project = make_project("split", validation__share=0.3, validation__seed=seed)
        training, held_out = sides(project)
        assert len(training) + len(held_out) == 7 and held_out
        assert ("0.png" in held_out) == ("copy.jpg" in held_out)
        seen |= held_out
    assert "copy.jpg" in seen


def test_copies_of_training_pictures_in_the_folder_are_not_measured(
    make_project, different_drawings, tmp_path
):
    project = make_project("folder", drawings=different_drawings, validation__folder="held")
    apart = tmp_path / "folder" / "held"
    apart.mkdir(parents=True)
    noise_picture(0).save(apart / "known.jpg", quality=92)
    noise_picture(50).save(apart / "new.png")
    prepared = open_setup(project).prepared
    assert [item.record.name for item in prepared.held_out] == ["new.png"]
    assert len(prepared.items) == 7
    assert any("known.jpg" in warning for warning in prepared.warnings)
    (apart / "new.png").unlink()
    with pytest.raises(ConfigError, match="all of them are copies or variants"):
        open_setup(project)


def test_a_missing_folder_is_refused(make_project):
    with pytest.raises(PictureError, match="nowhere"):
        open_setup(make_project(validation__folder="nowhere"))
