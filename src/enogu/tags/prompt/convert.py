"""From one dialect to another: weights as numbers, and a word on all that does not fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from enogu.errors import PromptError
from enogu.tags.prompt import a1111, dynamic
from enogu.tags.prompt.dialects import parser_of
from enogu.tags.prompt.findings import Finding, Level
from enogu.tags.prompt.tree import GroupKind, Prompt, Role, Token
from enogu.tags.prompt.weights import all_tokens, weighted_tokens
from enogu.tags.prompt.writers import WRITERS, Writer

_TOLERANCE = 1e-5
"""Weights are written with six decimals."""

_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """A prompt in another dialect."""

    text: str
    problems: tuple[Finding, ...]
    """What the other dialect has no form for (warnings) or another form (notes); places are those
    of the source."""

    @property
    def complete(self) -> bool:
        """Whether everything could be written."""
        return all(problem.level is Level.NOTE for problem in self.problems)


def convert_prompt(text: str, source: str, target: str) -> Conversion:
    """Write a prompt in another dialect.

    The result is read back and compared with the source, so that a difference that no rule foresaw
    is reported too.

    Args:
        text: The prompt.
        source: Its dialect.
        target: The dialect wanted.

    Returns:
        The text with what could not be written left in it as it was, and reported.

    Raises:
        PromptError: An unknown dialect, or dynamic prompts on one side only: they are a layer
            above a dialect and are expanded first.

    Example:
        >>> convert_prompt("((red hair:1.2), smile:1.5)", "comfy", "a1111").text
        '(red hair:1.2)(, smile:1.5)'
    """
    prompt = parser_of(source)(text)
    parser_of(target)
    if source == target:
        return Conversion(text=text, problems=())
    if dynamic.DIALECT in (source, target):
        raise PromptError(
            "dynamic prompts are a layer above a dialect and cannot be converted",
            hint="Expand them first: enogu prompt expand",
        )
    converter = _Converter(prompt, target)
    written = converter.convert()
    problems = converter.problems
    if all(problem.level is Level.NOTE for problem in problems):
        problems = [*problems, *_differences(prompt, parser_of(target)(written), target)]
    return Conversion(text=written, problems=tuple(problems))


class _Converter:
    def __init__(self, prompt: Prompt, target: str) -> None:
        self._prompt = prompt
        self._target = target
        self._writer: Writer = WRITERS[target]()
        self._constructs = dict(_constructs(prompt))
        self.problems: list[Finding] = []

    def convert(self) -> str:
        last = -1
        for index, piece in enumerate(all_tokens(self._prompt)):
            token, weight = piece.token, piece.weight
            if index <= last:
                continue
            if index in self._constructs:
                last, kind = self._constructs[index]
                self._leave(index, last, kind, weight)
            elif token.role is Role.TEXT:
                self._text(token, token.value, weight)
            elif token.role is Role.BREAK and weight != 1.0:
                self._text(token, "BREAK", -weight)
            elif token.role is Role.BREAK:
                if not self._writer.new_chunk():
                    self._unknown(token)
            elif token.role is Role.NETWORK:
                self._network(token)
            elif token.role is Role.EMBEDDING:
                self._embedding(token, weight)
            elif token.role in (Role.AND, Role.PART_WEIGHT, Role.CHARACTER):
                self._unknown(token)
        return self._writer.finish()

    def _text(self, token: Token, text: str, weight: float) -> None:
        for rule, values in self._writer.text(text, weight):
            self._report(rule, token, values)

    def _unknown(self, token: Token) -> None:
        """Leave a token as it is written, since the target has no form for it."""
        self._writer.raw(token.text)
        self._report(
            "convert_construct", token, {"text": token.text.strip(), "what": token.role.value}
        )

    def _network(self, token: Token) -> None:
        kind, _, arguments = token.value.partition(":")
        name, _, weight = arguments.partition(":")
        form = self._writer.network(kind, name, weight or "1")
        if form is None:
            self._unknown(token)
        else:
            self._writer.raw(form)
            self._note(token, form.strip())

    def _embedding(self, token: Token, weight: float) -> None:
        if self._target == a1111.DIALECT:
            self._text(token, token.value, weight)
            self._note(token, token.value)
        else:
            self._text(token, token.text, weight)
            values = {"text": token.text, "what": token.role.value}
            self._report("convert_construct", token, values)

    def _leave(self, first: int, last: int, kind: GroupKind, weight: float) -> None:
        """Leave a construct as it is written, under the weight around it."""
        tokens = self._prompt.tokens[first : last + 1]
        text = "".join(token.text for token in tokens)
        self._writer.raw(text, weight)
        values = {"text": text, "what": kind.value}
        self._report("convert_construct", tokens[0], values, end=tokens[-1].end)

    def _note(self, token: Token, form: str) -> None:
        values = {"text": token.text, "better": form}
        self._report("convert_changed", token, values, level=Level.NOTE)

    def _report(
        self,
        rule: str,
        token: Token,
        values: Mapping[str, str],
        *,
        level: Level = Level.WARNING,
        end: int | None = None,
    ) -> None:
        shown = {
            name: value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"
            for name, value in values.items()
        }
        self.problems.append(
            Finding(
                rule=rule,
                level=level,
                start=token.start,
                end=token.end if end is None else end,
                values={**shown, "dialect": self._target},
            )
        )


def _constructs(prompt: Prompt) -> Iterator[tuple[int, tuple[int, GroupKind]]]:
    """Give the outermost groups that are no weights: first token → (last token, kind)."""
    after = -1
    for group in prompt.groups:
        if group.kind is GroupKind.WEIGHT or group.open <= after:
            continue
        after = len(prompt.tokens) - 1 if group.close is None else group.close
        yield group.open, (after, group.kind)


def _differences(source: Prompt, written: Prompt, target: str) -> Iterator[Finding]:
    """Compare what two prompts say, letter by letter without blanks; report the first change."""
    ours = list(_letters(source))
    theirs = list(_letters(written))
    for place, (sign, weight, token) in enumerate(ours):
        other = theirs[place] if place < len(theirs) else None
        same = (
            other is not None
            and other[0] == sign
            and abs(other[1] - weight) <= _TOLERANCE * max(1.0, abs(weight))
        )
        if not same:
            yield _differs(token, target)
            return
    if len(theirs) > len(ours) and source.tokens:
        yield _differs(source.tokens[-1], target)


def _differs(token: Token, target: str) -> Finding:
    return Finding(
        rule="convert_differs",
        level=Level.WARNING,
        start=token.start,
        end=token.end,
        values={"text": token.text.strip()[:_SHOWN] or token.text, "dialect": target},
    )


def _letters(prompt: Prompt) -> Iterator[tuple[str, float, Token]]:
    for piece in weighted_tokens(prompt):
        text, weight = piece.token.value, piece.weight
        if piece.token.role is Role.BREAK and weight != 1.0:
            text, weight = "BREAK", -weight
        elif piece.token.role not in (Role.TEXT, Role.EMBEDDING):
            continue
        for sign in text:
            if not sign.isspace():
                yield sign, weight, piece.token
