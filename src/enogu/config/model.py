"""Settings that say how a base is to be read."""

from typing import Literal

from pydantic import Field

from enogu.config.section import Section


class ModelConfig(Section):
    """How the base is read. The defaults ask the file itself."""

    prediction: Literal["auto", "epsilon", "v_prediction"] = "auto"
    """What the model predicts. `auto` reads it from the base; a value that contradicts what the
    base states is refused."""

    zero_terminal_snr: Literal["auto", "on", "off"] = "auto"
    """Whether the noise schedule ends in pure noise. Needs a v-prediction base."""

    clip_skip: int | None = Field(default=None, ge=1, le=12)
    """Take the text features this many layers from the end (2 is usual for anime models of the
    sd1 family). Empty: what the family uses."""

    vae: str = ""
    """A VAE in place of the base's: a `.safetensors` file, or a folder of diffusers. Relative to
    the project. Pictures are drawn with it too."""

    tokenizer: str | None = None
    """A folder with the tokenizer files, for a single-file base that brings none."""

    allow_hub: bool = False
    """Allow fetching a missing tokenizer from the hub. Nothing else is ever fetched."""
