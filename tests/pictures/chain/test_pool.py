import os

import pytest
from PIL import Image

from enogu.errors import RunError
from enogu.pictures.chain import Bounds, pool


def double(number):
    return 2 * number


def die(number):
    os._exit(1)


def results(function, count, **options):
    bounds = options.pop("bounds", Bounds(workers=2, work_per_process=1))
    return pool.run_all(
        range(count),
        function,
        bounds=bounds,
        memory_need=lambda number: 1,
        **options,
    )


def test_every_item_gives_its_result_whatever_the_order():
    assert sorted(results(double, 20)) == [(i, 2 * i) for i in range(20)]


def test_a_process_that_is_ended_from_outside_is_said():
    with pytest.raises(RunError, match="ended from outside"):
        list(results(die, 20))


@pytest.mark.parametrize(
    ("pixels", "count", "workers"),
    [(16_000, 51, 1), (600_000, 65, 5), (8_000_000, 3, 3), (100, 100_000, 16), (0, 0, 1)],
)
def test_processes_are_started_only_for_work_that_is_worth_it(pixels, count, workers):
    need = pixels * pool.BYTES_PER_PIXEL
    wanted = pool._worthwhile(range(count), lambda item: need, Bounds(workers=16))
    assert min(16, wanted) == workers


def test_the_work_ahead_is_judged_by_items_from_all_over():
    def need(number):
        # The first half are sprites.
        return (0 if number < 100 else 1_000_000) * pool.BYTES_PER_PIXEL

    assert pool._worthwhile(range(200), need, Bounds(workers=2)) >= 10
    assert pool._worthwhile(range(200), need, Bounds(workers=1)) == 1


def test_few_small_items_are_done_here():
    bounds = Bounds(workers=4)
    done = list(results(lambda number: os.getpid(), 20, bounds=bounds))
    assert {process for _, process in done} == {os.getpid()}


def test_order_can_be_had():
    mixed = [(2, "c"), (0, "a"), (1, "b"), (4, "e"), (3, "d")]
    assert "".join(pool.in_order(mixed)) == "abcde"


def test_after_a_stop_only_the_items_before_it_are_there():
    seen = []

    def note(number):
        seen.append(number)
        return number

    stop = lambda: len(seen) >= 3  # noqa: E731
    done = results(note, 5, stop=stop, bounds=Bounds(workers=1))
    assert list(done) == [(0, 0), (1, 1), (2, 2)]


class _Pool:
    """Stands in for processes: an item is its own future."""

    def submit(self, function, item):
        return item


class _Item:
    def result(self):
        return self


def under_way(monkeypatch, need, memory_bytes, count=20, workers=8):
    """Return the largest number of items that are worked on at the same time."""
    most = 0

    def wait(running, return_when):
        nonlocal most
        most = max(most, len(running))
        return {next(iter(running))}, set()

    monkeypatch.setattr(pool, "wait", wait)
    items = [_Item() for _ in range(count)]
    done = list(
        pool._in_processes(
            _Pool(), enumerate(items), workers, memory_bytes, lambda item: need, lambda: False
        )
    )
    assert sorted(number for number, _ in done) == list(range(count))
    return most


def test_large_pictures_wait_for_each_other(monkeypatch):
    assert under_way(monkeypatch, need=10, memory_bytes=35) == 3
    assert under_way(monkeypatch, need=10, memory_bytes=5) == 1
    assert under_way(monkeypatch, need=1, memory_bytes=1000, workers=3) == 6


def test_the_need_of_a_file_is_told_by_its_header(tmp_path, png_bomb):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    assert pool.memory_of_file(tmp_path / "a.png") == 600 * pool.BYTES_PER_PIXEL
    assert pool.memory_of_file(png_bomb) == 900_000_000 * pool.BYTES_PER_PIXEL
    assert pool.memory_of_file(tmp_path / "none.png") == 0
