import pytest

from enogu.pictures.background import BackgroundSeen, find_shared_background


def seen(colour, *, method="flat", tagged=False):
    return BackgroundSeen(method=method, colour=colour, is_tagged=tagged)


def test_one_background_everywhere_is_told():
    entries = [seen((255 - i % 3, 254, 255), tagged=i < 4) for i in range(20)]
    shared = find_shared_background([*entries, seen((30, 90, 30))])
    assert (shared.count, shared.total, shared.untagged) == (20, 21, 16)
    assert shared.colour == (254, 254, 255)
    assert "#fefeff" in shared.warning
    assert "20 of 21" in shared.warning
    assert "16 of them" in shared.warning


def test_colours_on_both_sides_of_a_bin_are_one_background():
    assert find_shared_background([seen((247, 247, 247)), seen((249, 249, 249))] * 4).count == 8


def test_transparent_pictures_share_a_background_too():
    shared = find_shared_background([seen(None, method="alpha", tagged=True)] * 6)
    assert shared.colour is None
    assert "transparent" in shared.warning
    assert "caption" not in shared.warning


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [seen((255, 255, 255))] * 4,
        [seen((255, 255, 255))] * 8 + [seen(None, method="none")] * 2,
        [seen(None, method="none")] * 10,
        [seen((40 * i, 10, 10)) for i in range(6)],
    ],
)
def test_few_or_mixed_pictures_give_no_warning(entries):
    assert find_shared_background(entries) is None
