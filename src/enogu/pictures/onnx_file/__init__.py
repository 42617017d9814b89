"""Networks for pictures from ONNX files that the person brings, each with a small card."""

from enogu.pictures.onnx_file.card import (
    InputCard,
    JsonObject,
    card_path,
    check_keys,
    input_card,
    network_digest,
    object_at,
    read_card,
)
from enogu.pictures.onnx_file.prepare import Placement, from_output, scaled_input, to_input
from enogu.pictures.onnx_file.session import InputShape, PictureModel

__all__ = [
    "InputCard",
    "InputShape",
    "JsonObject",
    "PictureModel",
    "Placement",
    "card_path",
    "check_keys",
    "from_output",
    "input_card",
    "network_digest",
    "object_at",
    "read_card",
    "scaled_input",
    "to_input",
]
