"""Settings of the held-out pictures: what says when to stop."""

from pydantic import Field

from enogu.config.section import Section


class ValidationConfig(Section):
    """Pictures that are kept out of training, and what is measured on them.

    Without `share` or `folder` nothing is measured and nothing costs time.
    """

    share: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the training pictures that is held out; 0.1 is usual. Copies and variants of one
    drawing are never divided. 0 holds none out."""

    folder: str = ""
    """A folder of pictures of the same subject that are held out, in place of `share`. Those that
    also stand among the training pictures are not measured."""

    seed: int = Field(default=0, ge=0, lt=2**63)
    """Which pictures are held out, and the noise they are measured with. It is apart from
    `train.seed`, so that runs of different seeds can be compared."""

    every: int | None = Field(default=None, ge=1)
    """Steps between two measurements. Empty: whenever an adapter is saved."""

    pictures: int = Field(default=12, ge=1, le=1000)
    """At most this many held-out pictures are measured, and as many training pictures beside
    them."""

    bands: int = Field(default=4, ge=1, le=50)
    """Into how many bands of noise levels the timesteps are divided; each counts alike."""

    noises: int = Field(default=1, ge=1, le=100)
    """Noises per picture and band. They are the same at every measurement."""

    patience: int = Field(default=0, ge=0)
    """Stop early when this many measurements in a row were no better than the best before; 0 never
    stops early."""

    judge: bool = True
    """Let the judge read the samples and count the wished tags it sees. It knows the tags of the
    drawn world only, so it is asked on the embedded bases alone."""

    @property
    def used(self) -> bool:
        """Whether any picture is held out."""
        return bool(self.share or self.folder)
