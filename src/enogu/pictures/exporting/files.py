"""The three forms that are folders of files."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from enogu.files import make_dirs, write_bytes_atomic, write_text_atomic
from enogu.pictures.exporting.model import Sample
from enogu.pictures.exporting.render import Rendered
from enogu.pictures.importing.names import safe_place
from enogu.pictures.listing import MASK_ENDING
from enogu.pictures.sniff import PICTURE_SUFFIXES

METADATA_NAME: Final = "metadata.jsonl"


class FormWriter(Protocol):
    """Writes the files of samples in one form."""

    num_masks: int
    notes: list[str]

    def has(self, sample: Sample) -> bool:
        """Tell whether an earlier run wrote a sample already."""
        ...

    def add(self, sample: Sample, files: Rendered) -> None:
        """Write one sample; samples come in their order.

        Raises:
            StorageError: The disk is full.
        """
        ...

    def close(self, samples: Sequence[Sample], *, complete: bool) -> None:
        """Write what belongs to all samples together.

        Args:
            samples: All of the export.
            complete: False when the run was stopped.
        """
        ...


class FolderForm:
    """Pictures with captions ``name.txt`` and masks ``name-masklabel.png`` side by side.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.notes: list[str] = []
        self.num_masks = 0

    def has(self, sample: Sample) -> bool:
        """Tell by the picture, which is written last."""
        return self._written(sample) is not None

    def add(self, sample: Sample, files: Rendered) -> None:
        """Write caption and mask, then the picture."""
        folder = make_dirs(self._place(sample))
        if sample.caption:
            write_text_atomic(folder / f"{sample.stem}.txt", sample.caption + "\n")
        if files.mask is not None:
            write_bytes_atomic(folder / f"{sample.stem}{MASK_ENDING}.png", files.mask)
        write_bytes_atomic(folder / f"{sample.stem}{files.suffix}", files.picture)

    def close(self, samples: Sequence[Sample], *, complete: bool) -> None:
        """Count the masks."""
        self.num_masks = sum(self._mask(sample).is_file() for sample in samples)

    def _place(self, sample: Sample) -> Path:
        return self._folder

    def _mask(self, sample: Sample) -> Path:
        return self._place(sample) / f"{sample.stem}{MASK_ENDING}.png"

    def _written(self, sample: Sample) -> Path | None:
        place = self._place(sample)
        found = (place / f"{sample.stem}{suffix}" for suffix in PICTURE_SUFFIXES)
        return next((path for path in found if path.is_file()), None)


class KohyaForm(FolderForm):
    """Folders ``<repeats>_<words>`` with captions; masks are the alpha channel of the pictures."""

    def close(self, samples: Sequence[Sample], *, complete: bool) -> None:
        """Count the pictures that have a mask in them."""
        self.num_masks = sum(sample.record.mask_path is not None for sample in samples)

    def _place(self, sample: Sample) -> Path:
        return self._folder / kohya_folder(sample)


def kohya_folder(sample: Sample) -> str:
    """Return the folder of a sample inside the exported one."""
    record = sample.record
    words = record.class_words or ("reg" if record.is_reg else "pictures")
    name = f"{record.repeats}_{words}".replace("/", "_")
    name = safe_place(PurePosixPath(f"{name}.png"), ".png").stem
    return f"reg/{name}" if record.is_reg else name


class DiffusersForm(FolderForm):
    """``train/`` with pictures and ``metadata.jsonl``, as the imagefolder of datasets reads it."""

    def add(self, sample: Sample, files: Rendered) -> None:
        """Write mask and picture; captions go into the metadata."""
        folder = make_dirs(self._place(sample))
        if files.mask is not None:
            masks = make_dirs(self._folder / "masks")
            write_bytes_atomic(masks / f"{sample.stem}.png", files.mask)
        write_bytes_atomic(folder / f"{sample.stem}{files.suffix}", files.picture)

    def close(self, samples: Sequence[Sample], *, complete: bool) -> None:
        """Write one line of metadata for each picture."""
        super().close(samples, complete=complete)
        if not complete:
            return
        lines: list[str] = []
        for sample in samples:
            path = self._written(sample)
            if path is not None:
                row = {"file_name": path.name, "text": sample.caption}
                lines.append(json.dumps(row, ensure_ascii=False))
        make_dirs(self._folder / "train")
        write_text_atomic(self._folder / "train" / METADATA_NAME, "\n".join(lines) + "\n")
        if self.num_masks:
            self.notes.append(
                "the loss masks lie in masks/, under the names of their pictures; the scripts of "
                "diffusers do not read them"
            )

    def _place(self, sample: Sample) -> Path:
        return self._folder / "train"

    def _mask(self, sample: Sample) -> Path:
        return self._folder / "masks" / f"{sample.stem}.png"
