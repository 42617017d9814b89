"""What an adapter file records of the pictures it was trained on: tags and buckets.

sd-scripts writes them in two forms: as keys of their own for folders (`ss_tag_frequency`,
`ss_bucket_info`), or inside the list `ss_datasets` for data sets described in a file.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

Metadata = Mapping[str, str]


def tag_counts(metadata: Metadata) -> tuple[tuple[str, int], ...]:
    """Return the tags of the training captions with their counts, most frequent first.

    Records that are damaged or of an unknown form count as none.
    """
    counts: Counter[str] = Counter()
    for table in (_read(metadata, "ss_tag_frequency"), *_of_datasets(metadata, "tag_frequency")):
        for tags in _values(table):
            for tag, count in _items(tags):
                if isinstance(count, int | float):
                    counts[tag.strip()] += int(count)
    return tuple(counts.most_common())


def bucket_counts(metadata: Metadata) -> dict[str, int]:
    """Return the sizes that were trained, as ``WIDTHxHEIGHT``, with their numbers of pictures."""
    counts: Counter[str] = Counter()
    for info in (_read(metadata, "ss_bucket_info"), *_of_datasets(metadata, "bucket_info")):
        buckets = dict(_items(info)).get("buckets")
        for bucket in _values(buckets):
            entry = dict(_items(bucket))
            size, count = entry.get("resolution"), entry.get("count")
            if isinstance(size, list) and isinstance(count, int):
                counts["x".join(str(side) for side in cast("list[object]", size))] += count
    return dict(counts.most_common())


def datasets(metadata: Metadata) -> list[dict[str, Any]]:
    """Return the data sets of ``ss_datasets``; none where the key is missing or damaged."""
    found = _read(metadata, "ss_datasets")
    if not isinstance(found, list):
        return []
    return [dict(_items(entry)) for entry in cast("list[object]", found)]


def _of_datasets(metadata: Metadata, key: str) -> Iterator[object]:
    for dataset in datasets(metadata):
        yield dataset.get(key)


def _read(metadata: Metadata, key: str) -> object:
    try:
        return json.loads(metadata.get(key, "null"))
    except (ValueError, RecursionError):
        return None


def _items(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from cast("dict[str, Any]", value).items()


def _values(value: object) -> Iterator[object]:
    for _, entry in _items(value):
        yield entry
