"""Category codes: the same number means different things on different sites.

Sources: the two sites' tag pages; the code tables of tagcomplete's merged file; WD taggers'
``selected_tags.csv``; KBlueLeaf's SQLite export.
"""

from types import MappingProxyType
from typing import Final

_DANBOORU: Final = {0: "general", 1: "artist", 3: "copyright", 4: "character", 5: "meta"}
_E621: Final = {
    0: "general",
    1: "artist",
    3: "copyright",
    4: "character",
    5: "species",
    6: "invalid",
    7: "meta",
    8: "lore",
}

CATEGORY_OF: Final = MappingProxyType(
    {("danbooru", code): name for code, name in _DANBOORU.items()}
    | {("danbooru", 9): "rating"}
    | {("e621", code): name for code, name in _E621.items()}
    | {("enogu", code): name for code, name in _DANBOORU.items()}
)
"""Category by (site, code)."""

_E621_OFFSET_IN_MERGED_FILES: Final = 7


def site_and_code(code: int, *, site: str = "danbooru") -> tuple[str, int]:
    """Return (site, code) of a row, where files that merge two sites shift the second one.

    Args:
        code: The number as written. 7 to 15 in a file of Danbooru's are e621's 0 to 8.
        site: The site of the file; for e621 the number is kept.
    """
    if site == "danbooru" and _E621_OFFSET_IN_MERGED_FILES <= code <= 15:
        return "e621", code - _E621_OFFSET_IN_MERGED_FILES
    return site, code


CODE_OF: Final = MappingProxyType(
    {(site, name): code for (site, code), name in CATEGORY_OF.items()}
    | {("danbooru", "series"): 3, ("danbooru", "species"): 0, ("danbooru", "unknown"): 0}
)
"""Code by (site, word)."""
