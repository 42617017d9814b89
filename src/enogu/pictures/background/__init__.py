"""Telling the subject of a picture from its background."""

from enogu.pictures.background.decide import VERSION, find_background, subject_box
from enogu.pictures.background.matte import MATTE_PRESETS, MatteCard, MatteModel, matte_card
from enogu.pictures.background.model import Background, BackgroundSettings, Enclosed, Method
from enogu.pictures.background.shared import (
    BackgroundSeen,
    SharedBackground,
    find_shared_background,
)
from enogu.pictures.background.use import background_tags, cut_out, loss_mask, on_colour

__all__ = [
    "MATTE_PRESETS",
    "VERSION",
    "Background",
    "BackgroundSeen",
    "BackgroundSettings",
    "Enclosed",
    "MatteCard",
    "MatteModel",
    "Method",
    "SharedBackground",
    "background_tags",
    "cut_out",
    "find_background",
    "find_shared_background",
    "loss_mask",
    "matte_card",
    "on_colour",
    "subject_box",
]
