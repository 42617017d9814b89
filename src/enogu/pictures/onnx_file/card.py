"""The card of a model file: what form of picture the network wants, in a small JSON file.

::

    {
      "input": {"width": 1024, "height": 1024, "layout": "NCHW", "channels": "RGB",
                "divide_by": 255, "mean": [0, 0, 0], "std": [1, 1, 1],
                "fit": "letterbox", "padding": 0, "sampling": "linear"},
      "output": {"activation": "none"}
    }

It lies beside the model as ``name.json``. ``{"preset": "isnet-anime"}`` stands for a known one,
and further keys change single values of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeAlias, cast

from enogu.errors import ModelFileError
from enogu.files import sha256_file

JsonObject: TypeAlias = dict[str, object]
Three: TypeAlias = tuple[float, float, float]

_CHOICES: dict[str, tuple[str, ...]] = {
    "layout": ("NCHW", "NHWC"),
    "channels": ("RGB", "BGR"),
    "fit": ("letterbox", "stretch"),
    "sampling": ("linear", "smooth"),
}


@dataclass(frozen=True, kw_only=True)
class InputCard:
    """What a network wants as its input: one picture, float32."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    """Where the channels stand."""
    channels: Literal["RGB", "BGR"] = "RGB"
    divide_by: float = 255.0
    """Values from 0 to 255 are divided by this first."""
    mean: Three = (0.0, 0.0, 0.0)
    """Subtracted next, in the order of `channels`."""
    std: Three = (1.0, 1.0, 1.0)
    """Divided by last."""
    fit: Literal["letterbox", "stretch"] = "letterbox"
    """``letterbox`` keeps the aspect and pads both sides evenly, ``stretch`` does not keep it."""
    padding: float = 0.0
    """Value of the padding, 0 to 255, before dividing. It is not shifted by `mean`, as the authors
    of letterboxing networks pad with what the network sees."""
    sampling: Literal["linear", "smooth"] = "linear"
    """``linear`` takes the four nearest pixels as OpenCV does, ``smooth`` averages the area when
    shrinking as Pillow does."""

    def __post_init__(self) -> None:
        """Check the values."""
        if not (1 <= self.width <= 8192 and 1 <= self.height <= 8192):
            raise ModelFileError(
                f"the input must be 1 to 8192 pixels wide and high, got {self.width}x{self.height}"
            )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ModelFileError(
                    f"{name} must be {' or '.join(allowed)}, got {getattr(self, name)!r}"
                )
        if self.divide_by <= 0 or min(self.std) <= 0:
            raise ModelFileError(
                f"divide_by and std must be above 0, got {self.divide_by} and {list(self.std)}"
            )


def read_card(path: Path) -> JsonObject:
    """Read the card of a model file.

    Args:
        path: The JSON file.

    Returns:
        Its object; :func:`input_card` and the parts of other rooms turn it into types.

    Raises:
        ModelFileError: The file is missing or not a JSON object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: there is no card that says what the model file wants",
            hint='Write one, for instance {"preset": "isnet-anime"}, or with the sizes and ranges '
            "from the model's page.",
        ) from error
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path}: the card of the model cannot be read ({error})",
            hint="It is a JSON object in UTF-8.",
        ) from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{path}: a card is a JSON object, got {type(document).__name__}")
    return cast(JsonObject, document)


def card_path(model: Path) -> Path:
    """Return where the card of a model file lies: beside it, with the suffix ``.json``."""
    return model.with_suffix(".json")


def network_digest(model: Path) -> str:
    """Return a name for a model file with its card: what it answers depends on both.

    Raises:
        ModelFileError: The file cannot be read.
    """
    card = card_path(model)
    try:
        return sha256_file(model) + (sha256_file(card) if card.is_file() else "")
    except OSError as error:
        raise ModelFileError(
            f"{model}: the model file cannot be read ({error.strerror})",
            hint="Check the path; it is looked for from the project folder.",
        ) from error


def check_keys(document: Mapping[str, object], allowed: tuple[str, ...], where: str) -> None:
    """Refuse keys that no part of a card has.

    Raises:
        ModelFileError: A key is unknown.
    """
    for key in document:
        if key not in allowed:
            raise ModelFileError(
                f"{where}: unknown key {key!r}; allowed are {', '.join(allowed)}",
            )


def object_at(document: Mapping[str, object], key: str, where: str) -> JsonObject:
    """Return an object inside a card; an empty one where it is not given.

    Raises:
        ModelFileError: It is not an object.
    """
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ModelFileError(f"{where}: {key} must be a JSON object, got {value!r}")
    return cast(JsonObject, value)


def input_card(document: Mapping[str, object], base: InputCard | None, where: str) -> InputCard:
    """Turn the ``input`` of a card into its type.

    Args:
        document: The object under ``input``.
        base: What a preset says; values of `document` go before it.
        where: Names the card in messages.

    Raises:
        ModelFileError: A key is unknown, missing, or its value out of range.
    """
    names = tuple(field.name for field in fields(InputCard))
    check_keys(document, names, f"{where}: input")
    values: dict[str, object] = {} if base is None else {n: getattr(base, n) for n in names}
    for key, value in document.items():
        values[key] = _typed(key, value, where)
    missing = [key for key in ("width", "height") if key not in values]
    if missing:
        raise ModelFileError(f"{where}: input lacks {' and '.join(missing)}")
    try:
        return InputCard(**values)  # pyright: ignore[reportArgumentType]
    except ModelFileError as error:
        raise ModelFileError(f"{where}: {error.message}") from error


def _typed(key: str, value: object, where: str) -> object:
    if key in _CHOICES:
        return value
    if key in ("width", "height"):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise ModelFileError(f"{where}: {key} must be a whole number of pixels, got {value!r}")
    if key in ("mean", "std"):
        numbers = _numbers(value)
        if len(numbers) == 3:
            return numbers[0], numbers[1], numbers[2]
        raise ModelFileError(f"{where}: {key} must be three numbers, got {value!r}")
    numbers = _numbers([value])
    if len(numbers) == 1:
        return numbers[0]
    raise ModelFileError(f"{where}: {key} must be a number, got {value!r}")


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list):
        return []
    entries = cast(list[object], value)
    return [
        float(entry)
        for entry in entries
        if isinstance(entry, int | float) and not isinstance(entry, bool)
    ]
