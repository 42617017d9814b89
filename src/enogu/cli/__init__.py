"""The command line: each command parses, calls the library, and prints."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, UnusedCliTokensError
from rich.markup import escape

from enogu import __version__
from enogu.cli.common import errors, run_guarded
from enogu.project.layout import CONFIG_NAME

app = App(
    name="enogu",
    help="Train LoRAs on your own drawings, and draw with them. Start with: enogu demo",
    version=__version__,
    help_format="markdown",
    result_action="return_value",
)

# By path: a call imports the module of its own command, and none of the others.
for place in (
    "project_commands:new",
    "prep_command:prep",
    "plan_command:plan",
    "train_command:train",
    "train_command:best",
    "draw_command:draw",
    "inspect_command:inspect",
    "train_command:report",
    "train_command:tensorboard",
    "doctor_command:doctor",
    "demo_command:demo",
):
    app.command(f"{__name__}.{place}")
for name, place in {
    "config": "config_commands:config_app",
    "adapter": "adapter_look_commands:adapter_app",
    "pictures": "pictures_commands:pictures_app",
    "captions": "captions_commands:captions_app",
    "world": "world_commands:world_app",
    "tags": "tags_commands:tags_app",
    "phrases": "phrases_commands:phrases_app",
    "prompt": "prompt_commands:prompt_app",
    "runs": "runs_commands:runs_app",
    "import": "kohya_commands:import_app",
    "export": "kohya_commands:export_app",
}.items():
    app.command(f"{__name__}.{place}", name=name)


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
        if not type(error).__module__.startswith("cyclopts"):
            raise
        if isinstance(error, UnusedCliTokensError):
            _explain_words_left(error.unused_tokens or [])
        return 2
    if getattr(command, "__func__", None) is App.help_print:
        _import_all(app)
    code = run_guarded(
        lambda: result.append(command(*bound.args, **bound.kwargs)), debug="--debug" in arguments
    )
    if code == 0 and result and isinstance(result[0], int):
        return result[0]
    return code


def _explain_words_left(words: Sequence[str]) -> None:
    """Say what to do with words that a command does not take; most are a project or lack quotes."""
    if len(words) == 1 and Path(words[0], CONFIG_NAME).is_file():
        hint = f"A project is named so: --project {words[0]}"
    else:
        hint = 'Text of several words needs quotes: "1girl, red hair". What it takes: --help'
    errors.print(escape(hint), style="cyan")


def _import_all(group: App) -> None:
    """Import every command below `group`, because a list of them shows what each says of itself."""
    for name in group:
        if not name.startswith("-"):
            _import_all(group[name])
