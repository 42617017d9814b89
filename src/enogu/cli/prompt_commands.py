"""`enogu prompt`: checking, converting, expanding and ordering prompts."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.markup import escape

from enogu.cli.common import Common, console, errors, print_json
from enogu.cli.tags_commands import open_vocabulary
from enogu.errors import PromptError
from enogu.tags.prompt.check import SEEN_AT_LEAST, CheckOptions, check_prompt, mend_prompt
from enogu.tags.prompt.chunk_plan import chunk_lines
from enogu.tags.prompt.chunks import Tokenize
from enogu.tags.prompt.convert import convert_prompt
from enogu.tags.prompt.expand import Method, count_combinations, expand_prompt
from enogu.tags.prompt.findings import LANGUAGES, Finding, Level
from enogu.tags.prompt.presets import load_presets, order_prompt, preset_named
from enogu.tags.prompt.wildcards import WildcardLibrary, read_wildcards

prompt_app = App(name="prompt", help="Check, convert, expand and order prompts.")

Dialect = Literal["a1111", "comfy", "novelai", "compel", "dynamic"]
Language = Literal["en", "ja"]
_Flag = Annotated[bool, Parameter(negative=())]

_MOST_BYTES = 4 << 20
_COLOURS = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


def read_prompt(text: str | None, file: Path | None) -> str:
    """Return the prompt: the words of the call, a file, or standard input.

    Raises:
        PromptError: None or several of them, or a file that is no text.
    """
    if text is not None and file is not None:
        raise PromptError("give the prompt as words or as --file, not both")
    if text is not None and text != "-":
        return text
    if file is None and sys.stdin.isatty():
        raise PromptError(
            "there is no prompt",
            hint="Write it in quotes, or: enogu prompt check --file prompt.txt",
        )
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if file is None else file.read_bytes()
        if len(data) > _MOST_BYTES:
            raise PromptError(f"more than {_MOST_BYTES >> 20} MiB are too much for a prompt")
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise PromptError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise PromptError(
            f"{file or 'standard input'}: is not text in UTF-8", hint="Save it as UTF-8."
        ) from error


@prompt_app.command
def check(
    text: str | None = None,
    *,
    file: Path | None = None,
    dialect: Dialect = "a1111",
    fix: _Flag = False,
    proposals: _Flag = False,
    language: Language = "en",
    seen_at_least: int = SEEN_AT_LEAST,
    base: str | None = None,
    wildcards: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Say what is wrong in a prompt, and how it falls into chunks. Ends with 1 when it is wrong.

    Example: enogu prompt check "1girl, (red hair:1.2, [blue eyes]" --dialect a1111 --fix

    Args:
        text: The prompt; without it, or with -, it is read from standard input.
        file: A file with the prompt.
        dialect: a1111 (also Forge and enogu draw), comfy, novelai, compel or dynamic.
        fix: Show the prompt with everything mended that needs no guess.
        proposals: With --fix, also make the proposed changes, such as the nearest known tag.
        language: en or ja.
        seen_at_least: Report tags with fewer pictures; 0 reports none.
        base: Count tokens with the tokenizer of this base; without it they are estimated.
        wildcards: Folder of wildcard files, to find missing ones (dialect dynamic).
    """
    prompt = read_prompt(text, file)
    with open_vocabulary(common) as vocabulary:
        options = CheckOptions(
            knows=vocabulary,
            seen_at_least=seen_at_least,
            tokenize=_tokenizer_of(base) if base else None,
            wildcards=_library(wildcards) if wildcards else None,
        )
        checked = check_prompt(prompt, dialect, options)
        mended = mend_prompt(prompt, dialect, options, unsure=proposals) if fix else None
    wrong = any(finding.level is not Level.NOTE for finding in checked.findings)
    if common.json:
        print_json(
            {
                "findings": [_as_dict(finding) for finding in checked.findings],
                "chunks": None
                if checked.chunks is None
                else {
                    "exact": checked.chunks.exact,
                    "chunks": [
                        {"tokens": chunk.tokens, "tags": list(chunk.tags), "cut": chunk.cut}
                        for chunk in checked.chunks.chunks
                    ],
                },
                "mended": mended,
            }
        )
        return int(wrong)
    for finding in checked.findings:
        _show(finding, language)
    if not checked.findings:
        console.print("Nothing to say." if language == "en" else "問題は見つかりませんでした。")
    if checked.chunks is not None:
        for line in chunk_lines(checked.chunks, language):
            console.print(f"[dim]{escape(line)}[/]")
    if mended is not None:
        console.print(mended, markup=False)
    return int(wrong)


