"""Expanding templates of dynamic prompts: at random, all of them, or in turn.

Everything is evaluated without recursion and within limits, so that a template that is deep,
endless or grows without end is refused and not waited for.
"""

import itertools
import math
import random
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from enogu.errors import PromptError
from enogu.tags.prompt.template import (
    Access,
    Assignment,
    Choice,
    Piece,
    Sequence,
    Wildcard,
    Wrap,
    read_template,
)
from enogu.tags.prompt.wildcards import WildcardLibrary

Method = Literal["random", "combinatorial", "cyclic"]

MOST_PROMPTS = 10_000
"""Prompts that one call makes."""

_MOST_CHARACTERS = 200_000
_MOST_PIECES = 500_000
_MOST_WILDCARDS_DEEP = 50
_PLACE = "..."

_Work = Generator["_Work", Any, Any]
"""A step of an evaluation: yields further steps and is sent their results."""


def expand_prompt(
    text: str,
    *,
    method: Method = "random",
    number: int = 1,
    seed: int = 0,
    wildcards: WildcardLibrary | None = None,
) -> list[str]:
    """Expand a template.

    Args:
        text: The template.
        method: `random`; `combinatorial`, all of them in order; `cyclic`, each choice takes its
            options in turn. A choice may name its own way: ``{~a|b}``, ``{!a|b}``, ``{@a|b}``;
            those at random and in turn are not counted among the combinations.
        number: How many prompts, 1 to 10,000; of combinations the first ones.
        seed: For what is chosen at random.
        wildcards: Files for ``__name__``.

    Returns:
        `number` prompts, or all combinations where there are fewer.

    Raises:
        PromptError: A number out of range, a wildcard or variable that does not exist or holds
            itself, or a template that grows too large.
    """
    if not 1 <= number <= MOST_PROMPTS:
        raise PromptError(f"the number of prompts must be 1 to {MOST_PROMPTS:,}, got {number}")
    template = read_template(text)
    library = wildcards or WildcardLibrary({})
    rng = random.Random(f"{seed}/prompt")
    if method == "combinatorial":
        return list(itertools.islice(_combinations(template, library, rng), number))
    evaluation = _Evaluation(library)
    prompts: list[str] = []
    for index in range(number):
        usual = "~" if method == "random" else "@"
        chooser = _Chooser(index=index, rng=rng, usual=usual)
        prompts.append(evaluation.run(template, chooser))
    return prompts


def count_combinations(text: str, *, wildcards: WildcardLibrary | None = None) -> int:
    """Return how many combinations a template has, without making them.

    Texts that come out alike are counted each.

    Raises:
        PromptError: As :func:`expand_prompt`.
    """
    return _Counting(wildcards or WildcardLibrary({})).run(read_template(text))


