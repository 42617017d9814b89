"""What was found in captions as documents for programs."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from enogu.errors import CaptionError
from enogu.tags.dataset.captions import CaptionSet, Ids
from enogu.tags.dataset.change import EditPlan
from enogu.tags.dataset.checks import Finding
from enogu.tags.dataset.document import tag_key
from enogu.tags.dataset.similarity import similarities
from enogu.tags.dataset.statistics import Statistics
from enogu.tags.vocabulary.model import MEASURES, Measure

_PAIRS_LISTED = 1000


def files_as_dict(captions: CaptionSet) -> dict[str, object]:
    """Return which files were read and which were not."""
    return {
        "folder": str(captions.folder),
        "files": len(captions.files),
        "captions": captions.num_captions,
        "unusable": [{"path": str(item.path), "reason": item.reason} for item in captions.unusable],
        "warnings": list(captions.warnings),
        "pictures_without_caption": [str(path) for path in captions.without_caption],
        "captions_without_picture": [str(path) for path in captions.without_picture],
    }


def statistics_as_dict(statistics: Statistics) -> dict[str, object]:
    """Return statistics; of the pairs, those that stand together most often."""
    fewest, mean, most = statistics.tags_per_caption
    return {
        **files_as_dict(statistics.captions),
        "empty_captions": statistics.empty,
        "tags_per_caption": {"fewest": fewest, "mean": mean, "most": most},
        "trigger": statistics.trigger,
        "captions_with_trigger": statistics.with_trigger,
        "tags": [asdict(row) for row in statistics.tags],
        "absorbed": [asdict(row) for row in statistics.absorbed],
        "single": list(statistics.single),
        "never_together": [asdict(row) for row in statistics.apart],
        "drift": [asdict(row) for row in statistics.drift],
        "together": together_rows(statistics, limit=_PAIRS_LISTED),
    }


def together_rows(
    statistics: Statistics,
    measure: Measure = "cosine",
    *,
    least: int = 1,
    limit: int = 200,
    obvious: bool = True,
) -> list[dict[str, object]]:
    """Return the pairs that belong together most, with all four measures.

    Tags that are absorbed, and the trigger, are left out: they stand with everything.

    Args:
        statistics: The data set.
        measure: Sorts the pairs; equal ones by how many captions hold both.
        least: Fewest captions that must hold both.
        limit: At most this many pairs.
        obvious: Keep pairs of which one is part of the other, as dress and red dress.

    Returns:
        Rows; ``first`` is the rarer tag, so ``frequency`` says how often it brings the other.
    """
    pairs, names = statistics.pairs, statistics.captions.names
    everywhere = {row.name for row in statistics.absorbed} | {statistics.trigger}
    usual = np.array([name not in everywhere for name in names], dtype=np.bool_)
    kept = np.flatnonzero((pairs.together >= least) & usual[pairs.first] & usual[pairs.second])
    rare = pairs.counts[pairs.first] <= pairs.counts[pairs.second]
    first = np.where(rare, pairs.first, pairs.second)[kept]
    second = np.where(rare, pairs.second, pairs.first)[kept]
    together = pairs.together[kept]
    if not obvious:
        new = np.array(
            [
                not _is_part(names[a], names[b]) and not _is_part(names[b], names[a])
                for a, b in zip(first, second, strict=True)
            ],
            dtype=np.bool_,
        )
        first, second, together = first[new], second[new], together[new]
    return _rows(statistics, first, second, together, measure, limit)


def _is_part(name: str, longer: str) -> bool:
    return f"_{name}_" in f"_{longer}_"


def related_rows(
    statistics: Statistics, tag: str, measure: Measure = "cosine", *, limit: int = 200
) -> list[dict[str, object]]:
    """Return what stands together with one tag, by a measure, best first.

    Raises:
        CaptionError: No caption has the tag.
    """
    names = statistics.captions.names
    key = tag_key(tag)
    if key not in names:
        raise CaptionError(
            f"no caption has the tag {tag!r}",
            hint="The tags there are: enogu captions stats --rows 1000",
        )
    number = names.index(key)
    others, together = statistics.pairs.with_tag(number)
    return _rows(statistics, np.full_like(others, number), others, together, measure, limit)


def _rows(
    statistics: Statistics,
    first: Ids,
    second: Ids,
    together: NDArray[np.int64],
    measure: Measure,
    limit: int,
) -> list[dict[str, object]]:
    counts, names = statistics.pairs.counts, statistics.captions.names
    by_measure = {
        name: similarities(together, counts[first], counts[second], name) for name in MEASURES
    }
    order = np.lexsort((second, first, -together, -by_measure[measure]))[:limit]
    return [
        {
            "first": names[first[place]],
            "second": names[second[place]],
            "together": int(together[place]),
            **{name: round(float(values[place]), 6) for name, values in by_measure.items()},
        }
        for place in order
    ]


def findings_as_dict(captions: CaptionSet, findings: tuple[Finding, ...]) -> dict[str, object]:
    """Return what the check found."""
    return {**files_as_dict(captions), "findings": [asdict(finding) for finding in findings]}


def edit_as_dict(plan: EditPlan) -> dict[str, object]:
    """Return what edits would change, or have changed."""
    return {
        "folder": str(plan.captions.folder),
        "edits": list(plan.titles),
        "considered": plan.considered,
        "changes": [
            {
                "file": change.file.relative,
                "lines": [
                    {"line": line.line, "before": list(line.before), "after": list(line.after)}
                    for line in change.lines
                ],
            }
            for change in plan.changes
        ],
        "refused": [{"path": str(item.path), "reason": item.reason} for item in plan.refused],
        "removed": dict(plan.removed.most_common()),
        "added": dict(plan.added.most_common()),
    }
