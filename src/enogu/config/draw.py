"""Settings of `enogu draw` when the command line does not say otherwise."""

from typing import Literal

from pydantic import Field

from enogu.config.section import Section


class DrawConfig(Section):
    """How pictures are drawn."""

    sampler: Literal["euler", "euler_a", "dpmpp_2m"] = "dpmpp_2m"
    """The way from noise to picture."""

    schedule: Literal["karras", "uniform", "exponential"] = "karras"
    """Which noise levels are visited."""

    steps: int = Field(default=20, ge=1, le=500)
    """Model evaluations per picture."""

    cfg_scale: float = Field(default=5.0, ge=0.0, le=50.0)
    """How strongly the prompt is followed; 1 ignores the negative prompt."""

    negative_prompt: str = ""
    """What the picture shall not show."""
