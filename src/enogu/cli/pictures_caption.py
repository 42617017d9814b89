"""`enogu pictures caption`: read tags out of pictures and bring them into the captions."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.captions_place import CaptionPlace, find_place
from enogu.cli.captions_show import show_plan, show_written
from enogu.cli.common import EXIT_INTERRUPTED, Common, console, counted, print_json
from enogu.cli.stopping import graceful_stop, picture_progress
from enogu.pictures.tagging import Limits, NamedTagger, TaggerSource
from enogu.project.caption_pictures import CaptionPlan, Tagged

_Flag = Annotated[bool, Parameter(negative=())]
_NAMES_SHOWN = 5
_JUDGE = "judge"
_JUDGE_LIMIT = 0.5


def caption(
    *,
    tagger: str = _JUDGE,
    threshold: float | None = None,
    character_threshold: float = 0.85,
    mcut: _Flag = False,
    exclude: str = "",
    rows: int = 20,
    workers: int | None = None,
    apply: _Flag = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Read tags out of the pictures; show what the captions become; --apply writes it.

    Your own tags stay first and are never lost; a tag you took out stays out. Every score is kept
    in the records, so that another threshold needs no second reading. `enogu captions undo` takes
    the last writing back.

    Example: enogu pictures caption --tagger ~/models/wd-vit-tagger-v3/model.onnx

    Args:
        tagger: `judge`, which knows the drawn world only, or the path of a tagger's ONNX file with
            `selected_tags.csv` (WD v2, v3) or a card beside it.
        threshold: From which score on a general tag counts, 0.05 to 1. Left out: 0.35, for the
            judge 0.5.
        character_threshold: The same for characters and works.
        mcut: Set the thresholds for each picture where its scores fall most.
        exclude: Tags that never come in, with commas.
        rows: How many changed captions to show.
        workers: How many processes read. Left out: one per core; for the judge one.
        apply: Write the captions. Without it none is written.
    """
    from enogu.pictures.chain import Bounds
    from enogu.project.caption_pictures import keep_written, plan_captions, tag_pictures
    from enogu.tags.caption import split_tags
    from enogu.tags.dataset import apply_edits, continue_edit, pending_edit
    from enogu.tags.dataset.documents import edit_as_dict
    from enogu.tags.names import normal_name

    project = common.open_project()
    place = find_place(None, common)
    source = _source(tagger)
    limits = Limits(
        general=source.general if threshold is None else threshold,
        character=character_threshold,
        by_gap=mcut,
        leave_out=frozenset(map(normal_name, split_tags(exclude))),
    )
    request = _request(source, limits)
    finished = continue_edit(place.folder, place.journals, request) if apply else None
    if finished is not None:
        show_written(finished, place, json=common.json)
        return 0
    count = workers if workers is not None else (1 if tagger == _JUDGE else None)
    with (
        project.lock(),
        graceful_stop("after the pictures under way") as wish,
        picture_progress("Reading tags", quiet=common.json) as progress,
    ):
        tagged = tag_pictures(
            project,
            source,
            bounds=None if count is None else Bounds(workers=max(1, count)),
            progress=progress,
            stop=wish.is_set,
        )
    if tagged.run.outcome == "stopped":
        console.print("Stopped. What was read is kept; run the same command again to go on.")
        return EXIT_INTERRUPTED
    with project.lock():
        plan = plan_captions(project, source.name, limits)
        written = None
        if apply:
            keep_written(project, plan)
            written = apply_edits(plan.edit, place.journals, request)
    if common.json:
        journal = str(written.journal) if written and written.journal else None
        print_json(
            {
                **edit_as_dict(plan.edit),
                **_reading_as_dict(source, tagged, plan),
                "written": written is not None,
                "journal": journal,
            }
        )
        return int(bool(plan.edit.refused))
    _show_reading(source, tagged, plan)
    pending = None if apply else pending_edit(place.journals)
    show_plan(plan.edit, None, rows=rows, will_write=apply, pending=pending)
    if written is not None:
        _show_end(written.num_files, plan, place)
        show_written(written, place, json=False)
    return int(bool(plan.edit.refused))


def _source(tagger: str) -> TaggerSource:
    if tagger == _JUDGE:
        return judge_source()
    from enogu.pictures.tagging import onnx_tagger_source

    return onnx_tagger_source(Path(tagger))


def judge_source() -> TaggerSource:
    """Return the embedded judge as a tagger."""
    from enogu.files import sha256_file
    from enogu.world.judge.judge import JUDGE_PATH

    return TaggerSource(
        name=_JUDGE, digest=sha256_file(JUDGE_PATH), open=open_judge, general=_JUDGE_LIMIT
    )


def open_judge() -> NamedTagger:
    """Load the embedded judge."""
    from enogu.world.judge.judge import load_judge

    return NamedTagger(tagger=load_judge())


def _request(source: TaggerSource, limits: Limits) -> str:
    """Return what was asked for, the same for the same call."""
    given = [source.name, source.digest, limits.general, limits.character, limits.by_gap]
    return json.dumps(["pictures caption", *given, sorted(limits.leave_out)])


def _reading_as_dict(source: TaggerSource, tagged: Tagged, plan: CaptionPlan) -> dict[str, object]:
    return {
        "tagger": source.name,
        "read_now": tagged.run.looked_at,
        "read_before": tagged.run.unchanged,
        "unusable_pictures": [
            {"picture": name, "reason": reason}
            for name, reason in (*tagged.run.refused, *tagged.unreadable)
        ],
        "without_any_tag": list(plan.nothing),
        "sharing_a_caption": list(plan.shared),
        "left_out": plan.left_out,
        "agreement": plan.agreement,
        "new_files": plan.num_new,
    }


def _show_reading(source: TaggerSource, tagged: Tagged, plan: CaptionPlan) -> None:
    console.print(
        f"[bold]{escape(source.name)}[/] read {counted(tagged.run.looked_at, 'picture')} now, "
        f"{tagged.run.unchanged} before"
    )
    if plan.agreement is not None:
        console.print(
            f"  {plan.agreement:.0%} of what it reads in captioned pictures is in your captions too"
        )
    if source.name == _JUDGE:
        console.print(
            "  [yellow]note[/] the judge knows the drawn world only; on other drawings it guesses. "
            "Give a WD tagger with --tagger model.onnx"
        )
    for note in tagged.notes:
        console.print(f"  [yellow]note[/] {escape(note)}")
    for name, reason in (*tagged.run.refused, *tagged.unreadable):
        console.print(f"  [yellow]cannot be used[/] {escape(f'{name}: {reason}')}")
    for item in plan.edit.captions.unusable:
        console.print(f"  [yellow]left alone[/] {escape(f'{item.path}: {item.reason}')}")
    _show_names("no tag reaches the threshold, so no caption is written", plan.nothing)
    _show_names("share one caption file and are left alone; rename one of each", plan.shared)
    if plan.left_out:
        console.print(f"  left out by you: {counted(plan.left_out, 'picture')}")


def _show_names(text: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        console.print(
            f"  [yellow]{escape(text)}[/]: {escape(', '.join(names[:_NAMES_SHOWN]) + more)}"
        )


def _show_end(num_files: int, plan: CaptionPlan, place: CaptionPlace) -> None:
    if num_files:
        console.print(
            f"{plan.num_new} of them are new files. Next: enogu captions check "
            f"{escape(str(place.folder))}"
        )
