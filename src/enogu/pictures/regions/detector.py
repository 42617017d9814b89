"""Boxes from a detector in an ONNX file of YOLO's form, version 5 or 8 and later."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

import numpy as np

from enogu.errors import ModelFileError
from enogu.pictures.box import Box
from enogu.pictures.onnx_file import (
    InputCard,
    JsonObject,
    PictureModel,
    Placement,
    card_path,
    check_keys,
    input_card,
    object_at,
    read_card,
    to_input,
)
from enogu.pictures.onnx_file.prepare import Array
from enogu.pictures.pixels import Pixels
from enogu.pictures.regions.found import FoundRegion

Form: TypeAlias = Literal["v5", "v8"]

# https://docs.ultralytics.com: letterbox with grey 114, RGB, 0 to 1.
_YOLO_INPUT: Final = InputCard(width=640, height=640, padding=114)
_MAX_CANDIDATES: Final = 1000
_TOLERANCE: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class DetectorCard:
    """What a detector wants and gives."""

    input: InputCard = _YOLO_INPUT
    form: Form | None = None
    """``v5``: [1, boxes, 5 + labels] with a score for the box itself; ``v8``: [1, 4 + labels,
    boxes] without one. Told from the shape of the answer when None."""
    labels: tuple[str, ...] = ()
    """Names of what it finds, in order; taken from the file where the exporter wrote them."""
    min_score: float = 0.25
    """Boxes below are left out, 0 to 1."""
    max_overlap: float = 0.7
    """Of two boxes of one label that overlap more, the weaker is left out; as intersection over
    union, 0 to 1."""

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("min_score", "max_overlap"):
            if not 0 <= getattr(self, name) <= 1:
                raise ModelFileError(f"{name} must be 0 to 1, got {getattr(self, name):g}")


def detector_card(document: Mapping[str, object], where: str) -> DetectorCard:
    """Turn a card file into what the detector wants and gives.

    ::

        {"input": {"width": 640, "height": 640},
         "output": {"form": "v8", "labels": ["face"], "min_score": 0.25, "max_overlap": 0.7}}

    Every key may be left out.

    Args:
        document: From :func:`enogu.pictures.onnx_file.read_card`.
        where: Names the file in messages.

    Raises:
        ModelFileError: A key or value is not understood.
    """
    check_keys(document, ("input", "output"), where)
    output = object_at(document, "output", where)
    check_keys(output, ("form", "labels", "min_score", "max_overlap"), f"{where}: output")
    form = output.get("form")
    if form not in (None, "v5", "v8"):
        raise ModelFileError(f"{where}: form must be v5 or v8, got {form!r}")
    plain = DetectorCard()
    try:
        return DetectorCard(
            input=input_card(object_at(document, "input", where), _YOLO_INPUT, where),
            form=form,
            labels=_labels(output, where),
            min_score=_share(output, "min_score", plain.min_score, where),
            max_overlap=_share(output, "max_overlap", plain.max_overlap, where),
        )
    except ModelFileError as error:
        if error.message.startswith(where):
            raise
        raise ModelFileError(f"{where}: {error.message}") from error


class DetectorModel:
    """A detector, loaded once for many pictures.

    Args:
        path: The ONNX file.
        card: What it wants and gives; read from the file beside it when not given.
        threads: How many threads it may use.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: The file or its card cannot be used, or they contradict each other.
    """

    def __init__(self, path: Path, card: DetectorCard | None = None, *, threads: int = 1) -> None:
        if card is None:
            beside = card_path(path)
            card = detector_card(read_card(beside), str(beside))
        self.card = card
        self._model = PictureModel(path, card.input, threads=threads)
        self.labels = card.labels or _labels_in(self._model.metadata)
        if not self.labels:
            raise ModelFileError(
                f"{path}: neither the file nor its card says what it finds",
                hint='Write the names in their order into the card: "output": {"labels": ["face"]}',
            )

    @property
    def metadata(self) -> dict[str, str]:
        """What the exporter wrote into the file, by name."""
        return self._model.metadata

    def find(self, pixels: Pixels) -> list[FoundRegion]:
        """Find regions in a picture.

        Args:
            pixels: uint8 [H, W, 3].

        Returns:
            The regions, most certain first.

        Raises:
            ModelFileError: The network fails, or its answer has not the form of the card.
        """
        values, placed = to_input(pixels, self.card.input)
        boxes, scores, labels = self._candidates(self._model.run(values)[0])
        kept = [
            i
            for label in range(len(self.labels))
            for i in _without_doubles(boxes, scores, labels == label, self.card.max_overlap)
        ]
        kept.sort(key=lambda i: -float(scores[i]))
        found: list[FoundRegion] = []
        for i in kept:
            box = _in_picture(boxes[i], placed)
            if box is not None:
                found.append(
                    FoundRegion(
                        kind=self.labels[int(labels[i])],
                        box=box,
                        score=float(scores[i]),
                        source="detector",
                    )
                )
        return found

    def _candidates(
        self, answer: Array
    ) -> tuple[Array, Array, np.ndarray[tuple[int], np.dtype[np.intp]]]:
        """Return boxes as left, top, right, bottom in the input; scores; and label numbers."""
        form, rows = self._rows(answer)
        chances = rows[:, 5:] * rows[:, 4:5] if form == "v5" else rows[:, 4:]
        low, high = float(rows[:, 4:].min(initial=0)), float(rows[:, 4:].max(initial=0))
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise ModelFileError(
                f"{self._model.path}: its scores go from {low:.3g} to {high:.3g}; scores are from "
                "0 to 1",
                hint="Export it with the last step (sigmoid) inside.",
            )
        labels = chances.argmax(axis=1)
        scores = chances[np.arange(len(chances)), labels]
        best = np.argsort(-scores, kind="stable")[:_MAX_CANDIDATES]
        best = best[scores[best] >= self.card.min_score]
        centre, half = rows[best, :2], rows[best, 2:4] / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1)
        return boxes.astype(np.float32), scores[best].astype(np.float32), labels[best]

    def _rows(self, answer: Array) -> tuple[Form, Array]:
        """Return the form of an answer, and the answer with one box in each row."""
        count = len(self.labels)
        widths: dict[Form, int] = {"v8": 4 + count, "v5": 5 + count}
        forms: list[Form] = ["v8", "v5"] if self.card.form is None else [self.card.form]
        if answer.ndim == 3 and answer.shape[0] == 1:
            for form in forms:
                # Version 8 writes boxes as columns, but some exporters turn them.
                if answer.shape[1] == widths[form] and form == "v8":
                    return form, np.ascontiguousarray(answer[0].T)
                if answer.shape[2] == widths[form]:
                    return form, answer[0]
        wanted = " or ".join(
            f"[1, {widths[form]}, boxes]" if form == "v8" else f"[1, boxes, {widths[form]}]"
            for form in forms
        )
        raise ModelFileError(
            f"{self._model.path}: its first output has the shape {list(answer.shape)}; with "
            f"{count} {'label' if count == 1 else 'labels'} it would be {wanted}",
            hint="Check the labels and the form in its card; networks for segmentation or poses "
            "give more values.",
        )


def _without_doubles(
    boxes: Array,
    scores: Array,
    chosen: np.ndarray[tuple[int], np.dtype[np.bool_]],
    max_overlap: float,
) -> list[int]:
    """Return the numbers of the boxes that stay after non-maximum suppression."""
    order = np.flatnonzero(chosen)
    order = order[np.argsort(-scores[order], kind="stable")]
    areas = (boxes[:, 2] - boxes[:, 0]).clip(0) * (boxes[:, 3] - boxes[:, 1]).clip(0)
    kept: list[int] = []
    while len(order):
        first, order = int(order[0]), order[1:]
        kept.append(first)
        corner = np.maximum(boxes[first, :2], boxes[order, :2])
        other = np.minimum(boxes[first, 2:], boxes[order, 2:])
        shared = (other - corner).clip(0).prod(axis=1)
        union = np.maximum(areas[first] + areas[order] - shared, 1e-9)
        order = order[shared / union <= max_overlap]
    return kept


def _in_picture(box: Array, placed: Placement) -> Box | None:
    x = placed.to_source_x(box[[0, 2]]).clip(0, placed.source_width)
    y = placed.to_source_y(box[[1, 3]]).clip(0, placed.source_height)
    left, right = round(float(x[0])), round(float(x[1]))
    top, bottom = round(float(y[0])), round(float(y[1]))
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _labels(output: JsonObject, where: str) -> tuple[str, ...]:
    value = output.get("labels", [])
    entries = cast(list[object], value) if isinstance(value, list) else [None]
    if not all(isinstance(entry, str) and entry.strip() for entry in entries):
        raise ModelFileError(f"{where}: labels must be a list of names, got {value!r}")
    return tuple(str(entry).strip().lower() for entry in entries)


def _share(output: JsonObject, key: str, default: float, where: str) -> float:
    value = output.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelFileError(f"{where}: {key} must be a number from 0 to 1, got {value!r}")
    return float(value)


def _labels_in(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that ultralytics writes into the file, as ``{0: 'face'}``."""
    try:
        names: object = ast.literal_eval(metadata.get("names", ""))
    except (ValueError, SyntaxError):
        return ()
    if not isinstance(names, dict):
        return ()
    entries = cast(dict[object, object], names)
    if list(entries) != list(range(len(entries))):
        return ()
    return tuple(str(name).lower() for name in entries.values())
