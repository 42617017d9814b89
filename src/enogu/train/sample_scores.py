"""How many of the wished tags a judge sees in the samples, where it knows the tags."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from enogu.tags.names import normal_name
from enogu.tags.prompt import parse_prompt
from enogu.tags.prompt.items import prompt_tags
from enogu.tags.tagger import Tagger
from enogu.train.events import Event


@dataclass(frozen=True, kw_only=True)
class Judging:
    """A judge and the tags it knows.

    Attributes:
        tagger: Reads tags out of pictures.
        known: All tags it can answer for, in any spelling; others are not counted.
    """

    tagger: Tagger
    known: Collection[str]


@dataclass(frozen=True, kw_only=True)
class SampleScore:
    """What the judge says about one sample.

    Attributes:
        seen: Tags of the prompt that the judge knows, each with its probability in 0..1.
        unknown: Tags of the prompt that it does not know.
    """

    seen: Mapping[str, float]
    unknown: tuple[str, ...]

    @property
    def score(self) -> float | None:
        """The mean probability of the known tags; None when it knows none of them."""
        return sum(self.seen.values()) / len(self.seen) if self.seen else None


def score_sample(judging: Judging, image: Image.Image, prompt: str) -> SampleScore:
    """Ask the judge for the tags of a prompt.

    Args:
        judging: The judge.
        image: The sample.
        prompt: What was asked for; weights and brackets do not count.
    """
    known = {normal_name(tag) for tag in judging.known}
    items = prompt_tags(parse_prompt(prompt))
    wished = list(dict.fromkeys(normal_name(item.text) for item in items if not item.mixed))
    asked = [tag for tag in wished if tag in known]
    if not asked:
        return SampleScore(seen={}, unknown=tuple(wished))
    answers = {normal_name(tag): p for tag, p in judging.tagger.tag([image])[0].items()}
    # A tag the picture cannot show (the colour of closed eyes) is absent and counts as not seen.
    return SampleScore(
        seen={tag: round(answers.get(tag, 0.0), 4) for tag in asked},
        unknown=tuple(tag for tag in wished if tag not in known),
    )


def mean_scores(events: Sequence[Event]) -> dict[str, dict[int, float]]:
    """Return the scores of a run: name of the samples to step to mean score."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        if event["event"] == "sample" and event.get("score") is not None:
            found[str(event["name"])][int(event["step"])].append(float(event["score"]))
    return {
        name: {step: sum(values) / len(values) for step, values in sorted(steps.items())}
        for name, steps in found.items()
    }


def score_of_file(judging: Judging | None, path: Path, prompt: str) -> dict[str, object]:
    """Return what an event says of a sample: nothing without a judge that knows one of its tags."""
    if judging is None:
        return {}
    with Image.open(path) as image:
        found = score_sample(judging, image.convert("RGB"), prompt)
    if found.score is None:
        return {}
    return {"score": round(found.score, 4), "seen": dict(found.seen), "unknown": found.unknown}
