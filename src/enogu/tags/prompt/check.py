"""Everything that can be checked in a prompt, and mending it."""

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from enogu.tags.dataset.knowledge import KnowsTags
from enogu.tags.prompt import a1111, dynamic
from enogu.tags.prompt.check_syntax import check_syntax
from enogu.tags.prompt.check_tags import check_tags
from enogu.tags.prompt.check_template import check_template
from enogu.tags.prompt.chunk_plan import ChunkPlan, cut_tags, plan_chunks
from enogu.tags.prompt.chunks import Tokenize
from enogu.tags.prompt.dialects import parser_of
from enogu.tags.prompt.findings import Finding, Level, apply_fixes
from enogu.tags.prompt.tree import Prompt
from enogu.tags.prompt.wildcards import WildcardLibrary

SEEN_AT_LEAST = 100
"""Pictures of a tag below which a base hardly knows it."""

_MOST_OF_A_KIND = 100
_MOST_ROUNDS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptCheck:
    """What a check found."""

    prompt: Prompt
    findings: tuple[Finding, ...]
    """In the order of the text."""
    chunks: ChunkPlan | None
    """How the text falls into chunks; None for dialects whose chunks are not drawn here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckOptions:
    """What a check may use."""

    knows: KnowsTags | None = None
    """The vocabulary; without it only signs are checked."""
    seen_at_least: int = SEEN_AT_LEAST
    """Tags with fewer pictures are reported; 0 switches that off."""
    counts: Mapping[str, int] | None = None
    """Normal name → pictures the loaded base has seen. Tags that are not in it count as never
    seen. Without it the vocabulary's counts are taken."""
    tokenize: Tokenize | None = None
    """The base's tokenizer; without it chunks are estimated."""
    wildcards: WildcardLibrary | None = None
    """Files for ``__name__`` in dynamic prompts."""


def check_prompt(
    text: str, dialect: str = a1111.DIALECT, options: CheckOptions | None = None
) -> PromptCheck:
    """Check a prompt.

    Args:
        text: The prompt; any text can be checked.
        dialect: One of :data:`enogu.tags.prompt.DIALECTS`.
        options: What the check may use.

    Raises:
        PromptError: An unknown dialect.

    Example:
        >>> [finding.rule for finding in check_prompt("1girl, (red hair:1.2, [hat]").findings]
        ['unclosed']
    """
    options = options or CheckOptions()
    prompt = parser_of(dialect)(text)
    if dialect == dynamic.DIALECT:
        signs = list(_limited(check_template(prompt, options.wildcards)))
    else:
        signs = list(_limited(check_syntax(prompt)))
    plan = plan_chunks(prompt, options.tokenize) if dialect == a1111.DIALECT else None
    found = [*signs, *(_limited(cut_tags(plan, prompt)) if plan else ())]
    if options.knows is not None:
        found = [one for one in map(partial(_known_series, options.knows), found) if one]
        found += _without_echoes(_limited(_tag_findings(prompt, options)), signs)
    found.sort(key=lambda finding: (finding.start, -finding.end))
    return PromptCheck(prompt=prompt, findings=tuple(found), chunks=plan)


def _tag_findings(prompt: Prompt, options: CheckOptions) -> Iterator[Finding]:
    assert options.knows is not None
    counts = options.counts
    return check_tags(
        prompt,
        options.knows,
        seen_at_least=options.seen_at_least,
        count=None if counts is None else lambda name: counts.get(name, 0),
    )


def _known_series(knows: KnowsTags, finding: Finding) -> Finding | None:
    """Judge ``name (series)`` by the vocabulary: words in brackets may be meant to be stronger."""
    if finding.rule != "series" or finding.fix is None or finding.fix.sure:
        return finding
    if knows.resolve(finding.values["tag"]).name is not None:
        return replace(finding, fix=replace(finding.fix, sure=True))
    return None if knows.resolve(finding.values["series"]).name is not None else finding


def _without_echoes(findings: Iterable[Finding], signs: list[Finding]) -> Iterator[Finding]:
    """Leave out unknown tags that are unknown only because of a bracket reported already."""
    touched = sorted(
        (edit.start, edit.end)
        for sign in signs
        if sign.rule not in _HARMLESS
        for edit in (*(sign.fix.edits if sign.fix else ()), sign)
    )
    for finding in findings:
        if finding.rule in _UNKNOWN:
            place = bisect_right(touched, (finding.end, sys.maxsize))
            near = touched[max(0, place - _NEIGHBOURS) : place]
            if any(end >= finding.start for _, end in near):
                continue
        yield finding


_UNKNOWN = ("unknown", "unknown_near")
_HARMLESS = ("strong", "endless", "network", "empty_tag", "square_weight")
_OF_TAGS = (*_UNKNOWN, "alias", "deprecated", "duplicate", "duplicate_weight", "redundant")
_NEIGHBOURS = 8


def _limited(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Give at most a hundred findings of a kind, and say where there were more."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.rule] += 1
        if counts[finding.rule] <= _MOST_OF_A_KIND:
            yield finding
        elif counts[finding.rule] == _MOST_OF_A_KIND + 1:
            yield Finding(
                rule="limit",
                level=Level.NOTE,
                start=finding.start,
                end=finding.end,
                values={"number": str(_MOST_OF_A_KIND), "rule": finding.rule},
            )


def mend_prompt(
    text: str,
    dialect: str = a1111.DIALECT,
    options: CheckOptions | None = None,
    *,
    unsure: bool = False,
) -> str:
    """Return a prompt with its findings mended, as far as that can be done without guessing.

    Args:
        text: The prompt.
        dialect: Its dialect.
        options: What the check may use.
        unsure: Apply proposals too, such as the nearest known tag.

    Returns:
        The mended prompt. Checking and mending are repeated a few times, since mending a bracket
        may bring other things to light.
    """
    for _ in range(_MOST_ROUNDS):
        check = check_prompt(text, dialect, options)
        fixes = [
            finding
            for finding in check.findings
            if finding.fix is not None and (finding.fix.sure or unsure)
        ]
        # words are looked up again once the signs around them are right
        fixes = [one for one in fixes if one.rule not in _OF_TAGS] or fixes
        if not fixes:
            break
        # inner brackets are closed before outer ones where both end at the same place
        fixes.sort(key=lambda finding: -finding.start)
        mended = apply_fixes(text, [finding.fix for finding in fixes if finding.fix])
        if mended == text:
            break
        text = mended
    return text
