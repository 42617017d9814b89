"""Which pictures may be mirrored: those in which nothing has a right side and a wrong one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from enogu.tags.caption import split_tags
from enogu.tags.names import normal_name

_ONE_SIDED: Final = frozenset(
    {
        "armband",
        "artist_name",
        "bandage_over_one_eye",
        "bare_one_shoulder",
        "character_name",
        "clock",
        "copyright_name",
        "eyepatch",
        "hair_flower",
        "hair_ornament",
        "hair_over_one_eye",
        "hairclip",
        "heterochromia",
        "left-handed",
        "logo",
        "map",
        "off_one_shoulder",
        "one-shoulder",
        "one_eye_covered",
        "one_side_up",
        "right-handed",
        "side_braid",
        "side_ponytail",
        "speech_bubble",
        "swept_bangs",
        "text_focus",
        "translation_request",
        "watermark",
        "web_address",
    }
)
_BEGINNINGS: Final = (
    "asymmetrical_",
    "left_",
    "mismatched_",
    "mole_",
    "right_",
    "scar_",
    "single_",
    "uneven_",
)
_ENDINGS: Final = (
    "_eyepatch",
    "_hair_ornament",
    "_hairclip",
    "_logo",
    "_on_one_side",
    "_over_one_eye",
    "_over_one_shoulder",
    "_scar",
    "_text",
    "_watermark",
    "signature",
)
_REGIONS: Final = frozenset({"asymmetric", "eyepatch", "logo", "signature", "text", "watermark"})
_OF_THE_SUBJECT: Final = 1 / 3
"""In so many captions a feature is the subject's own, and a picture without its tag has it too."""


def asymmetry_of(tags: Iterable[str], region_kinds: Iterable[str] = ()) -> str | None:
    """Return the first tag or region that makes a mirrored picture wrong.

    Args:
        tags: Of the caption, in any spelling.
        region_kinds: What was found or drawn in the picture; a person marks anything as
            ``asymmetric``.

    Returns:
        Its name, or None where mirroring is harmless.
    """
    for tag in tags:
        key = normal_name(tag)
        if key in _ONE_SIDED or key.startswith(_BEGINNINGS) or key.endswith(_ENDINGS):
            return tag
    return next((kind for kind in region_kinds if kind in _REGIONS), None)


def mirror_obstacles(
    samples: Sequence[tuple[str, Sequence[str]]], *, separator: str = ","
) -> Mapping[int, str]:
    """Say which samples of a set must not be mirrored.

    A one-sided feature in a third of the captions or more is the subject's own: then no sample is
    mirrored, because where its tag is missing the feature mostly is not.

    Args:
        samples: The caption of each, and the kinds of its regions.
        separator: Divides the tags of a caption.

    Returns:
        By place in `samples`, the tag or region that is in the way.
    """
    found: dict[int, str] = {}
    for place, (caption, kinds) in enumerate(samples):
        tags = [
            tag for line in caption.splitlines() for tag in split_tags(line, separator=separator)
        ]
        reason = asymmetry_of(tags, kinds)
        if reason is not None:
            found[place] = reason
    common = Counter(normal_name(reason) for reason in found.values()).most_common(1)
    if common and common[0][1] >= _OF_THE_SUBJECT * len(samples):
        return {place: found.get(place, common[0][0]) for place in range(len(samples))}
    return found
