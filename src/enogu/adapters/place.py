"""The block of a layer by its name in an adapter file, without the base at hand."""

import re
from collections.abc import Iterable

_SGM = re.compile(r"^lora_unet_(input_blocks|middle_block|output_blocks)_(\d+)_")
_LEVEL = re.compile(r"^lora_unet_(down|up)_blocks_(\d+)_(attentions|resnets)_(\d+)_")
_BETWEEN = re.compile(r"^lora_unet_(down|up)_blocks_(\d+)_(?:downsamplers|upsamplers)_")
_TEXT = re.compile(r"^lora_(te|te1|te2|text_encoder)_.*?encoder_layers_(\d+)_")


class BlockNames:
    """Names blocks as users of block weights know them: IN04, MID, OUT03, TE07.

    Args:
        names: All module names of the file; they tell how many layers a level has.
    """

    def __init__(self, names: Iterable[str]) -> None:
        downs = [match for name in names if (match := _LEVEL.match(name)) and match[1] == "down"]
        # Every family here has two layers a level; a file may adapt fewer of them.
        self._layers = max([2, *(int(match[4]) + 1 for match in downs)])

    def of(self, name: str) -> str:
        """Return the block of a layer; ``other`` for what lies outside all of them."""
        if match := _SGM.match(name):
            number = int(match[2])
            word = {"input_blocks": "IN", "middle_block": "MID", "output_blocks": "OUT"}[match[1]]
            return f"{word}{number:02d}"
        if match := _LEVEL.match(name):
            level, place = int(match[2]), int(match[4])
            first = level * (self._layers + 1) + place
            return f"IN{first + 1:02d}" if match[1] == "down" else f"OUT{first:02d}"
        if match := _BETWEEN.match(name):
            level = int(match[2])
            end = (level + 1) * (self._layers + 1)
            return f"IN{end:02d}" if match[1] == "down" else f"OUT{end - 1:02d}"
        if name.startswith("lora_unet_mid_block_"):
            return "MID"
        if name == "lora_unet_conv_in":
            return "IN00"
        if match := _TEXT.match(name):
            encoder = {"te1": "TE1-", "te2": "TE2-"}.get(match[1], "TE")
            return f"{encoder}{int(match[2]):02d}"
        return "other"


def block_order(label: str) -> tuple[int, str]:
    """Return a key that sorts blocks as they are passed: text encoders, down, middle, up."""
    ways = ("TE", "IN", "MID", "OUT")
    return next((i for i, way in enumerate(ways) if label.startswith(way)), len(ways)), label