@dataclass(frozen=True, slots=True)
class _Variable:
    """Text decided already, or a piece with the variables it was written under."""

    text: str | None
    value: Sequence | None = None
    scope: "_Scope | None" = None


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is known at one place of an evaluation."""

    variables: Mapping[str, _Variable] = field(default_factory=dict[str, _Variable])
    inside: tuple[str, ...] = ()
    """Wildcards and variables being expanded, to notice one that holds itself."""
    method: str = ""
    """Of the choice at random or in turn around this place; choices inside follow it."""

    def method_for(self, own: str) -> str:
        """Return the method of a choice here that names `own`."""
        if not self.method:
            return own
        return own if own in ("~", "@") else self.method

    def under(self, method: str) -> "_Scope":
        """Return what is known inside the options of a choice."""
        return replace(self, method=method) if method in ("~", "@") else self

    def enter(self, name: str) -> "_Scope":
        if name in self.inside:
            chain = " → ".join((*self.inside[self.inside.index(name) :], name))
            raise PromptError(
                f"{name} holds itself and would never end: {chain}",
                hint="Take one of them out of the other.",
            )
        if len(self.inside) >= _MOST_WILDCARDS_DEEP:
            raise PromptError(
                f"wildcards and variables are nested more than {_MOST_WILDCARDS_DEEP} deep, "
                f"at {name}"
            )
        return replace(self, inside=(*self.inside, name))


def _run(work: _Work) -> Any:  # noqa: ANN401 what the outermost step returns
    """Run a step with all the steps it needs, on a stack of our own."""
    stack: list[_Work] = [work]
    result: object = None
    while stack:
        try:
            step = stack[-1].send(result)
        except StopIteration as done:
            stack.pop()
            result = done.value
        else:
            stack.append(step)
            result = None
    return result


class _Values:
    """The values of wildcards as templates, each read once."""

    def __init__(self, library: WildcardLibrary) -> None:
        self._library = library
        self._known: dict[str, list[Sequence]] = {}

    def of(self, name: str) -> list[Sequence]:
        if name not in self._known:
            values = self._library.values(name)
            if not values:
                names = self._library.names
                raise PromptError(
                    f"no wildcard fits __{name}__",
                    hint=f"There are: {', '.join(names[:20])}{', …' if len(names) > 20 else ''}"
                    if names
                    else "Name the folder of your wildcard files: --wildcards FOLDER",
                )
            found: list[Sequence] = []
            for value in values:
                sequence = read_template(value.text)
                sequence.weight = value.weight
                found.append(sequence)
            self._known[name] = found
        return self._known[name]


def _with_settings(scope: _Scope, settings: Mapping[str, str]) -> _Scope:
    if not settings:
        return scope
    given = {name: _Variable(None, read_template(value), scope) for name, value in settings.items()}
    return replace(scope, variables={**scope.variables, **given})


class _Chooser:
    """Decides which options are taken, for one prompt.

    Args:
        index: Number of the prompt, from 0.
        rng: For choices at random.
        usual: The way of choices that name none: ``~``, ``@`` or ``!``.
        pick: Told how many ways there are and returns which one; for combinations.
    """

    def __init__(
        self,
        *,
        index: int,
        rng: random.Random,
        usual: str,
        pick: Callable[[int], int] | None = None,
    ) -> None:
        self._index = index
        self._rng = rng
        self._usual = usual
        self._pick = pick

    def choose(self, options: list[Sequence], least: int, most: int, method: str) -> list[Sequence]:
        method = method or self._usual
        if not options or most == 0:
            return []
        if method == "!" and self._pick is not None:
            return self._picked(options, least, most)
        if method == "~":
            return self._at_random(options, self._rng.randint(least, most))
        amount = least + self._index % (most - least + 1)
        return [options[(self._index + place) % len(options)] for place in range(amount)]

    def _picked(self, options: list[Sequence], least: int, most: int) -> list[Sequence]:
        assert self._pick is not None
        amount = least + (self._pick(most - least + 1) if most > least else 0)
        left = list(options)
        return [left.pop(self._pick(len(left))) for _ in range(amount)]

    def _at_random(self, options: list[Sequence], amount: int) -> list[Sequence]:
        if amount == 1:
            weights = [option.weight for option in options]
            if sum(weights) <= 0:
                weights = [1.0] * len(options)
            return self._rng.choices(options, weights)
        # without putting back, by weight (Efraimidis and Spirakis, 2006)
        keys = [
            (math.log(1.0 - self._rng.random()) / option.weight if option.weight > 0 else -math.inf)
            for option in options
        ]
        order = sorted(range(len(options)), key=lambda place: -keys[place])
        return [options[place] for place in order[:amount]]


class _Evaluation:
    """Makes one prompt at a time."""

    def __init__(self, library: WildcardLibrary) -> None:
        self._values = _Values(library)
        self._chooser = _Chooser(index=0, rng=random.Random(0), usual="~")
        self._num_pieces = 0

    def run(self, template: Sequence, chooser: _Chooser) -> str:
        self._chooser = chooser
        self._num_pieces = 0
        text, _ = _run(self._sequence(template, _Scope()))
        return text

    def _sequence(self, sequence: Sequence, scope: _Scope) -> _Work:
        parts: list[str] = []
        length = 0
        for piece in sequence.pieces:
            self._num_pieces += 1
            if self._num_pieces > _MOST_PIECES or length > _MOST_CHARACTERS:
                raise PromptError(
                    f"the template gives more than {_MOST_CHARACTERS:,} characters or "
                    f"{_MOST_PIECES:,} pieces for one prompt"
                )
            if isinstance(piece, str):
                text = piece
            else:
                text, scope = yield self._piece(piece, scope)
            parts.append(text)
            length += len(text)
        return "".join(parts), scope

    def _piece(self, piece: Piece, scope: _Scope) -> _Work:
        text = ""
        if isinstance(piece, Assignment):
            scope = yield self._assign(piece, scope)
        elif isinstance(piece, Access):
            text = yield self._access(piece, scope)
        elif isinstance(piece, Wrap):
            outer, _ = yield self._sequence(piece.outer, scope)
            inner, _ = yield self._sequence(piece.inner, scope)
            text = outer.replace(_PLACE, inner, 1) if _PLACE in outer else outer + inner
        elif isinstance(piece, Wildcard):
            inside = _with_settings(scope, piece.settings).enter(f"__{piece.name}__")
            options = self._values.of(piece.name)
            method = scope.method_for(piece.method)
            (chosen,) = self._chooser.choose(options, 1, 1, method)
            text, _ = yield self._sequence(chosen, inside.under(method))
        elif isinstance(piece, Choice):
            options, inside = self._options(piece, scope)
            least, most = min(piece.least, len(options)), min(piece.most, len(options))
            method = scope.method_for(piece.method)
            texts: list[str] = []
            for option in self._chooser.choose(options, least, most, method):
                one, _ = yield self._sequence(option, inside.under(method))
                texts.append(one.lstrip())
            text = piece.joint.join(texts)
        return text, scope

    def _options(self, choice: Choice, scope: _Scope) -> tuple[list[Sequence], _Scope]:
        """Return what a choice chooses from; ``{2$$__a__}`` takes two values of a wildcard."""
        wildcard = only_wildcard(choice)
        if wildcard is None:
            return choice.options, scope
        inside = _with_settings(scope, wildcard.settings).enter(f"__{wildcard.name}__")
        return self._values.of(wildcard.name), inside

    def _assign(self, piece: Assignment, scope: _Scope) -> _Work:
        if piece.keep and piece.name in scope.variables:
            return scope
        if piece.at_once:
            text, _ = yield self._sequence(piece.value, scope)
            variable = _Variable(text)
        else:
            variable = _Variable(None, piece.value, scope)
        return replace(scope, variables={**scope.variables, piece.name: variable})

    def _access(self, piece: Access, scope: _Scope) -> _Work:
        value, text, inside = variable_of(piece, scope)
        if value is not None:
            text, _ = yield self._sequence(value, inside)
        return text


def only_wildcard(choice: Choice) -> Wildcard | None:
    """Return the wildcard that a choice with a number chooses from, if that is all it holds."""
    if len(choice.options) != 1 or ((choice.least, choice.most) == (1, 1) and not choice.method):
        return None
    pieces = [
        piece
        for piece in choice.options[0].pieces
        if not (isinstance(piece, str) and not piece.strip())
    ]
    only = pieces[0] if len(pieces) == 1 else None
    return only if isinstance(only, Wildcard) else None


def variable_of(piece: Access, scope: _Scope) -> tuple[Sequence | None, str, _Scope]:
    """Return the value of a variable with its scope, or its text.

    Raises:
        PromptError: It was never set, or holds itself.
    """
    variable = scope.variables.get(piece.name)
    if variable is None:
        if piece.default is None:
            raise PromptError(
                f"the variable {piece.name!r} has no value",
                hint=f"Set it before: ${{{piece.name}=…}}, or give one here: ${{{piece.name}:…}}",
            )
        return piece.default, "", scope
    if variable.value is None or variable.scope is None:
        return None, variable.text or "", scope
    inside = replace(variable.scope, inside=scope.inside).enter(f"${{{piece.name}}}")
    return variable.value, "", inside


def _combinations(
    template: Sequence, library: WildcardLibrary, rng: random.Random
) -> Iterator[str]:
    """Give all combinations, the last choice changing fastest."""
    evaluation = _Evaluation(library)
    path: list[list[int]] = []
    for index in itertools.count():
        place = 0

        def pick(ways: int) -> int:
            nonlocal place
            if place == len(path):
                path.append([0, ways])
            place += 1
            return path[place - 1][0]

        yield evaluation.run(template, _Chooser(index=index, rng=rng, usual="!", pick=pick))
        # the next path: the last decision that has a way left takes it
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            return
        path[-1][0] += 1


class _Counting:
    """Counts combinations without making them."""

    def __init__(self, library: WildcardLibrary) -> None:
        self._values = _Values(library)
        self._num_pieces = 0

    def run(self, template: Sequence) -> int:
        number, _ = _run(self._sequence(template, _Scope()))
        return number

    def _sequence(self, sequence: Sequence, scope: _Scope) -> _Work:
        number = 1
        for piece in sequence.pieces:
            self._num_pieces += 1
            if self._num_pieces > _MOST_PIECES:
                raise PromptError(f"the template has more than {_MOST_PIECES:,} pieces to count")
            if not isinstance(piece, str):
                ways, scope = yield self._piece(piece, scope)
                number *= ways
        return number, scope

    def _piece(self, piece: Piece, scope: _Scope) -> _Work:
        number = 1
        if isinstance(piece, Assignment):
            if piece.keep and piece.name in scope.variables:
                return number, scope
            if piece.at_once:
                number, _ = yield self._sequence(piece.value, scope)
            variable = _Variable("") if piece.at_once else _Variable(None, piece.value, scope)
            scope = replace(scope, variables={**scope.variables, piece.name: variable})
        elif isinstance(piece, Access):
            value, _, inside = variable_of(piece, scope)
            if value is not None:
                number, _ = yield self._sequence(value, inside)
        elif isinstance(piece, Wrap):
            outer, _ = yield self._sequence(piece.outer, scope)
            inner, _ = yield self._sequence(piece.inner, scope)
            number = outer * inner
        elif isinstance(piece, Wildcard | Choice):
            number = yield self._choice(piece, scope)
        return number, scope

    def _choice(self, piece: Wildcard | Choice, scope: _Scope) -> _Work:
        wildcard = piece if isinstance(piece, Wildcard) else only_wildcard(piece)
        if wildcard is not None:
            scope = _with_settings(scope, wildcard.settings).enter(f"__{wildcard.name}__")
            options = self._values.of(wildcard.name)
        else:
            assert isinstance(piece, Choice)  # a wildcard names itself
            options = piece.options
        counts: list[int] = []
        for option in options:
            ways, _ = yield self._sequence(option, scope)
            counts.append(ways)
        if piece.method in ("~", "@"):
            # not among the combinations, but what was chosen inside may be
            return 1
        least, most = (1, 1) if isinstance(piece, Wildcard) else (piece.least, piece.most)
        most = min(most, len(counts))
        return _orders(counts, min(least, most), most)


def _orders(counts: list[int], least: int, most: int) -> int:
    """Return in how many ways `least` to `most` different options can follow one another."""
    if most <= 1:
        return (1 if least == 0 else 0) + (sum(counts) if most == 1 else 0)
    if len(counts) * most > _MOST_PIECES:
        raise PromptError(
            f"choosing up to {most} of {len(counts)} options has too many combinations to count"
        )
    # elementary symmetric polynomials: ways to choose k options, whatever their order
    ways = [1] + [0] * most
    for count in counts:
        for k in range(most, 0, -1):
            ways[k] += ways[k - 1] * count
    return sum(ways[k] * math.factorial(k) for k in range(least, most + 1))
