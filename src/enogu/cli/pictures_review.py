"""`enogu pictures review`: look through pictures on a local page, or on contact sheets."""

import importlib.util
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import Common, console, counted, print_json

_Flag = Annotated[bool, Parameter(negative=())]


def review(
    *,
    sheets: Path | None = None,
    show: Literal["unsure", "all"] = "unsure",
    read: Path | None = None,
    undo: _Flag = False,
    port: int = 0,
    browser: Annotated[bool, Parameter(negative="--no-browser")] = True,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Look through the pictures on a page of this machine and say keep, leave out or unsure.

    The page needs `pip install 'enogu[studio]'`; Ctrl-C ends it. Without a browser, --sheets
    writes contact sheets and a text file for the verdicts, and --read takes that file in.

    Example: enogu pictures review

    Args:
        sheets: Write numbered contact sheets and `verdicts.txt` into this folder instead.
        show: What the sheets show: `unsure`, or `all` pictures.
        read: Take verdicts in from a `verdicts.txt`.
        undo: Take the last verdict back, also one of an earlier session.
        port: The port of 127.0.0.1. 0 takes a free one.
        browser: Open the page in your browser.
    """
    from enogu.project.review import open_desk

    project = common.open_project()
    if undo:
        with open_desk(project) as desk:
            names = [desk.name_of(one) for one in desk.undo()]
        _say(common, {"taken_back": names}, f"Took back: {', '.join(names) or 'nothing'}")
    elif read is not None:
        from enogu.project.review.sheet_verdicts import read_verdicts

        with open_desk(project) as desk:
            taken = read_verdicts(desk, read)
        _say(
            common,
            {"file": str(read), "verdicts": taken.counts, "gone": list(taken.gone)},
            f"Took in {counted(taken.num_changed, 'verdict')} from {read}: "
            + ", ".join(f"{count} {name}" for name, count in taken.counts.items()),
        )
        if not common.json:
            if taken.gone:
                console.print(f"  [yellow]no longer there[/] {escape(', '.join(taken.gone))}")
            console.print("To take them back: enogu pictures review --undo")
    elif sheets is not None:
        from enogu.project.review.sheets import write_sheets

        with open_desk(project) as desk:
            written = write_sheets(desk, sheets, only_unsure=show == "unsure")
        _say(
            common,
            {
                "sheets": [str(path) for path in written.sheets],
                "verdicts": str(written.verdicts),
                "pictures": written.num_pictures,
            },
            f"Wrote {counted(len(written.sheets), 'sheet')} of "
            f"{counted(written.num_pictures, 'picture')} to {sheets}\n"
            f"Next: write your verdicts into {written.verdicts}, then\n"
            f"  enogu pictures review --read {written.verdicts}",
        )
    else:
        _serve(common, port=port, browser=browser)


def _serve(common: Common, *, port: int, browser: bool) -> None:
    from enogu.errors import MissingExtraError
    from enogu.project.review import open_desk

    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"the review page needs the package {' and '.join(missing)}",
            hint="pip install 'enogu[studio]'   or look at contact sheets instead:\n"
            "  enogu pictures review --sheets sheets",
        )
    import functools

    from enogu.studio.serve import serve_review

    project = common.open_project()

    def say(address: str) -> None:
        if common.json:
            print_json({"address": address})
        else:
            console.print(f"Review of [bold]{escape(project.name)}[/]: {escape(address)}")
            console.print("Ctrl-C ends it; every verdict is kept at once.")

    serve_review(
        functools.partial(open_desk, project), port=port, say_address=say, open_browser=browser
    )
    if not common.json:
        console.print("Closed.")


def _say(common: Common, document: dict[str, object], text: str) -> None:
    if common.json:
        print_json(document)
    else:
        console.print(escape(text))
