"""What the groups of the vocabulary mean for training a LoRA."""

from typing import Final

from enogu.tags.dataset.knowledge import KnowsTags, group_of
from enogu.tags.dataset.people import counts_people

TRAIT_GROUPS: Final = frozenset({"hair", "eyes", "body", "face", "animal_features", "age"})
"""What belongs to a character whatever it wears and does."""

SETTING_GROUPS: Final = frozenset(
    {
        "background", "composition", "framing", "light", "nature", "places", "plants", "style",
        "time", "view", "weather", "season", "seasons", "meta", "quality", "medium",
    }
)  # fmt: skip
"""What belongs to the picture and not to the character."""

# Picture quality and counts of people are not combined with anything by choice.
_NOT_CHANGEABLE: Final = frozenset({"", "meta", "quality", "people"})


def is_changeable(group: str) -> bool:
    """Say whether tags of a group are something a person combines at will."""
    return group not in _NOT_CHANGEABLE


def role_of(name: str, knows: KnowsTags | None) -> str:
    """Return what a tag is for a data set of one subject.

    Args:
        name: A normal name.
        knows: The vocabulary; without it only the commonest endings are understood.

    Returns:
        ``people`` (``1girl``), ``trait`` (``blue_hair``), ``setting`` (``white_background``), or
        ``other``.
    """
    group = group_of(knows, name)
    if counts_people(name) or group == "people":
        return "people"
    if group in TRAIT_GROUPS or name.endswith(("_hair", "_eyes")):
        return "trait"
    if group in SETTING_GROUPS or name.endswith("_background"):
        return "setting"
    return "other"


GROUP_ORDER: Final = (
    "quality", "people", "age", "body", "animal_features", "hair", "eyes", "face", "expression",
    "headwear", "clothes", "tops", "bottoms", "dresses", "footwear", "legwear", "accessories",
    "jewelry", "hands", "pose", "action", "gaze", "food", "objects", "animals", "",
    "framing", "composition", "view", "background", "places", "nature", "plants", "season",
    "holidays", "time", "weather", "light", "style", "medium", "text", "meta",
)  # fmt: skip
"""The order of a sorted caption; the empty name is the place of tags without a group."""
