"""From the text of a wiki page to one line of explanation, and to the heirs of a deprecated tag.

Wiki pages are written in DText: ``[[tag|shown]]``, ``"shown":[/address]``, ``[b]…[/b]``,
``h4. Heading``, ``* list``.
"""

import re
from typing import Final

from enogu.tags.names import normal_name, tidy_text
from enogu.tags.vocabulary.ratings import rating_level

_LINK: Final = re.compile(r"\[\[([^\[\]|]{1,200})(?:\|([^\[\]]{0,200}))?\]\]")
_WEB_LINK: Final = re.compile(r'"([^"\n]{1,200})":(?:\[[^\]\n]{1,500}\]|\S+)')
_MARKUP: Final = re.compile(r"\[/?[a-z]{1,12}(?:=[^\]\n]{0,100})?\]|\{\{|\}\}", re.IGNORECASE)
_NOT_PROSE: Final = re.compile(
    r"^\s*(?:h[1-6][.#]|\*|!|\[(?:table|tn|expand|quote)|see also)", re.I
)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|(?<=[。！？])")
_HEIR_HINT: Final = re.compile(r"\b(?:use|instead|deprecated|replaced?|ambiguous|tag)\b", re.I)

_MAX_EXPLANATION: Final = 200
_MAX_BODY: Final = 20_000
_MAX_HEIRS: Final = 8


def explanation_of(body: str) -> str:
    """Return the first sentence of a page as plain text.

    Args:
        body: The page in DText.

    Returns:
        At most 200 characters; empty when the page begins with no prose, or when its words are
        not for everybody.
    """
    for paragraph in body[:_MAX_BODY].splitlines():
        if not paragraph.strip() or _NOT_PROSE.match(paragraph):
            continue
        text = _plain(paragraph)
        sentence = _SENTENCE_END.split(text, maxsplit=1)[0].strip()
        if len(sentence) < 8:
            continue
        if rating_level(sentence.lower()) > 0:
            return ""
        if len(sentence) > _MAX_EXPLANATION:
            sentence = sentence[: _MAX_EXPLANATION - 1].rsplit(" ", 1)[0] + "…"
        return sentence
    return ""


def heirs_of(body: str) -> tuple[str, ...]:
    """Return the tags that the page of a deprecated tag names as what to use instead.

    Args:
        body: The page in DText.

    Returns:
        Normal names in order, at most 8: the links of the lines that speak of use.
    """
    found: dict[str, None] = {}
    for paragraph in body[:_MAX_BODY].splitlines():
        listed = paragraph.lstrip().startswith("*") and not found
        if not (listed or _HEIR_HINT.search(paragraph)):
            continue
        for target, _ in _LINK.findall(paragraph):
            name = normal_name(target.split("#")[0])
            # Help pages and lists of tags are no tags.
            if name and not name.startswith(
                ("help:", "tag_group:", "list_of_", "howto:", "about:")
            ):
                found[name] = None
    return tuple(found)[:_MAX_HEIRS]


def _plain(text: str) -> str:
    text = _LINK.sub(lambda link: link[2] or link[1], text)
    text = _WEB_LINK.sub(r"\1", text)
    return tidy_text(_MARKUP.sub("", text))
