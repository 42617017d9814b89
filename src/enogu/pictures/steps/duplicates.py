"""Comparing all pictures with each other, kept as one result for each picture."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final, cast

from enogu.errors import PictureError
from enogu.files import content_key
from enogu.pictures.duplicates import (
    FINGERPRINT_VERSION,
    VERSION,
    DuplicateSettings,
    Group,
    LoadPixels,
    Match,
    find_groups,
)
from enogu.pictures.duplicates.fingerprint import Fingerprint
from enogu.pictures.records import JsonValue, Records, StepResult
from enogu.pictures.steps.fingerprint import FINGERPRINT, fingerprint_of

DUPLICATES: Final = "duplicates"


def compare_pictures(
    picture_ids: Sequence[str],
    records: Records,
    load_pixels: LoadPixels,
    *,
    worth: Sequence[float],
    poor: Collection[int] = (),
    settings: DuplicateSettings | None = None,
    again: bool = False,
) -> bool:
    """Find copies and variants and keep them in the records.

    Verdicts: ``single``, ``keeper``, ``copy``, ``variant``, and ``unsure`` for a copy that a
    person should look at. A copy names its keeper in ``of``; ``alike`` holds the
    variants of a picture.

    Args:
        picture_ids: Pictures with a fingerprint, each once.
        records: Where fingerprints are and results go.
        load_pixels: Returns the pixels of the picture at a place in `picture_ids`.
        worth: One number a picture; of copies that show equally much the one worth most is kept.
        poor: Places of pictures that are kept only where all their copies are poor too.
        settings: Defaults when None.
        again: Compare even when nothing changed.

    Returns:
        False when nothing had to be done.

    Raises:
        PictureError: A picture has no fingerprint.
        StorageError: The disk is full.
    """
    settings = settings or DuplicateSettings()
    values = sorted(zip(picture_ids, (f"{one:.6g}" for one in worth), strict=True))
    inputs = content_key(
        {
            "pictures": [list(pair) for pair in values],
            "poor": sorted(picture_ids[place] for place in poor),
            "fingerprints": FINGERPRINT_VERSION,
        }
    )
    digest = content_key(asdict(settings))
    if not again and _holds(picture_ids, records, digest, inputs):
        return False
    groups = find_groups(
        _fingerprints(picture_ids, records), load_pixels, settings, worth=worth, poor=poor
    )
    found = _verdicts(groups, picture_ids)
    _keep(records, picture_ids, found, digest, inputs)
    return True


def _keep(
    records: Records,
    picture_ids: Sequence[str],
    found: Mapping[str, tuple[str, Mapping[str, JsonValue]]],
    digest: str,
    inputs: str,
) -> None:
    with records.changing():
        records.remove_results(DUPLICATES)
        for picture_id in picture_ids:
            verdict, values = found.get(picture_id, ("single", {}))
            records.put_result(
                StepResult(
                    picture_id=picture_id,
                    step=DUPLICATES,
                    version=VERSION,
                    settings=digest,
                    inputs=inputs,
                    verdict=verdict,
                    values=values,
                )
            )


def _holds(picture_ids: Sequence[str], records: Records, settings: str, inputs: str) -> bool:
    waiting = set(picture_ids)
    for result in records.results_of(DUPLICATES):
        if (result.version, result.settings, result.inputs) != (VERSION, settings, inputs):
            return False
        waiting.discard(result.picture_id)
    return not waiting


def _fingerprints(picture_ids: Iterable[str], records: Records) -> Iterator[Fingerprint]:
    for picture_id in picture_ids:
        result = records.result(picture_id, FINGERPRINT)
        if result is None:
            raise PictureError(f"picture {picture_id[:12]} has no fingerprint to compare")
        yield fingerprint_of(result)


def _verdicts(
    groups: Sequence[Group], picture_ids: Sequence[str]
) -> dict[str, tuple[str, Mapping[str, JsonValue]]]:
    found: dict[str, tuple[str, dict[str, JsonValue]]] = {}
    for group in groups:
        keeper = picture_ids[group.keeper]
        for match in group.copies:
            verdict = "copy" if match.sure else "unsure"
            found[picture_ids[match.index]] = verdict, {"of": keeper, **_values(match)}
        if group.copies:
            copies: list[JsonValue] = [picture_ids[match.index] for match in group.copies]
            found[keeper] = "keeper", {**found.get(keeper, ("", {}))[1], "copies": copies}
    for group in groups:
        for match in group.variants:
            for one, other in ((group.keeper, match.index), (match.index, group.keeper)):
                values = found.setdefault(picture_ids[one], ("variant", {}))[1]
                alike = cast(list[JsonValue], values.setdefault("alike", []))
                alike.append(picture_ids[other])
    return dict(found)


def _values(match: Match) -> dict[str, JsonValue]:
    changes: list[JsonValue] = [*match.changes]
    return {
        "changes": changes,
        "difference": round(match.difference, 2),
        "shared": round(match.shared, 3),
    }
