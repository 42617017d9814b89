"""`enogu pictures trim|background|regions|quality|duplicates`: single steps, and decisions."""

from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import EXIT_INTERRUPTED, Common, console, counted, print_json
from enogu.cli.prep_show import (
    Flag,
    bounds_of,
    show_groups,
    show_rest,
    show_step,
    training_resolution,
)
from enogu.cli.stopping import graceful_stop, picture_progress
from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.project.duplicate_groups import duplicate_groups
from enogu.project.prep import (
    PrepPlace,
    bring_up_to_date,
    choose_entries,
    open_prep,
    run_steps,
)
from enogu.project.prep_decisions import (
    Answer,
    decide,
    draw_box,
    leave_out,
    leave_out_copies,
    take_in_again,
)
from enogu.project.prep_report import prep_report, report_as_dict


def trim(
    *names: str,
    undo: Flag = False,
    redo: Flag = False,
    accept: Flag = False,
    reset: Flag = False,
    box: str | None = None,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Cut borders, letterbox bars and repost bars off; ask about wide margins.

    Example: enogu pictures trim sketch-3 --accept

    Args:
        names: Pictures, by name or pattern. Left out: all.
        undo: Leave these pictures whole.
        redo: Look at them again, whether or not anything changed.
        accept: Cut what was only proposed.
        reset: Take your decisions about them back.
        box: The part of one picture that stays, as left,top,right,bottom in pixels.
        workers: How many processes to use. Left out: one per core.
    """
    answer = _answer(undo=undo, accept=accept, reset=reset)
    boxes = [("", box)] if box is not None else []
    return _step("trim", names, answer, boxes, redo=redo, workers=workers, common=common)


def background(
    *names: str,
    undo: Flag = False,
    redo: Flag = False,
    accept: Flag = False,
    reset: Flag = False,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Tell the subject of each picture from its background, or say that it is unsure.

    Example: enogu pictures background --set prep.background=mask

    Args:
        names: Pictures, by name or pattern. Left out: all.
        undo: Leave the background of these pictures as it is.
        redo: Look at them again, whether or not anything changed.
        accept: Use the mask that was only proposed.
        reset: Take your decisions about them back.
        workers: How many processes to use. Left out: one per core.
    """
    answer = _answer(undo=undo, accept=accept, reset=reset)
    return _step("background", names, answer, [], redo=redo, workers=workers, common=common)


def regions(
    *names: str,
    undo: Flag = False,
    redo: Flag = False,
    accept: Flag = False,
    reset: Flag = False,
    box: Annotated[list[str] | None, Parameter(negative=())] = None,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Find the subject, and faces and heads with a detector; they guide crops and extra samples.

    Example: enogu pictures regions portrait-1 --box face:210,80,380,260

    Args:
        names: Pictures, by name or pattern. Left out: all.
        undo: Use no regions in these pictures.
        redo: Look at them again, whether or not anything changed.
        accept: Use regions that were unsure.
        reset: Take your decisions and boxes back.
        box: A region of one picture, as kind:left,top,right,bottom in pixels. May be repeated.
        workers: How many processes to use. Left out: one per core.
    """
    answer = _answer(undo=undo, accept=accept, reset=reset)
    boxes: list[tuple[str, str]] = []
    for text in box or []:
        kind, _, corners = text.rpartition(":")
        boxes.append((kind or "face", corners))
    return _step("regions", names, answer, boxes, redo=redo, workers=workers, common=common)


def quality(
    *names: str,
    accept: Flag = False,
    reset: Flag = False,
    leave_out: Flag = False,
    redo: Flag = False,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Flag pictures that teach blur, JPEG blocks, darkness, text, or nothing.

    Example: enogu pictures quality blurry-1 --leave-out

    Args:
        names: Pictures, by name or pattern. Left out: all; for --leave-out the flagged ones.
        accept: Say that flagged pictures are good as they are.
        reset: Take your decisions about them back, and use them again.
        leave_out: Leave them out of training and export. Nothing is deleted.
        redo: Look at them again, whether or not anything changed.
        workers: How many processes to use. Left out: one per core.
    """
    if leave_out and (accept or reset):
        raise _both("leave-out", "accept" if accept else "reset")
    answer = _answer(undo=False, accept=accept, reset=reset)
    return _step(
        "quality", names, answer, [], redo=redo, workers=workers, common=common, drop=leave_out
    )


def duplicates(
    *names: str,
    leave_out: Flag = False,
    reset: Flag = False,
    redo: Flag = False,
    workers: int | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Find copies and look-alikes; nothing is deleted.

    Example: enogu pictures duplicates --leave-out

    Args:
        names: With --leave-out or --reset: which pictures. Left out: all copies that are sure.
        leave_out: Train and export one picture of each group only.
        reset: Use pictures again that were left out.
        redo: Compare again, whether or not anything changed.
        workers: How many processes to use. Left out: one per core.
    """
    if leave_out and reset:
        raise _both("leave-out", "reset")
    answer: Answer | None = "reset" if reset else None
    return _step(
        "duplicates", names, answer, [], redo=redo, workers=workers, common=common, drop=leave_out
    )


def _answer(*, undo: bool, accept: bool, reset: bool) -> Answer | None:
    given: list[Answer] = []
    if undo:
        given.append("undo")
    if accept:
        given.append("accept")
    if reset:
        given.append("reset")
    if len(given) > 1:
        raise _both(given[0], given[1])
    return given[0] if given else None


def _both(one: str, other: str) -> PictureError:
    return PictureError(
        f"--{one} and --{other} contradict each other", hint="Give one of them, then the other."
    )


def _step(
    step: str,
    names: tuple[str, ...],
    answer: Answer | None,
    boxes: list[tuple[str, str]],
    *,
    redo: bool,
    workers: int | None,
    common: Common,
    drop: bool = False,
) -> int:
    project = common.open_project()
    with (
        open_prep(project, training_resolution(project)) as place,
        graceful_stop("after the pictures under way") as wish,
    ):
        entries = choose_entries(place, names)
        with picture_progress(step.capitalize(), quiet=common.json) as progress:
            run = run_steps(
                place,
                [step],
                entries=entries,
                again=redo,
                bounds=bounds_of(workers),
                progress=progress,
                stop=wish.is_set,
            )
        changed = _decided(place, step, names, answer, boxes, drop=drop)
        if changed:
            # Steps behind this one look at what was decided.
            bring_up_to_date(place, entries, bounds=bounds_of(workers))
        report = prep_report(place, run, steps=[step])
        groups = duplicate_groups(place) if step == "duplicates" else None
    code = EXIT_INTERRUPTED if run.outcome == "stopped" else 0
    if common.json:
        more = {} if groups is None else {"groups": groups.as_dict()}
        print_json(
            {
                "outcome": run.outcome,
                "changed": list(changed),
                **report_as_dict(report),
                **more,
            }
        )
        return code
    if groups is None:
        show_step(report.steps[0], shown=len(names) or 40)
    else:
        show_groups(report.steps[0], groups)
    show_rest(report)
    if changed:
        console.print(f"Decided for {counted(len(changed), 'picture')}: {_some(changed)}")
    if run.outcome == "stopped":
        console.print("Stopped. Run the same command again to go on.")
    return code


def _decided(
    place: PrepPlace,
    step: str,
    names: tuple[str, ...],
    answer: Answer | None,
    boxes: list[tuple[str, str]],
    *,
    drop: bool,
) -> tuple[str, ...]:
    entries = choose_entries(place, names)
    if boxes:
        if len(entries) != 1 or not names:
            raise PictureError(
                f"--box draws in one picture, and {len(entries)} are named",
                hint="Name one picture before --box.",
            )
        for kind, corners in boxes:
            draw_box(place, step, entries[0], kind, _box(corners))
        return (entries[0].relative,)
    if drop:
        if names:
            return leave_out(place, entries)
        if step == "duplicates":
            return leave_out_copies(place)
        flagged = [
            entry
            for entry in entries
            if (found := place.records.result(entry.picture_id, step)) is not None
            and found.verdict == "flagged"
            and place.decisions.get(entry.picture_id, step) is None
        ]
        return leave_out(place, flagged)
    if answer == "reset" and step in ("duplicates", "quality"):
        take_in_again(place, entries)
    return () if answer is None else decide(place, step, entries, answer)


def _box(text: str) -> Box:
    try:
        left, top, right, bottom = (int(part) for part in text.split(","))
        return Box(left, top, right, bottom)
    except ValueError as error:
        raise PictureError(
            f"a box is left,top,right,bottom in whole pixels, got {text!r}",
            hint="For instance 40,20,600,700: from the upper left corner, right and bottom larger.",
        ) from error


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return escape(", ".join(names[:5]) + more)
