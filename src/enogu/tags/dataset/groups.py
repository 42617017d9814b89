"""What the groups of the vocabulary mean for training a LoRA."""

import re
from typing import Final, Literal

from enogu.tags.dataset.knowledge import KnowsTags, group_of
from enogu.tags.dataset.people import counts_people

Role = Literal["people", "trait", "setting", "other"]

SETTING_GROUPS: Final = frozenset(
    {
        "background", "colours", "composition", "effects", "faults", "framing", "light", "medium",
        "meta", "nature", "places", "quality", "style", "text", "time", "view", "weather",
    }
)  # fmt: skip
"""What belongs to the picture and not to the character."""

GROUP_ORDER: Final = (
    "quality", "people", "hair", "eyes", "face", "ears_tails_wings", "expression", "headwear",
    "eyewear", "accessories", "clothes_upper", "outerwear", "dresses", "uniforms", "traditional",
    "clothes_lower", "footwear_legwear", "patterns", "bags", "hands", "pose", "interaction",
    "activities", "sports", "weapons_tools", "instruments", "devices", "toys", "stationery",
    "food", "drinks", "tableware", "furniture", "vehicles", "animals", "fantasy", "objects",
    "symbols", "", "framing", "composition", "view", "background", "places", "nature", "plants",
    "holidays", "time", "weather", "light", "effects", "colours", "style", "medium", "text",
    "faults", "meta",
)  # fmt: skip
"""The order of a sorted caption; the empty name is the place of tags without a group."""

# Picture quality and counts of people are not combined with anything by choice.
_NOT_CHANGEABLE: Final = frozenset({"", "faults", "meta", "quality", "people"})
_SETTING_NAMES: Final = frozenset({"chibi", "multiple_views"})

# Of some groups only a part stays with a character from picture to picture.
_NOT_PART_OF_HAIR: Final = re.compile(
    r".*(?:ornament|hairband|hairclip|hairpin|scrunchie|kanzashi|_on_head)"
    r"|hair_(?:bow|ribbon|flower|tie|bobbles|bell|beads|stick|tubes|down|flip|spread_out)"
    r"|(?:wet|messy|floating|shiny|adjusting|tying|alternate)_hair.*|alternate_.*"
    r"|.*_own_hair|hairdressing|forehead"
)
_NOT_PART_OF_BODY: Final = re.compile(
    r"fake_.*|(?:ear|horn|tail)_(?:ornament|bow|ribbon|bell|ring|piercing)|.*_headphones"
    r"|tail_(?:raised|wagging)|ears_down|ear_wiggle|spread_wings|holding_own_tail"
    r"|ears_through_headwear|kemonomimi_mode"
)
_EYES_OF_A_CHARACTER: Final = re.compile(
    r"(?:aqua|black|blue|brown|green|grey|orange|pink|purple|red|white|yellow|rainbow|gradient"
    r"|multicolored|two-tone|button|ringed|extra)_eyes|heterochromia|tsurime|tareme|jitome|sanpaku"
    r"|(?:long_|colored_)?eyelashes|\w+_sclera|(?:slit|bright|horizontal|mismatched)_pupils"
    r"|one-eyed|cyclops|third_eye|mechanical_eye|scar_across_eye"
)
_FACE_OF_A_CHARACTER: Final = re.compile(
    r"(?:facial|whisker|forehead)_(?:hair|marks?|markings)|.*(?:beard|mustache|tattoo|tusks|snout)"
    r"|scar.*|.*_scar|mole.*|freckles|fangs?|skin_fang|sharp_teeth|(?:thick|short|forked)_eyebrows"
    r"|goatee|stubble|animal_nose|(?:big|pointy|no)_nose|thick_lips|buck_teeth|blush_stickers"
)
_BUILD_OF_A_CHARACTER: Final = re.compile(r".*skin.*|tan|elf|fairy|.*[a-z]_(?:girl|boy)|.*muscular")


# Garments of which one is worn in the place of another: a dress and a shirt need not meet.
_OUTFIT_GROUPS: Final = frozenset(
    {"clothes_upper", "clothes_lower", "dresses", "traditional", "uniforms"}
)


def kind_of(group: str) -> str:
    """Return what a group's tags compete with: the group itself, or the outfit as a whole."""
    return "outfit" if group in _OUTFIT_GROUPS else group


def is_changeable(group: str) -> bool:
    """Say whether tags of a group are something a person combines at will."""
    return group not in _NOT_CHANGEABLE


def role_of(name: str, knows: KnowsTags | None) -> Role:
    """Return what a tag is for a data set of one subject.

    Args:
        name: A normal name.
        knows: The vocabulary; without it only the commonest endings are understood.

    Returns:
        ``people`` (``1girl``), ``trait`` (``blue_hair``), ``setting`` (``white_background``), or
        ``other`` (``hat``, ``smile``).
    """
    group = group_of(knows, name)
    if counts_people(name):
        return "people"
    if _is_trait(name, group):
        return "trait"
    if group in SETTING_GROUPS or name in _SETTING_NAMES or name.endswith("_background"):
        return "setting"
    return "other"


def _is_trait(name: str, group: str) -> bool:
    if group == "hair":
        return not _NOT_PART_OF_HAIR.fullmatch(name)
    if group == "ears_tails_wings":
        return not _NOT_PART_OF_BODY.fullmatch(name)
    if group == "eyes":
        return _EYES_OF_A_CHARACTER.fullmatch(name) is not None
    if group == "face":
        return _FACE_OF_A_CHARACTER.fullmatch(name) is not None
    if group == "people":
        return _BUILD_OF_A_CHARACTER.fullmatch(name) is not None
    # A tag that the vocabulary does not know: only its ending speaks.
    return not group and re.fullmatch(r"(?!closed|half-closed).+_(?:hair|eyes)", name) is not None
