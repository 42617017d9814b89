"""Names and captions of exported samples."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from enogu.pictures.buckets import BucketFit
from enogu.pictures.exporting.model import Sample
from enogu.pictures.importing.names import free_place, safe_place, stem_of
from enogu.pictures.scan import PictureRecord


def name_samples(
    records: Sequence[PictureRecord],
    caption_of: Callable[[PictureRecord], str],
    fit_of: Callable[[PictureRecord], BucketFit] | None = None,
) -> tuple[Sample, ...]:
    """Give every sample a name of its own and its caption.

    Folders become part of the name, since most forms have one folder; dots inside a name become
    underscores, because shards cut names at their first dot.

    Args:
        records: In their order.
        caption_of: The caption as it is written.
        fit_of: The bucket of each, when samples are written at the size of it.
    """
    taken: set[str] = set()
    samples: list[Sample] = []
    for record in records:
        inside = PurePosixPath(unicodedata.normalize("NFC", record.relative))
        parts = [*inside.parent.parts, inside.stem, *([record.part] if record.part else [])]
        name = "-".join(parts).replace(".", "_")
        place = free_place(safe_place(PurePosixPath(f"{name}.png"), ".png"), taken)
        taken.add(stem_of(place))
        samples.append(
            Sample(
                record=record,
                stem=place.stem,
                caption=caption_of(record),
                fit=None if fit_of is None else fit_of(record),
            )
        )
    return tuple(samples)
