import pytest

from enogu.tags.names import normal_name
from enogu.tags.vocabulary import Resolution, TagInfo

TAGS = {
    "1girl": (9_000, "people"),
    "2girls": (3_000, "people"),
    "smile": (8_000, "expression"),
    "red_hair": (5_000, "hair"),
    "blue_hair": (5_000, "hair"),
    "long_hair": (9_000, "hair"),
    "multicolored_hair": (2_000, "hair"),
    "animal_ears": (7_000, "ears"),
    "cat_ears": (6_000, "ears"),
    "hat": (8_000, "headwear"),
    "outdoors": (8_000, "background"),
    "masterpiece": (9_000, "quality"),
    "odd_hat": (40, "headwear"),
    "new_hat": (0, "headwear"),
    "old_tag": (500, "headwear"),
    "fox_(species)": (900, "animals"),
}
PARENTS = {"cat_ears": ("animal_ears",)}
ALIASES = {"nekomimi": "cat_ears"}
OTHERS = {"猫耳": "cat_ears"}
HEIRS = {"old_tag": ("hat",)}
EXCLUSIVE = {"red_hair": ("hair_colour",), "blue_hair": ("hair_colour",)}


class SmallVocabulary:
    """A dozen tags with every relation that the checks ask for."""

    def get(self, name):
        key = normal_name(name)
        if key not in TAGS:
            return None
        count, group = TAGS[key]
        return TagInfo(
            name=key,
            site="enogu",
            category="general",
            count=count,
            rating="general",
            deprecated=key in HEIRS,
            heirs=HEIRS.get(key, ()),
            group=group,
            japanese=(),
            readings=(),
            aliases=(),
            implies=PARENTS.get(key, ()),
            implied_by=(),
            explanation="",
            explanation_ja="",
        )

    def resolve(self, text):
        key = normal_name(text)
        if key in TAGS:
            return Resolution(text=text, name=key, how="tag")
        if key in ALIASES:
            return Resolution(text=text, name=ALIASES[key], how="alias")
        if key in OTHERS:
            return Resolution(text=text, name=OTHERS[key], how="other_name")
        return Resolution(text=text, name=None, how="unknown")

    def ancestors(self, name):
        return PARENTS.get(name, ())

    def exclusive_groups(self, name):
        return EXCLUSIVE.get(name, ())

    def nearest(self, text, limit=3):
        return ("smile",) if text.startswith("sm") else ()


@pytest.fixture
def words():
    return SmallVocabulary()
