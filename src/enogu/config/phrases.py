"""Settings of the phrase book."""

from pathlib import Path

from enogu.config.section import Section


class PhrasesConfig(Section):
    """The phrase book and the ranking of what is used most."""

    file: Path | None = None
    """The file of own entries, stars and the log of use. A team may name one file that all of them
    can write; without it, it is in your own data folder."""

    show_hidden: bool = False
    """Also show hidden categories. What is shown of tags and entries by their rating is
    `tags.rating`."""
