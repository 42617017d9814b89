"""The few things about captions that a person must know before training."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from enogu.tags.dataset.captions import captions_from_texts
from enogu.tags.dataset.checks import check_captions
from enogu.tags.dataset.document import tag_key
from enogu.tags.dataset.knowledge import KnowsTags
from enogu.tags.dataset.line import CaptionSyntax
from enogu.tags.dataset.statistics import find_absorbed
from enogu.tags.names import spoken_name

_FEWEST_CAPTIONS: Final = 5
_TAGS_NAMED: Final = 5


def caption_notes(
    folder: Path,
    texts: Iterable[tuple[str, str]],
    knows: KnowsTags,
    *,
    trigger: str = "",
    syntax: CaptionSyntax | None = None,
) -> tuple[str, ...]:
    """Return the most important findings in captions, at most three sentences.

    Args:
        folder: Where the captions lie.
        texts: For each picture the name of its caption file and the text of it.
        knows: The vocabulary.
        trigger: The word that shall bring back what is learnt.
        syntax: Signs that divide a caption.
    """
    notes: list[str] = []
    key = tag_key(trigger) if trigger else ""
    info = knows.get(key) if key else None
    if info is not None:
        notes.append(
            f"the trigger {trigger!r} is a tag that bases know ({info.count:,} pictures): what "
            "they know will mix with what is learnt. Choose a word that means nothing"
        )
    captions = captions_from_texts(folder, texts, syntax or CaptionSyntax())
    if captions.num_captions < _FEWEST_CAPTIONS:
        return tuple(notes)
    absorbed, _ = find_absorbed(captions, knows, trigger=key)
    settings = [spoken_name(row.name) for row in absorbed if row.role == "setting"]
    if settings and len(settings) + 1 < len(captions.names):
        shown = ", ".join(settings[:_TAGS_NAMED]) + (" …" if len(settings) > _TAGS_NAMED else "")
        notes.append(
            f"nearly every caption has {shown}: it is learnt with the rest. Right for a style; for "
            "a character add pictures without it (enogu captions stats)"
        )
    findings = check_captions(captions, knows, trigger=trigger)
    clashes = sum(one.count for one in findings if one.kind == "contradiction")
    unknown = sum(one.kind == "unknown" for one in findings)
    if clashes or unknown:
        parts = [f"captions that contradict themselves: {clashes}"] * bool(clashes)
        parts += [f"tags that are unknown words: {unknown}"] * bool(unknown)
        notes.append(f"{', '.join(parts)}. Which: enogu captions check")
    return tuple(notes)