@prompt_app.command
def convert(
    text: str | None = None,
    *,
    source: Annotated[Dialect, Parameter(name="--from")],
    target: Annotated[Dialect, Parameter(name="--to")],
    file: Path | None = None,
    language: Language = "en",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Write a prompt in another dialect. Ends with 1 when something could not be written.

    Example: enogu prompt convert --from comfy --to a1111 "((red hair:1.2), smile:1.1)"

    Args:
        text: The prompt; without it, or with -, it is read from standard input.
        source: Its dialect: a1111, comfy, novelai or compel.
        target: The dialect wanted.
        file: A file with the prompt.
        language: Of the messages: en or ja.
    """
    conversion = convert_prompt(read_prompt(text, file), source, target)
    if common.json:
        print_json(
            {
                "text": conversion.text,
                "complete": conversion.complete,
                "problems": [_as_dict(problem) for problem in conversion.problems],
            }
        )
        return int(not conversion.complete)
    console.print(conversion.text, markup=False)
    for problem in conversion.problems:
        _show(problem, language, to_errors=True)
    return int(not conversion.complete)


@prompt_app.command
def expand(
    text: str | None = None,
    *,
    file: Path | None = None,
    method: Method = "random",
    number: Annotated[int, Parameter(name=["--number", "-n"])] = 1,
    seed: int = 0,
    wildcards: Path | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Make prompts from a template of dynamic prompts, one a line.

    Example: enogu prompt expand "{red|blue} hair, __pose__" --wildcards wildcards -n 3 --seed 7

    Args:
        text: The template; without it, or with -, it is read from standard input.
        file: A file with the template.
        method: random, combinatorial (all of them in order) or cyclic (each choice in turn).
        number: How many prompts; of combinations at most so many, after saying how many there are.
        seed: For what is chosen at random; the same seed gives the same prompts.
        wildcards: Folder of wildcard files (.txt, .yaml, .json).
    """
    template = read_prompt(text, file)
    library = _library(wildcards) if wildcards else None
    total = None
    if method == "combinatorial":
        total = count_combinations(template, wildcards=library)
        if not common.json:
            errors.print(f"{_big(total)} combinations; the first {min(total, number):,} follow")
    prompts = expand_prompt(template, method=method, number=number, seed=seed, wildcards=library)
    if common.json:
        print_json({"prompts": list(prompts), "combinations": total})
        return
    for prompt in prompts:
        console.print(" ".join(prompt.split("\n")), markup=False)


@prompt_app.command
def order(
    text: str | None = None,
    *,
    preset: str,
    file: Path | None = None,
    dialect: Dialect = "a1111",
    quality: _Flag = False,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Put the tags of a prompt into the order of a model family, and say what moved.

    Example: enogu prompt order "smile, 1girl, outdoors" --preset animagine-4 --quality

    Args:
        text: The prompt; without it, or with -, it is read from standard input.
        preset: The model family; see enogu prompt presets.
        file: A file with the prompt.
        dialect: Its dialect.
        quality: Also add the quality tags of the family that are not there; they are named.
    """
    chosen = preset_named(preset)
    with open_vocabulary(common) as vocabulary:
        ordered = order_prompt(
            read_prompt(text, file), chosen, vocabulary, dialect=dialect, quality=quality
        )
    if common.json:
        print_json(
            {"text": ordered.text, "added": list(ordered.added), "moved": list(ordered.moved)}
        )
        return
    console.print(ordered.text, markup=False)
    if ordered.moved:
        errors.print(f"moved: {escape(', '.join(ordered.moved))}")
    if ordered.added:
        errors.print(f"added: {escape(', '.join(ordered.added))}")
    missing = [tag for tag in chosen.quality if not quality and tag not in ordered.text]
    if missing:
        errors.print(f"not added (--quality adds them): {escape(', '.join(missing))}")


@prompt_app.command
def presets(*, common: Annotated[Common, Parameter(name="*")] = Common()) -> None:  # noqa: B008
    """List the presets of model families: tag order, quality tags, negative prompts.

    Example: enogu prompt presets
    """
    known = load_presets()
    if common.json:
        print_json(
            {
                name: {
                    "title": preset.title,
                    "order": list(preset.order),
                    "quality": list(preset.quality),
                    "quality_at": preset.quality_at,
                    "negative": list(preset.negative),
                }
                for name, preset in known.items()
            }
        )
        return
    for name, preset in known.items():
        console.print(f"[bold]{name}[/]  {preset.title}")
        console.print(f"  order     {', '.join(preset.order)}")
        if preset.quality:
            console.print(f"  quality   ({preset.quality_at}) {', '.join(preset.quality)}")
        if preset.negative:
            console.print(f"  negative  {', '.join(preset.negative)}")


def _tokenizer_of(base: str) -> Tokenize:
    """Return the tokenizer of a base; nothing else of it is loaded."""
    from enogu.families.chunks import text_token_ids
    from enogu.families.detect import inspect_base
    from enogu.families.tokenizers import find_tokenizers

    tokenizer = find_tokenizers(inspect_base(base), None, allow_hub=False)[0]
    return lambda text: text_token_ids(tokenizer, text)


def _library(folder: Path) -> WildcardLibrary:
    library = read_wildcards(folder)
    for problem in library.problems:
        errors.print(f"[yellow]left out[/] {escape(problem)}")
    return library


def _show(finding: Finding, language: Language, *, to_errors: bool = False) -> None:
    level = f"[{_COLOURS[finding.level]}]{finding.level.value}[/]"
    place = f"{finding.start + 1}-{finding.end}"
    text = escape(finding.message(language))
    (errors if to_errors else console).print(f"{place:>9}  {level}  {text}")


def _as_dict(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "start": finding.start,
        "end": finding.end,
        "message": {language: finding.message(language) for language in LANGUAGES},
        "fix": None
        if finding.fix is None
        else {
            "sure": finding.fix.sure,
            "edits": [
                {"start": edit.start, "end": edit.end, "text": edit.text}
                for edit in finding.fix.edits
            ],
        },
    }


def _big(number: int) -> str:
    """Return a number as text; of one with hundreds of digits only its size."""
    digits = number.bit_length() * 0.30103
    return f"{number:,}" if digits < 40 else f"about 10^{digits:.0f}"
