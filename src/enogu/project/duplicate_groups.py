"""Copies and look-alikes of a project, gathered into groups that a person can look at."""

from collections import defaultdict
from dataclasses import asdict, dataclass

from enogu.pictures.records import JsonValue, StepResult
from enogu.pictures.steps import DUPLICATES
from enogu.project.prep import PrepPlace


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One copy of a picture."""

    name: str
    sure: bool
    changes: tuple[str, ...]
    """What was done to it, seen from the picture that is kept; empty for one saved anew."""


@dataclass(frozen=True, kw_only=True)
class CopyGroup:
    """A picture with its copies."""

    keep: str
    """The file that shows most, or is the best."""
    copies: tuple[Copy, ...]


@dataclass(frozen=True, kw_only=True)
class DuplicateGroups:
    """What :func:`duplicate_groups` returns."""

    copies: tuple[CopyGroup, ...]
    """By the name of what is kept."""
    alike: tuple[tuple[str, ...], ...]
    """Pictures that resemble each other and are drawn differently, the largest group first; not
    each needs to resemble every other."""

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "copies": [asdict(group) for group in self.copies],
            "alike": [list(names) for names in self.alike],
        }


def duplicate_groups(place: PrepPlace) -> DuplicateGroups:
    """Gather what the comparison of all pictures found.

    Args:
        place: The project; pictures that were not compared are in no group.
    """
    files: defaultdict[str, list[str]] = defaultdict(list)
    for entry in place.entries:
        files[entry.picture_id].append(entry.relative)
    results = {
        result.picture_id: result
        for result in place.records.results_of(DUPLICATES)
        if result.picture_id in files
    }
    copies: defaultdict[str, list[Copy]] = defaultdict(list)
    for picture_id, names in files.items():
        result = results.get(picture_id)
        keeper = str(result.values["of"]) if result and "of" in result.values else picture_id
        if result is not None and keeper != picture_id:
            copies[keeper].append(_copy(names[0], result))
        copies[keeper] += [Copy(name=name, sure=True, changes=("identical",)) for name in names[1:]]
    groups = [
        CopyGroup(keep=files[keeper][0], copies=tuple(found))
        for keeper, found in copies.items()
        if found and keeper in files
    ]
    alike = [sorted(files[one][0] for one in cluster) for cluster in _clusters(results)]
    return DuplicateGroups(
        copies=tuple(sorted(groups, key=lambda group: group.keep)),
        alike=tuple(
            tuple(names) for names in sorted(alike, key=lambda names: (-len(names), names))
        ),
    )


def _copy(name: str, result: StepResult) -> Copy:
    return Copy(
        name=name,
        sure=result.verdict == "copy",
        changes=tuple(map(str, _list(result.values.get("changes")))),
    )


def _clusters(results: dict[str, StepResult]) -> list[set[str]]:
    """Return the sets of pictures that hang together by being alike."""
    home: dict[str, set[str]] = {}
    for picture_id, result in results.items():
        for other in map(str, _list(result.values.get("alike"))):
            if other not in results:
                continue
            merged = home.get(picture_id, {picture_id}) | home.get(other, {other})
            home.update(dict.fromkeys(merged, merged))
    return list({id(cluster): cluster for cluster in home.values()}.values())


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
