"""Settings of `enogu prep`: what is done to pictures before they are trained."""

from typing import Final, Literal

from pydantic import Field

from enogu.config.section import Section

NO_DETECTOR: Final = "none"


class PrepConfig(Section):
    """What is cut, masked and added. Originals are never changed; every step can be undone."""

    trim: bool = True
    """Cut borders, letterbox bars and bars with text off, where that is sure."""

    background: Literal["keep", "mask", "colour", "transparent"] = "keep"
    """What becomes of a background that was told for sure. `keep`: nothing, the subject's box only
    guides the crop. `mask`: it is not learnt. `colour`: it gets `background_colour`, and the
    caption says so. `transparent`: it is cut away, and `pictures.background` shows in its place."""

    background_colour: str = Field(default="#ffffff", pattern=r"^#[0-9a-fA-F]{6}$")
    """The new background for `colour`, as `#rrggbb`."""

    background_model: str = ""
    """An ONNX file that masks what cannot be told without one (ISNet, BiRefNet and the like), with
    its card beside it. Relative to the project."""

    detector: str = ""
    """What finds heads and faces. Empty: the embedded detector, made for simple drawings, where
    onnxruntime is installed. Else an ONNX file in YOLO's form, with its card beside it, relative to
    the project; or `none`."""

    crops: tuple[Literal["face", "bust", "full"], ...] = ("face", "bust", "full")
    """Extra samples around what was found, each with a fitting caption. Empty: none."""
