"""Conflicts of pictures and captions."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _bounds_that_are_ignored(config: "ProjectConfig", known: Known) -> str | None:
    pictures = config.pictures
    bounds = {"bucket_min": pictures.bucket_min, "bucket_max": pictures.bucket_max}
    given = [f"pictures.{name} = {value}" for name, value in bounds.items() if value is not None]
    if pictures.bucket_mode != "no_upscale" or not given:
        return None
    return (
        f"pictures.bucket_mode 'no_upscale' takes the sides from the pictures and ignores "
        f"{' and '.join(given)}; leave them empty, or use the mode 'list'"
    )


def _longest_side_cuts(config: "ProjectConfig", known: Known) -> str | None:
    pictures = config.pictures
    resolution = pictures.resolution or known.resolution
    longest = pictures.bucket_max
    if pictures.bucket_mode == "no_upscale" or resolution is None or longest is None:
        return None
    # With equal bounds one size for all pictures is meant.
    if longest >= 1.5 * resolution or longest == pictures.bucket_min:
        return None
    return (
        f"pictures.bucket_max {longest} is below 1.5 times the resolution {resolution}, so tall "
        f"and wide pictures would be shrunk below the area the base was made for; set it to "
        f"{-(-3 * resolution // 2)} or above, or leave it empty"
    )


def _shuffled_prefix(config: "ProjectConfig", known: Known) -> str | None:
    captions = config.captions
    if not captions.shuffle or captions.keep_separator or not captions.prefix.strip():
        return None
    tags = [tag for tag in captions.prefix.split(captions.separator) if tag.strip()]
    if captions.keep_tags >= len(tags):
        return None
    return (
        f"captions.prefix has {len(tags)} tags, which count as the caption's own, but "
        f"captions.keep_tags is {captions.keep_tags}, so they would be shuffled away from the "
        f"start; set captions.keep_tags to {len(tags)} or more, or switch captions.shuffle off"
    )


PICTURE_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "bounds-without-reader",
        ("pictures.bucket_mode", "pictures.bucket_min", "pictures.bucket_max"),
        "Without enlarging, a bucket is the picture's own size rounded down; the bounds are not "
        "looked at.",
        _bounds_that_are_ignored,
    ),
    Conflict(
        "longest-side-below-one-and-a-half",
        ("pictures.bucket_max", "pictures.resolution"),
        "At 1024 with a longest side of 1024 a picture of 832x1216 is trained as 832x1024: the "
        "usual tall and wide sizes need 1.5 times the resolution.",
        _longest_side_cuts,
    ),
    Conflict(
        "prefix-is-shuffled",
        ("captions.prefix", "captions.keep_tags", "captions.shuffle"),
        "A prefix is part of the caption, so the tags that keep their place count it.",
        _shuffled_prefix,
    ),
)
