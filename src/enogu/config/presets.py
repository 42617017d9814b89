"""Named sets of differences from the defaults.

Keys are dotted setting names. A preset holds only what differs, so a changed default reaches
everyone who did not choose otherwise.
"""

from collections.abc import Mapping

Differences = Mapping[str, object]

PRESETS: dict[str, Differences] = {
    "quick": {
        "train.steps": 200,
        "train.rank": 8,
        "train.alpha": 8.0,
        "train.save_every": 100,
        "samples.every": 100,
        "captions.variants": 4,
    },
    "character": {
        "captions.shuffle": True,
        "captions.dropout": 0.05,
        "train.rank": 16,
        "train.alpha": 8.0,
        "train.schedule": "cosine",
    },
}

_SMALL_BASE: Differences = {
    "train.steps": 800,
    "train.batch_size": 4,
    "train.learning_rate": 4e-3,
    "train.text_encoder": True,
    "train.save_every": 200,
    "samples.every": 200,
}
EMBEDDED_BASES = ("mini", "mini-v")
"""Bases that ship with the package.

`mini-v` is `mini` gone on with on a noise schedule that ends in pure noise."""

BASE_PROFILES: dict[str, Differences] = dict.fromkeys(EMBEDDED_BASES, _SMALL_BASE)
"""What a base of that name asks for by itself: a small model learns with larger steps."""
