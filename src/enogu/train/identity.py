"""What makes a run this run: if it differs, the run cannot be continued as if nothing was."""

from collections.abc import Sequence

from enogu.config import ProjectConfig
from enogu.files import content_key
from enogu.train.prepare import Prepared

_FREE_SETTINGS = {
    "samples": None,
    # Which pictures are trained is part of the digest by itself.
    "validation": None,
    "draw": None,
    "prep": None,
    "machine": {"threads", "device", "gpus", "memory", "park", "offload"},
    "train": {
        "save_every",
        "save_every_epochs",
        "save_every_minutes",
        "keep_last",
        "keep_every",
        "save_dtype",
        "name",
        "comment",
        "private_metadata",
        "tensorboard",
    },
    "pictures": {"max_megapixels"},
}
"""Settings that change nothing in the adapter: whole sections, or some of their settings. What
preparing does shows in the pictures themselves."""


def free_settings(name: str) -> bool:
    """Whether a setting, by its dotted name, changes nothing in the adapter."""
    section, _, rest = name.partition(".")
    names = _FREE_SETTINGS.get(section, frozenset())
    return names is None or rest in names or name in ("base", "preset", "version")


def run_digest(
    config: ProjectConfig,
    prepared: Prepared,
    *,
    base_hash: str,
    precision: str,
    starting_hashes: Sequence[str] = (),
) -> str:
    """Return a digest of everything that the trained weights depend on.

    Args:
        config: All settings.
        prepared: The pictures with their captions and rectangles.
        base_hash: Content hash of the base.
        precision: Name of the number format of the base.
        starting_hashes: Content hashes of the adapter files the run starts from.
    """
    settings = config.model_dump(mode="json")
    # Two GPUs with a batch of 2 make the same step as one with a batch of 4.
    settings["train"]["batch_size"] *= config.machine.gpus
    for section, names in _FREE_SETTINGS.items():
        if names is None:
            del settings[section]
        else:
            settings[section] = {
                key: value for key, value in settings[section].items() if key not in names
            }
    del settings["base"], settings["preset"], settings["version"]
    pictures = [
        [
            item.record.id,
            item.record.caption,
            item.record.class_words,
            item.record.repeats,
            list(item.fit.bucket),
            [item.fit.crop_left, item.fit.crop_top],
            *([item.record.changes] if item.record.changes else []),
            *([] if item.may_flip else ["never mirrored"]),
        ]
        for item in prepared.all_items
    ]
    return content_key(
        {
            "settings": settings,
            "pictures": pictures,
            "num_regularisation": len(prepared.regularisation),
            "base": base_hash,
            "precision": precision,
            "starting": list(starting_hashes),
        }
    )
