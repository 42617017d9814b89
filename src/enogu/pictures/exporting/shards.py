"""WebDataset: tar files of samples, with the metadata of each shard beside it."""

import importlib
import importlib.util
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from enogu.files import atomic_path
from enogu.pictures.exporting.model import Sample
from enogu.pictures.exporting.render import Rendered

_KEY_DIGITS: Final = 4
_SHARD_DIGITS: Final = 5


class ShardForm:
    """Shards ``00000.tar`` whose samples are ``000000000.png``, ``.txt``, ``.json`` and a mask.

    A shard appears when it is full or the export ends, so one that is there is whole; what a
    stopped run had of the next one is made again.

    Args:
        folder: Where to.
        shard_size: Samples in one shard.
    """

    def __init__(self, folder: Path, shard_size: int) -> None:
        self._folder = folder
        self._size = shard_size
        shards = sorted(folder.glob("[0-9]*.tar"))
        self._ready = len(shards)
        self._written = {stem for shard in shards for stem in _stems_in(shard)}
        self._waiting: list[tuple[Sample, Rendered]] = []
        self.notes: list[str] = []
        self.num_masks = 0

    def has(self, sample: Sample) -> bool:
        """Tell by the metadata of the shards that are there."""
        return sample.stem in self._written

    def add(self, sample: Sample, files: Rendered) -> None:
        """Take one sample; a full shard is written."""
        self._waiting.append((sample, files))
        if len(self._waiting) == self._size:
            self._write()

    def close(self, samples: Sequence[Sample], *, complete: bool) -> None:
        """Write the last shard when nothing is missing from it."""
        if complete and self._waiting:
            self._write()
        if complete and importlib.util.find_spec("pyarrow") is None:
            self.notes.append(
                "without the package pyarrow the shards have no Parquet table of their metadata; "
                "pip install 'enogu[parquet]' adds it"
            )

    def _write(self) -> None:
        shard = f"{self._ready:0{_SHARD_DIGITS}d}"
        rows: list[dict[str, object]] = []
        with atomic_path(self._folder / f"{shard}.tar") as path, tarfile.open(path, "w") as tar:
            for number, (sample, files) in enumerate(self._waiting):
                key = f"{shard}{number:0{_KEY_DIGITS}d}"
                row = _row(key, sample, files)
                rows.append(row)
                _add(tar, f"{key}{files.suffix}", files.picture)
                _add(tar, f"{key}.txt", sample.caption.encode("utf-8"))
                if files.mask is not None:
                    self.num_masks += 1
                    _add(tar, f"{key}.mask.png", files.mask)
                text = json.dumps(row, ensure_ascii=False)
                _add(tar, f"{key}.json", text.encode("utf-8"))
        if importlib.util.find_spec("pyarrow") is not None:
            _write_table(self._folder / f"{shard}.parquet", rows)
        self._ready += 1
        self._waiting.clear()


def _stems_in(shard: Path) -> Iterator[str]:
    with tarfile.open(shard) as tar:
        for member in tar:
            if member.name.endswith(".json"):
                handle = tar.extractfile(member)
                assert handle is not None
                yield json.load(handle)["stem"]


def _row(key: str, sample: Sample, files: Rendered) -> dict[str, object]:
    """Return what img2dataset calls the metadata of a sample, as far as it applies."""
    record = sample.record
    return {
        "key": key,
        "status": "success",
        "caption": sample.caption,
        "width": files.width,
        "height": files.height,
        "original_width": record.width,
        "original_height": record.height,
        "sha256": record.id,
        "name": record.name,
        "stem": sample.stem,
        "repeats": record.repeats,
    }


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    # No times and owners: the same samples make the same shard.
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    tar.addfile(member, io.BytesIO(data))


def _write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    with atomic_path(path) as temporary:
        parquet.write_table(arrow.Table.from_pylist(list(rows)), temporary)
