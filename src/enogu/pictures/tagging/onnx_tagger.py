"""Taggers in ONNX files that the person brings: WD v2 and v3 as they are, newer ones by a card.

A WD tagger needs ``selected_tags.csv`` beside it and nothing else. Any other form is told by a
card, ``name.json`` beside ``name.onnx``, in which every key may be left out::

    {
      "input": {"layout": "NCHW", "channels": "BGR", "divide_by": 127.5, "mean": [1, 1, 1]},
      "output": {"activation": "sigmoid", "index": 0},
      "tags": "tag_mapping.json"
    }
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image

from enogu.errors import ModelFileError
from enogu.files import content_key, sha256_file
from enogu.pictures.onnx_file import (
    InputCard,
    InputShape,
    JsonObject,
    PictureModel,
    card_path,
    check_keys,
    input_card,
    object_at,
    read_card,
    scaled_input,
)
from enogu.pictures.tagging.labels import CSV_NAME, JSON_NAME, Label, read_labels
from enogu.pictures.tagging.model import NamedTagger, TaggerSource
from enogu.tags.tagger import TagProbabilities

_TAKEN: Final = ("width", "height", "layout", "channels", "divide_by", "mean", "std")
_USUAL_SIDE: Final = 448
_LONGEST: Final = 8192
"""Longer pictures are scaled before they are padded, so that the square stays within memory."""
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, kw_only=True)
class TaggerCard:
    """What a tagger wants and gives."""

    input: InputCard
    sized: bool
    """Whether the card names the size; else that of the network counts."""
    activation: Literal["none", "sigmoid"]
    """What turns the output into probabilities; ``none`` where the network has done so."""
    index: int | None
    """Which output; None for the only one that has as many numbers as there are tags."""
    tags: Path
    """The list of tags."""


# https://github.com/SmilingWolf: the demo of the WD taggers, v2 and v3.
_WD_INPUT: Final = InputCard(
    width=_USUAL_SIDE, height=_USUAL_SIDE, layout="NHWC", channels="BGR", divide_by=1.0
)


def onnx_tagger_source(path: Path) -> TaggerSource:
    """Return a tagger by the path of its ONNX file; the network is not loaded yet.

    Args:
        path: The ONNX file; its list of tags, and its card if any, lie beside it.

    Raises:
        ModelFileError: A file is missing, or the card or the list is wrong.
    """
    path = path.expanduser().absolute()
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no such model file", hint="Check the path.")
    card = tagger_card(path)
    labels = read_labels(card.tags)
    digest = content_key(
        {
            "model": sha256_file(path),
            "card": repr(card.input) + repr((card.sized, card.activation, card.index)),
            "labels": [[label.tag, label.category] for label in labels],
        }
    )
    # Most tagger files are called model.onnx; their folder is what tells them apart.
    stem = path.parent.name if path.stem == "model" and path.parent.name else path.stem
    return TaggerSource(name=stem, digest=digest, open=functools.partial(open_onnx_tagger, path))


def open_onnx_tagger(path: Path, *, threads: int = 1) -> NamedTagger:
    """Load a tagger from an ONNX file.

    Args:
        path: The ONNX file, see :func:`onnx_tagger_source`.
        threads: How many threads it may use.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: A file is missing, or the network is not what its card says.
    """
    card = tagger_card(path)
    labels = read_labels(card.tags)
    tagger = OnnxTagger(path, card, labels, threads=threads)
    return NamedTagger(tagger=tagger, categories={label.tag: label.category for label in labels})


def tagger_card(path: Path) -> TaggerCard:
    """Return what the files beside an ONNX file say of it.

    Raises:
        ModelFileError: There is neither a WD list of tags nor a card, or the card is wrong.
    """
    where = card_path(path)
    if not where.is_file():
        if not (path.parent / CSV_NAME).is_file():
            raise _no_card(path)
        return TaggerCard(
            input=_WD_INPUT,
            sized=False,
            activation="none",
            index=None,
            tags=path.parent / CSV_NAME,
        )
    document = read_card(where)
    check_keys(document, ("input", "output", "tags"), str(where))
    given = object_at(document, "input", str(where))
    check_keys(given, _TAKEN, f"{where}: input of a tagger")
    output = object_at(document, "output", str(where))
    check_keys(output, ("activation", "index"), f"{where}: output")
    tags = document.get("tags", _list_beside(path))
    if not isinstance(tags, str) or Path(tags).name != tags:
        raise ModelFileError(
            f"{where}: tags must be the name of a file in the same folder, got {tags!r}"
        )
    return TaggerCard(
        input=input_card(given, _WD_INPUT, str(where)),
        sized="width" in given or "height" in given,
        activation=_activation(output, where),
        index=_index(output, where),
        tags=path.parent / tags,
    )


class OnnxTagger:
    """A network that gives a probability for each tag (`enogu.tags.tagger.Tagger`).

    Args:
        path: The ONNX file.
        card: What its input and output are.
        labels: Its tags, in the order of its output.
        threads: How many threads it may use.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: The network is not what the card and the list say.
    """

    def __init__(
        self, path: Path, card: TaggerCard, labels: Sequence[Label], *, threads: int = 1
    ) -> None:
        self._card = card
        self._labels = list(labels)
        self._model = PictureModel(
            path,
            card.input if card.sized else functools.partial(_with_side_of, card.input),
            threads=threads,
        )
        self._output = self._find_output()

    @property
    def side_px(self) -> int:
        """Side of the square that the network looks at."""
        return self._model.card.width

    def tag(self, pictures: Sequence[Image.Image]) -> list[TagProbabilities]:
        """Return every tag with its probability, for each picture."""
        return [self._tag(picture) for picture in pictures]

    def _tag(self, picture: Image.Image) -> TagProbabilities:
        card = self._model.card
        square = np.asarray(padded_square(picture, card.width))
        values = self._model.run(scaled_input(square, card))[self._output].reshape(-1)
        if len(values) != len(self._labels):
            raise self._wrong_count(len(values))
        if self._card.activation == "sigmoid":
            values = 1 / (1 + np.exp(-values.astype(np.float64)))
        elif values.min() < -_TOLERANCE or values.max() > 1 + _TOLERANCE:
            raise ModelFileError(
                f"{self._model.path}: answers from {values.min():.3g} to {values.max():.3g}, which "
                "are no probabilities",
                hint='Write {"output": {"activation": "sigmoid"}} into its card, '
                f"{card_path(self._model.path).name}.",
            )
        pairs = zip(self._labels, values.clip(0, 1).tolist(), strict=True)
        found: TagProbabilities = {}
        for label, value in pairs:
            # Two spellings of one tag count as the surer one.
            found[label.tag] = max(value, found.get(label.tag, 0.0))
        return found

    def _find_output(self) -> int:
        shapes = self._model.output_shapes
        if self._card.index is not None:
            if self._card.index >= len(shapes):
                raise ModelFileError(
                    f"{self._model.path}: the card names output {self._card.index}, but there are "
                    f"{len(shapes)}, counted from 0"
                )
            return self._card.index
        fitting = [
            number
            for number, shape in enumerate(shapes)
            if shape and (shape[-1] == len(self._labels) or not isinstance(shape[-1], int))
        ]
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise self._wrong_count(shapes[0][-1] if shapes and shapes[0] else 0)
        raise ModelFileError(
            f"{self._model.path}: {len(fitting)} of its outputs have {len(self._labels)} numbers",
            hint='Say which in its card: {"output": {"index": 0}}',
        )

    def _wrong_count(self, there: object) -> ModelFileError:
        return ModelFileError(
            f"{self._model.path}: answers with {there} numbers, but {self._card.tags.name} lists "
            f"{len(self._labels)} tags",
            hint="The model and the list must come from the same page.",
        )


def padded_square(picture: Image.Image, side_px: int) -> Image.Image:
    """Return a picture on a white square, scaled as the authors of the WD taggers do.

    The odd pixel of padding goes to the right and below; scaling is Pillow's bicubic.

    Args:
        picture: Of any size; alpha is laid on white.
        side_px: Side of the square.
    """
    if picture.mode != "RGB":
        flat = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", flat.size, "white"), flat).convert("RGB")
    longest = max(picture.size)
    if longest > _LONGEST:
        scale = _LONGEST / longest
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
        longest = max(picture.size)
    square = Image.new("RGB", (longest, longest), "white")
    square.paste(picture, ((longest - picture.width) // 2, (longest - picture.height) // 2))
    if longest == side_px:
        return square
    return square.resize((side_px, side_px), Image.Resampling.BICUBIC)


def _with_side_of(card: InputCard, shape: InputShape) -> InputCard:
    """Return a card with the size that a network states, if it states one."""
    if len(shape) != 4:
        return card
    height, width = shape[2:] if card.layout == "NCHW" else shape[1:3]
    if isinstance(height, int) and isinstance(width, int) and height == width > 0:
        return replace(card, width=width, height=height)
    return card


def _activation(output: JsonObject, where: Path) -> Literal["none", "sigmoid"]:
    value = output.get("activation", "none")
    if value not in ("none", "sigmoid"):
        raise ModelFileError(f"{where}: activation must be none or sigmoid, got {value!r}")
    return value


def _index(output: JsonObject, where: Path) -> int | None:
    value = output.get("index")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ModelFileError(f"{where}: index must be a whole number from 0, got {value!r}")
    return value


def _list_beside(path: Path) -> str:
    return JSON_NAME if (path.parent / JSON_NAME).is_file() else CSV_NAME


def _no_card(path: Path) -> ModelFileError:
    if (path.parent / JSON_NAME).is_file():
        return ModelFileError(
            f"{path}: {JSON_NAME} is beside it, so it is no WD tagger; a card must say what it "
            "wants",
            hint=f"Write {card_path(path).name} beside it with the values of the model's page, for "
            'instance:\n  {"input": {"layout": "NCHW", "channels": "BGR", "divide_by": 127.5, '
            '"mean": [1, 1, 1]}, "output": {"activation": "sigmoid"}}',
        )
    return ModelFileError(
        f"{path}: there is no list of its tags beside it",
        hint=f"Put {CSV_NAME} from the model's page into the same folder.",
    )
