"""Settings that say how a caption is made from the text beside a picture."""

from pydantic import Field

from enogu.config.section import Section
from enogu.config.subsets import DropoutEpochs, DropoutShare, Separator, TagCount, TagDropoutShare


class CaptionsConfig(Section):
    """How the text beside a picture becomes the caption of one training step."""

    trigger: str = ""
    """The word that shall bring back what is learnt. It stands first in every caption and is never
    shuffled or dropped alone."""

    prefix: str = ""
    """Text put before every caption."""

    suffix: str = ""
    """Text put after every caption."""

    separator: Separator = ","
    """What stands between two tags."""

    secondary_separator: str = ""
    """Tags joined by this text (often `;;;`) stay together when tags are shuffled."""

    shuffle: bool = True
    """Put the tags of a caption in a new order each time."""

    keep_tags: TagCount = 0
    """How many tags at the start keep their place; a trigger is kept in addition."""

    keep_separator: str = ""
    """Text (often `|||`) that divides the fixed part of a caption from the part that is shuffled;
    a second one begins a fixed tail."""

    dropout: DropoutShare = 0.0
    """Share of steps in which the whole caption is left empty."""

    dropout_every_epochs: DropoutEpochs | None = None
    """Leave all captions empty in every epoch whose number, counted from 1, is a multiple of this.
    Empty: in none."""

    tag_dropout: TagDropoutShare = 0.0
    """Chance for each tag that may move to be left out."""

    wildcards: bool = False
    """Read `{a|b}` as a choice, and several lines as several captions."""

    variants: int = Field(default=16, ge=1, le=4096)
    """How many versions of each shuffled caption are kept with their text features. More is more
    variety for more memory; `enogu plan` says how much."""
