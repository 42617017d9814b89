"""Settings of the pictures drawn while training."""

from pydantic import Field

from enogu.config.section import Section


class SamplesConfig(Section):
    """Pictures drawn with fixed seeds while training, beside those of the untouched base."""

    every: int = Field(default=200, ge=0)
    """Steps between two rounds of samples; 0 draws none by steps."""

    every_epochs: int | None = Field(default=None, ge=1)
    """Also draw whenever every picture has been seen this many times more, repeats included."""

    file: str = ""
    """A text file with one prompt a line, in place of the prompts below. Switches behind a prompt:
    `--n` what it shall not show, `--w` and `--h` pixels, `--d` seed, `--l` cfg scale, `--s` steps.
    Relative to the project."""

    prompt: str = ""
    """What the trigger is tried with. Empty: the caption of the first picture."""

    off_topic: str = "1boy, outdoors"
    """A prompt that has nothing to do with the training; it should not change."""

    negative_prompt: str = ""
    """What the samples shall not show."""

    seed: int = Field(default=1, ge=0, lt=2**63)
    """Seed of the first picture of each prompt."""

    steps: int = Field(default=20, ge=1, le=500)
    """Model evaluations per picture."""

    cfg_scale: float = Field(default=5.0, ge=0.0, le=50.0)
    """How strongly the prompt is followed."""

    @property
    def drawn(self) -> bool:
        """Whether samples are drawn at all."""
        return self.every > 0 or self.every_epochs is not None
