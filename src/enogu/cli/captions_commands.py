"""`enogu captions`: what the captions of a data set teach, and putting them in order."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from enogu.cli.captions_place import find_place, open_vocabulary, read_place
from enogu.cli.captions_show import (
    show_choice,
    show_findings,
    show_plan,
    show_statistics,
    show_written,
)
from enogu.cli.common import Common, print_json
from enogu.tags.dataset import KnowsTags
from enogu.tags.vocabulary.model import Measure

captions_app = App(
    name="captions", help="What the captions of a data set teach, and putting them in order."
)

_Flag = Annotated[bool, Parameter(negative=())]
_Several = Annotated[list[str] | None, Parameter(negative=())]


@captions_app.command
def stats(
    folder: Path | None = None,
    *,
    trigger: str = "",
    tag: str = "",
    measure: Measure = "cosine",
    share: float = 0.8,
    rows: int = 20,
    picture: Path | None = None,
    picture_tags: int = 40,
    picture_measure: Measure = "frequency",
    japanese: _Flag = False,
    font: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Count the tags of a data set and say what a LoRA will make of them.

    Example: enogu captions stats pictures --picture together.png

    Args:
        folder: A folder of captions. Left out: the pictures of the project.
        trigger: The word that shall bring back what is learnt. Left out: that of the project,
            else an unknown word that begins nine of ten captions.
        tag: Show what stands together with this tag.
        measure: Sorts what stands together: cosine, jaccard, overlap or frequency.
        share: From this share of the captions on a tag counts as absorbed, over 0 to 1.
        rows: How many rows of each list to show; --json has all.
        picture: Also write a heat map of which tags stand together, as PNG.
        picture_tags: How many tags the heat map has, 2 to 200.
        picture_measure: What the colour of the heat map shows.
        japanese: Write Japanese names into the heat map, where a font has the letters.
        font: A font file for the heat map.
    """
    from enogu.tags.dataset import captions_statistics, guess_trigger, write_heat_map
    from enogu.tags.dataset.documents import statistics_as_dict

    place = find_place(folder, common)
    vocabulary = open_vocabulary(place)
    captions = read_place(place)
    word = trigger or place.trigger or guess_trigger(captions, vocabulary)
    found = captions_statistics(captions, vocabulary, trigger=word, absorbed_share=share)
    if picture is not None:
        labels = _japanese(vocabulary, found.captions.names) if japanese else {}
        write_heat_map(
            found,
            picture,
            measure=picture_measure,
            labels=labels,
            most_tags=picture_tags,
            font=font,
        )
    if common.json:
        print_json({**statistics_as_dict(found), "picture": str(picture) if picture else None})
        return
    show_statistics(found, tag=tag, measure=measure, rows=rows, picture=picture)


