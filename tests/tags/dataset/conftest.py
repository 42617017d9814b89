from pathlib import Path

import pytest

from enogu.pictures.listing import list_files
from enogu.tags.dataset import CaptionSyntax, load_captions
from enogu.tags.names import normal_name
from enogu.tags.vocabulary.model import Resolution, TagInfo

GROUPS = {
    "people": ("1girl", "2girls", "solo"),
    "hair": ("blue_hair", "black_hair", "long_hair", "very_long_hair", "ponytail", "hair"),
    "eyes": ("blue_eyes", "red_eyes"),
    "headwear": ("hat", "witch_hat", "hairband"),
    "clothes_upper": ("dress", "red_dress", "t-shirt", "shirt"),
    "expression": ("smile", "crying"),
    "background": ("white_background", "simple_background"),
    "quality": ("best_quality",),
    "time": ("day", "night"),
}
IMPLIES = {
    "very_long_hair": ("long_hair",),
    "witch_hat": ("hat",),
    "red_dress": ("dress",),
    "t-shirt": ("shirt",),
    "white_background": ("simple_background",),
}
EXCLUSIVE = {
    "number_of_girls": ("1girl", "2girls"),
    "time_of_day": ("day", "night"),
    "hair_colour": ("blue_hair", "black_hair"),
    "hair_length": ("long_hair", "very_long_hair", "short_hair"),
}
ALIASES = {"tee": "t-shirt", "blue_haired": "blue_hair"}
HEIRS = {"old_hat": ("hat", "smile")}


class SmallVocabulary:
    """A few tags, written out, so that expected results can be told by hand."""

    def _group(self, name):
        return next((group for group, names in GROUPS.items() if name in names), "")

    def get(self, name):
        key = normal_name(name)
        if not self._group(key) and key not in HEIRS:
            return None
        return TagInfo(
            name=key, site="enogu", category="general", count=1000, rating="general",
            deprecated=key in HEIRS, heirs=HEIRS.get(key, ()), group=self._group(key),
            implies=IMPLIES.get(key, ()),
        )  # fmt: skip

    def resolve(self, text):
        key = normal_name(text)
        if self.get(key) is not None:
            return Resolution(text=text, name=key, how="tag")
        if key in ALIASES:
            return Resolution(text=text, name=ALIASES[key], how="alias")
        return Resolution(text=text, name=None, how="unknown")

    def ancestors(self, name):
        found = []
        for parent in IMPLIES.get(normal_name(name), ()):
            found += [parent, *self.ancestors(parent)]
        return tuple(found)

    def exclusive_groups(self, name):
        key = normal_name(name)
        return tuple(group for group, names in EXCLUSIVE.items() if key in names)

    def nearest(self, text, limit=3):
        return ("smile",) if normal_name(text).startswith("sm") else ()


@pytest.fixture
def knows():
    return SmallVocabulary()


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "set"
    place.mkdir()
    return place


@pytest.fixture
def make(folder):
    """Write captions (text or bytes by file name) and read the folder."""

    def write_and_read(files, *, syntax=None):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(folder, syntax=syntax)

    return write_and_read


def read(folder: Path, *, syntax: CaptionSyntax | None = None):
    listing = list_files(folder)
    return load_captions(folder, listing.captions, pictures=listing.pictures, syntax=syntax)


@pytest.fixture
def reread():
    return read
