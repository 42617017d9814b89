"""The subject's mask from a network in an ONNX file, as ISNet and BiRefNet are given out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from enogu.errors import ModelFileError
from enogu.pictures.background.decide import assemble, doubt_of_size
from enogu.pictures.background.edge import take_out_background
from enogu.pictures.background.model import Background, BackgroundSettings
from enogu.pictures.background.surface import Floats
from enogu.pictures.onnx_file import (
    InputCard,
    PictureModel,
    card_path,
    check_keys,
    from_output,
    input_card,
    object_at,
    read_card,
    to_input,
)
from enogu.pictures.pixels import Pixels

_HALF: Final = 128
_MAX_UNDECIDED: Final = 0.08
_UNDECIDED: Final = (51, 204)
_TOLERANCE: Final = 0.01

_IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
_IMAGENET_STD: Final = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class MatteCard:
    """What a mask network wants and gives."""

    input: InputCard
    activation: Literal["none", "sigmoid"] = "none"
    """What turns its first output into 0 to 1; ``none`` where the network has done so."""


MATTE_PRESETS: Final = {
    # https://github.com/SkyTNT/anime-segmentation, inference.py
    "isnet-anime": MatteCard(input=InputCard(width=1024, height=1024)),
    # https://github.com/xuebinqin/DIS, IS-Net/Inference.py
    "isnet-general": MatteCard(
        input=InputCard(width=1024, height=1024, mean=(0.5, 0.5, 0.5), fit="stretch")
    ),
    # https://github.com/ZhengPeng7/BiRefNet, README and its ONNX notebook
    "birefnet": MatteCard(
        input=InputCard(
            width=1024,
            height=1024,
            mean=_IMAGENET_MEAN,
            std=_IMAGENET_STD,
            fit="stretch",
            sampling="smooth",
        ),
        activation="sigmoid",
    ),
}
"""Cards of networks that many have, by the name that a card file may give as ``preset``."""


def matte_card(document: Mapping[str, object], where: str) -> MatteCard:
    """Turn a card file into what the mask network wants and gives.

    Args:
        document: From :func:`enogu.pictures.onnx_file.read_card`.
        where: Names the file in messages.

    Raises:
        ModelFileError: A key or value is not understood.
    """
    check_keys(document, ("preset", "input", "output"), where)
    preset = document.get("preset")
    base = None
    if preset is not None:
        base = MATTE_PRESETS.get(str(preset))
        if base is None:
            raise ModelFileError(
                f"{where}: unknown preset {preset!r}; known are {', '.join(MATTE_PRESETS)}"
            )
    output = object_at(document, "output", where)
    check_keys(output, ("activation",), f"{where}: output")
    activation = output.get("activation", "none" if base is None else base.activation)
    if activation not in ("none", "sigmoid"):
        raise ModelFileError(f"{where}: activation must be none or sigmoid, got {activation!r}")
    values = object_at(document, "input", where)
    return MatteCard(
        input=input_card(values, None if base is None else base.input, where),
        activation="sigmoid" if activation == "sigmoid" else "none",
    )


class MatteModel:
    """A mask network, loaded once for many pictures.

    Args:
        path: The ONNX file.
        card: What it wants and gives; read from the file beside it when not given.
        threads: How many threads it may use.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: The file or its card cannot be used, or they contradict each other.
    """

    def __init__(self, path: Path, card: MatteCard | None = None, *, threads: int = 1) -> None:
        if card is None:
            beside = card_path(path)
            card = matte_card(read_card(beside), str(beside))
        self.card = card
        self._model = PictureModel(path, card.input, threads=threads)

    def find_background(
        self, pixels: Pixels, alpha: Pixels | None, settings: BackgroundSettings
    ) -> Background:
        """Find the subject with the network.

        Args:
            pixels: uint8 [H, W, 3].
            alpha: Not looked at: who asks for a network does so because alpha did not help.
            settings: Limits of what is sure.

        Returns:
            The mask as the network gives it; it is never stretched to full contrast, so a picture
            without a subject stays without one.

        Raises:
            ModelFileError: The network fails, or its answer is no mask.
        """
        del alpha
        values, placed = to_input(pixels, self.card.input)
        answer = self._mask_of(self._model.run(values)[0])
        shares = from_output(answer, placed, self.card.input)
        mask = np.round(shares.clip(0, 1) * 255).astype(np.uint8)
        doubt = doubt_of_size(mask >= _HALF, settings)
        undecided = float(((mask > _UNDECIDED[0]) & (mask < _UNDECIDED[1])).mean())
        if not doubt and undecided > _MAX_UNDECIDED:
            doubt = f"the network was undecided on {undecided:.0%} of the picture"
        return assemble(
            "model",
            mask,
            take_out_background(pixels, mask),
            sure=not doubt,
            reason=doubt or f"as {self._model.path.name} sees it",
            colour=None,
        )

    def _mask_of(self, output: Floats) -> Floats:
        squeezed = output.reshape([side for side in output.shape if side != 1] or [1])
        if squeezed.ndim != 2:
            raise ModelFileError(
                f"{self._model.path}: its first output has the shape {list(output.shape)}; a mask "
                "is one value for each pixel, such as [1, 1, height, width]",
                hint="It may be a network for another task, or one with several classes.",
            )
        if self.card.activation == "sigmoid":
            return (1 / (1 + np.exp(-squeezed.clip(-60, 60)))).astype(np.float32)
        low, high = float(squeezed.min()), float(squeezed.max())
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise ModelFileError(
                f"{self._model.path}: its mask has values from {low:.3g} to {high:.3g}; the card "
                "says that they are from 0 to 1",
                hint='Where the network leaves out the last step, write "activation": "sigmoid" '
                "under output in its card.",
            )
        return squeezed