@captions_app.command
def check(
    folder: Path | None = None,
    *,
    trigger: str = "",
    rows: int = 10,
    strict: _Flag = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Look for what is likely wrong in captions: typing errors, contradictions, other names.

    Example: enogu captions check pictures

    Args:
        folder: A folder of captions. Left out: the pictures of the project.
        trigger: The word that shall bring back what is learnt; it may be unknown. Left out: as for
            enogu captions stats.
        rows: How many findings of each kind to show; --json has all.
        strict: End with exit code 1 when something was found.
    """
    from enogu.tags.dataset import check_captions, guess_trigger
    from enogu.tags.dataset.documents import findings_as_dict

    place = find_place(folder, common)
    captions = read_place(place)
    vocabulary = open_vocabulary(place)
    word = trigger or place.trigger or guess_trigger(captions, vocabulary)
    findings = check_captions(captions, vocabulary, trigger=word)
    if common.json:
        print_json(findings_as_dict(captions, findings))
    else:
        show_findings(captions, findings, rows=rows)
    return int(strict and bool(findings or captions.unusable))


@captions_app.command
def find(
    query: str,
    folder: Path | None = None,
    *,
    paths: _Flag = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """List the captions that fit a query.

    A query joins tags with AND, OR, NOT and brackets. Tags may have `*`; `count>20` and `tags<5`
    count tags; `name:`, `folder:`, `first:` and `text:` look elsewhere.

    Example: enogu captions find "blue_hair AND NOT hat AND count>20" pictures

    Args:
        query: Which captions.
        folder: A folder of captions. Left out: the pictures of the project.
        paths: Print full paths only, one a line, for other programs.
    """
    from enogu.tags.dataset import choose

    place = find_place(folder, common)
    captions = read_place(place)
    choice = choose(captions, query)
    if common.json:
        files = zip(captions.files, choice.files, strict=True)
        print_json(
            {
                "query": query,
                "files": [str(file.path) for file, chosen in files if chosen],
                "not_in_any_caption": list(choice.unmatched),
            }
        )
        return
    show_choice(captions, choice, paths=paths)


@captions_app.command
def edit(
    folder: Path | None = None,
    *,
    where: str = "",
    canonical: _Flag = False,
    replace: _Several = None,
    regex: _Several = None,
    remove: _Several = None,
    blacklist: Path | None = None,
    prune_traits: _Flag = False,
    share: float = 0.8,
    thin_out_people: _Flag = False,
    drop_implied: _Flag = False,
    drop_overlap: _Flag = False,
    drop_repeated: _Flag = False,
    sort: _Flag = False,
    keep: int = 0,
    front: _Several = None,
    add: _Several = None,
    prepend: _Several = None,
    blanks: _Flag = False,
    underscores: _Flag = False,
    trigger: str = "",
    rows: int = 20,
    apply: _Flag = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Change captions: shows what would change; --apply writes it, and undo takes it back.

    Several edits of one call are made in the order in which they stand below. Lists of tags have
    commas, as in captions.

    Example: enogu captions edit pictures --prepend mychar --drop-implied --where "1girl"

    Args:
        folder: A folder of captions. Left out: the pictures of the project.
        where: Edit only captions that fit this query; see enogu captions find.
        canonical: Write the tag's own name for aliases, and heirs for tags no longer used.
        replace: OLD=NEW puts NEW (one tag or several) where OLD stands. May be given again.
        regex: s/old/new/ changes each tag by a regular expression. May be given again.
        remove: Take these tags out; `*` stands for any signs.
        blacklist: A text file of tags to take out, one a line; # begins a remark.
        prune_traits: Take out hair, eyes, face and body where most captions name them, so that
            the trigger word holds them.
        share: What "most" means for --prune-traits, over 0 to 1.
        thin_out_people: With several people, drop hair, eye and sleeve tags of a kind that occurs
            twice or more.
        drop_implied: Drop tags that another tag of the caption implies.
        drop_overlap: Drop tags whose words are part of a longer tag: hair beside blue hair.
        drop_repeated: Keep the first of tags that stand twice.
        sort: Sort tags by group: people, looks, clothes, doing, place, picture.
        keep: How many tags at the start --sort leaves in place, in addition to the trigger.
        front: Move these tags to the front; add nothing.
        add: Put these tags at the end of captions that lack them.
        prepend: Put these tags in front, such as a trigger word.
        blanks: Write blanks for underscores.
        underscores: Write underscores for blanks.
        trigger: The trigger word that other edits leave alone. Left out: that of the project.
        rows: How many changed captions to show.
        apply: Write the changes. Without it nothing is written.
    """
    from enogu.cli.captions_edits import EditOptions
    from enogu.tags.dataset import apply_edits, choose, continue_edit, pending_edit, plan_edits
    from enogu.tags.dataset.documents import edit_as_dict

    place = find_place(folder, common)
    options = EditOptions(
        where=where, canonical=canonical, replace=replace or [], regex=regex or [],
        remove=remove or [], blacklist=blacklist, prune_traits=prune_traits, share=share,
        thin_out_people=thin_out_people, drop_implied=drop_implied, drop_overlap=drop_overlap,
        drop_repeated=drop_repeated, sort=sort, keep=keep, front=front or [], add=add or [],
        prepend=prepend or [], blanks=blanks, underscores=underscores,
        trigger=trigger or place.trigger,
    )  # fmt: skip
    request = options.request()
    finished = continue_edit(place.folder, place.journals, request) if apply else None
    if finished is not None:
        show_written(finished, place, json=common.json)
        return 0
    captions = read_place(place)
    choice = choose(captions, where) if where else None
    vocabulary = open_vocabulary(place) if options.needs_vocabulary() else None
    edits = options.edits(captions, vocabulary)
    plan = plan_edits(captions, edits, chosen=None if choice is None else choice.files)
    written = apply_edits(plan, place.journals, request) if apply else None
    if common.json:
        journal = str(written.journal) if written and written.journal else None
        print_json({**edit_as_dict(plan), "written": written is not None, "journal": journal})
        return int(bool(plan.refused))
    pending = None if apply else pending_edit(place.journals)
    show_plan(plan, choice, rows=rows, will_write=apply, pending=pending)
    if written is not None:
        show_written(written, place, json=False)
    return int(bool(plan.refused))


@captions_app.command
def undo(
    folder: Path | None = None,
    *,
    keep_changed: _Flag = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Take back the last edit of captions, byte for byte; again for the one before it.

    Example: enogu captions undo pictures

    Args:
        folder: The folder that was edited. Left out: the pictures of the project.
        keep_changed: Leave captions alone that were changed since, instead of refusing.
    """
    from enogu.tags.dataset import undo_edit

    place = find_place(folder, common)
    written = undo_edit(place.folder, place.journals, keep_changed=keep_changed)
    show_written(written, place, json=common.json, undone=True)


def _japanese(vocabulary: KnowsTags, names: tuple[str, ...]) -> dict[str, str]:
    infos = ((name, vocabulary.get(name)) for name in names)
    return {name: info.japanese[0] for name, info in infos if info and info.japanese}
