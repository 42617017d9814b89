"""Reading needs the same memory for a file ten times as long."""

import json
import tracemalloc

import pytest

from enogu.tags.vocabulary.importing.detect import detect_format
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.read import read_claims


def peak_bytes(path):
    form = detect_format(path)
    problems = Problems()
    tracemalloc.start()
    number = sum(1 for _ in read_claims(path, form, problems, lambda: None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return number + problems.count, peak


def csv_row(number):
    return f"tag_{number},0,{number},alias_{number}\n" if number % 3 else f"broken {number}\n"


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    peaks = []
    for rows in (2_000, 16_000):
        path = tmp_path / f"{rows}.{suffix}"
        objects = [json.dumps({"name": f"t{n}", "post_count": n}) for n in range(rows)]
        text = {
            "csv": lambda rows=rows: "".join(map(csv_row, range(rows))),
            "jsonl": lambda objects=objects: "\n".join(objects),
            "json": lambda objects=objects: "[" + ",".join(objects) + "]",
        }[suffix]()
        path.write_text(text, encoding="utf-8")
        number, peak = peak_bytes(path)
        assert number >= rows
        peaks.append(peak)
    # The pieces that are read at a time, in whole, and some room for caches.
    assert peaks[1] < peaks[0] + 3_000_000
