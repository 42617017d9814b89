"""From the options of `enogu captions edit` to edits, in their fixed order."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from enogu.cli.common import counted
from enogu.errors import CaptionError
from enogu.tags.caption import split_tags
from enogu.tags.dataset import CaptionSet, KnowsTags
from enogu.tags.dataset import edits as plain
from enogu.tags.dataset import edits_knowing as knowing
from enogu.tags.dataset.document import tag_key
from enogu.tags.sidecar import read_caption


@dataclass(frozen=True, kw_only=True)
class EditOptions:
    """The options as they were given; see `enogu captions edit --help`."""

    where: str = ""
    canonical: bool = False
    replace: list[str] = field(default_factory=list[str])
    regex: list[str] = field(default_factory=list[str])
    remove: list[str] = field(default_factory=list[str])
    blacklist: Path | None = None
    prune_traits: bool = False
    share: float = 0.8
    thin_out_people: bool = False
    drop_implied: bool = False
    drop_overlap: bool = False
    drop_repeated: bool = False
    sort: bool = False
    keep: int = 0
    front: list[str] = field(default_factory=list[str])
    add: list[str] = field(default_factory=list[str])
    prepend: list[str] = field(default_factory=list[str])
    blanks: bool = False
    underscores: bool = False
    trigger: str = ""

    def request(self) -> str:
        """Return the options as text, the same for the same call."""
        given = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(given, default=str, sort_keys=True)

    def needs_vocabulary(self) -> bool:
        """Say whether an edit must know what tags mean."""
        return self.canonical or self.prune_traits or self.drop_implied or self.sort

    def edits(self, captions: CaptionSet, vocabulary: KnowsTags | None) -> list[plain.Edit]:
        """Return the edits in the order in which they are made.

        Args:
            captions: All that may be edited.
            vocabulary: The tags known; None where no edit needs it.

        Raises:
            CaptionError: An option is wrong.
        """
        if self.blanks and self.underscores:
            raise CaptionError("--blanks and --underscores are opposites; give one of them")
        separator = captions.syntax.separator
        edits = [
            *self._knowing_before(vocabulary),
            *(plain.substitute(*_replacement(text, separator)) for text in self.replace),
            *(plain.substitute_regex(text) for text in self.regex),
            *(plain.remove(split_tags(text, separator=separator)) for text in self.remove),
        ]
        if self.blacklist is not None:
            names = _listed(self.blacklist, separator)
            edits.append(
                plain.remove(names, f"remove {counted(len(names), 'tag')} of {self.blacklist.name}")
            )
        edits += self._knowing_after(captions, vocabulary)
        for make, texts in (
            (plain.move_to_front, self.front),
            (plain.append, self.add),
            (plain.prepend, self.prepend),
        ):
            edits += [make(split_tags(text, separator=separator)) for text in texts]
        if self.blanks:
            edits.append(plain.blanks_for_underscores())
        if self.underscores:
            edits.append(plain.underscores_for_blanks())
        return edits

    def _spared(self) -> set[str]:
        return {tag_key(self.trigger)} if self.trigger else set()

    def _knowing_before(self, vocabulary: KnowsTags | None) -> list[plain.Edit]:
        if not self.canonical or vocabulary is None:
            return []
        return [knowing.to_canonical(vocabulary, spared=self._spared())]

    def _knowing_after(
        self, captions: CaptionSet, vocabulary: KnowsTags | None
    ) -> list[plain.Edit]:
        edits: list[plain.Edit] = []
        spared = self._spared()
        if self.prune_traits:
            edits.append(knowing.prune_traits(captions, vocabulary, self.trigger, share=self.share))
        if self.thin_out_people:
            edits.append(knowing.thin_out_people())
        if self.drop_implied and vocabulary is not None:
            edits.append(knowing.drop_implied(vocabulary, spared=spared))
        if self.drop_overlap:
            edits.append(plain.drop_overlapping(spared=spared))
        if self.drop_repeated:
            edits.append(plain.drop_repeated())
        if self.sort and vocabulary is not None:
            edits.append(knowing.sort_by_group(vocabulary, keep=self.keep, first=spared))
        return edits


def _replacement(text: str, separator: str) -> tuple[str, list[str]]:
    """Read OLD=NEW; with blanks around the sign, OLD and NEW may hold others (``=_= = smile``)."""
    old, sign, new = text.partition(" = ")
    if not sign:
        old, sign, new = text.partition("=")
        if "=" in new:
            sign = ""
    if not sign or not old.strip() or not new.strip():
        raise CaptionError(
            f"--replace needs OLD=NEW, got {text!r}",
            hint='For example: --replace "t shirt=t-shirt". To take a tag out: --remove TAG. Tags '
            'that hold the sign themselves: --replace "=_= = closed eyes"',
        )
    return old, split_tags(new, separator=separator)


def _listed(path: Path, separator: str) -> list[str]:
    lines = (line.partition("#")[0] for line in read_caption(path.expanduser()).text.splitlines())
    names = [tag for line in lines for tag in split_tags(line, separator=separator)]
    if not names:
        raise CaptionError(f"{path}: there is no tag in it")
    return names
