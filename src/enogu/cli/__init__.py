"""The command line: each command parses, calls the library, and prints."""

import sys
from collections.abc import Sequence

from cyclopts import App

from enogu import __version__
from enogu.cli.adapter_look_commands import adapter_app
from enogu.cli.captions_commands import captions_app
from enogu.cli.common import run_guarded
from enogu.cli.config_commands import config_app
from enogu.cli.demo_command import demo
from enogu.cli.doctor_command import doctor
from enogu.cli.draw_command import draw
from enogu.cli.inspect_command import inspect
from enogu.cli.kohya_commands import export_app, import_app
from enogu.cli.phrases_commands import phrases_app
from enogu.cli.pictures_buckets_command import buckets
from enogu.cli.pictures_caption import caption
from enogu.cli.pictures_commands import pictures_app
from enogu.cli.pictures_export_command import export
from enogu.cli.pictures_review import review
from enogu.cli.pictures_step_commands import (
    background,
    duplicates,
    quality,
    regions,
    trim,
)
from enogu.cli.plan_command import plan
from enogu.cli.prep_command import prep
from enogu.cli.project_commands import new
from enogu.cli.prompt_commands import prompt_app
from enogu.cli.runs_commands import runs_app
from enogu.cli.tags_commands import tags_app
from enogu.cli.tags_search_command import search
from enogu.cli.train_command import best, report, tensorboard, train
from enogu.cli.world_commands import world_app

app = App(
    name="enogu",
    help="Train LoRAs on your own drawings, and draw with them. Start with: enogu demo",
    version=__version__,
    help_format="markdown",
    result_action="return_value",
)

for command in (new, prep, plan, train, best, draw, inspect, report, tensorboard, doctor, demo):
    app.command(command)
app.command(config_app)
app.command(adapter_app)
pictures_app.command(caption)
for command in (duplicates, trim, background, regions, quality, buckets, export):
    pictures_app.command(command)
pictures_app.command(review)
app.command(pictures_app)
app.command(captions_app)
app.command(world_app)
tags_app.command(search)
app.command(tags_app)
app.command(phrases_app)
app.command(prompt_app)
app.command(runs_app)
app.command(import_app)
app.command(export_app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0, 1, 2, or 130 after Ctrl-C."""
    result: list[object] = []
    try:
        command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=True)
    except Exception as error:
        # cyclopts has printed what is wrong with the words of the call.
        if type(error).__module__.startswith("cyclopts"):
            return 2
        raise
    code = run_guarded(
        lambda: result.append(command(*bound.args, **bound.kwargs)), debug="--debug" in arguments
    )
    if code == 0 and result and isinstance(result[0], int):
        return result[0]
    return code
