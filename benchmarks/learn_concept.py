"""Can a LoRA learn a character the base does not know, and leave everything else alone?

For each held-out character: draw a folder of pictures, make a project, train a LoRA with the
default settings, then draw with it and let the judge and the feature detector read the pictures.
Stopped half-way, the same command goes on; finished characters are not done again.

    python benchmarks/learn_concept.py --out benchmarks/learn_concept_202611.md
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from enogu.adapters import load_adapter
from enogu.draw.pipeline import draw_batch
from enogu.draw.recipe import Recipe
from enogu.families.base import Base
from enogu.families.detect import inspect_base
from enogu.families.load import load_configured_base
from enogu.files import make_dirs, sha256_bytes, sha256_file, write_text_atomic
from enogu.machine import choose_workplace
from enogu.project import Project, create_project, open_project
from enogu.tags.caption import split_tags
from enogu.train.session import train_project
from enogu.world.axes import AXES, TAGS, read_tags, tags_of, visible_axes
from enogu.world.captions import join_tags, random_traits
from enogu.world.concepts import (
    CONCEPTS,
    Concept,
    concept_caption,
    concept_traits,
    write_dataset,
    write_everyday_pictures,
)
from enogu.world.intervals import wilson_interval
from enogu.world.judge.features import FeatureDetector, assumed_traits, features_of
from enogu.world.judge.judge import JUDGE_PATH, Judge, load_judge

TRAINING_SEED = 7
PROMPT_SEED = 7_777
BATCH_SIZE = 8


@dataclass(frozen=True)
class Ask:
    """One picture to draw, and what it should show."""

    prompt: str
    seed: int
    fixed: dict[str, str]
    """By axis: what the trigger stands for."""
    told: dict[str, str]
    """By axis: what the other words of the prompt say."""


@dataclass(frozen=True)
class Share:
    """A share with its sample size."""

    right: int
    total: int

    def __str__(self) -> str:
        if not self.total:
            return "–"
        low, high = wilson_interval(self.right, self.total)
        return f"{self.right / self.total:.0%} ({low:.0%}–{high:.0%})"


@dataclass(frozen=True)
class Outcome:
    """What was measured for one character. Pairs are (with the LoRA, with the base alone)."""

    trigger: str
    title: str
    recalled: tuple[Share, Share]
    unnamed: dict[str, tuple[Share, Share]]
    followed: tuple[Share, Share]
    changed_silent: Share
    """Judged axes that differ from the base's picture: prompts without trigger and looks."""
    changed_told: Share
    """The same for prompts that say everything about another character."""
    train_cpu_s: float
    train_wall_s: float
    measure_cpu_s: float


def characters() -> list[Concept]:
    return [c for c in CONCEPTS.values() if c.fixed and features_of(c)]


def triggered_asks(concept: Concept, count: int) -> list[Ask]:
    asks = []
    for index in range(count):
        traits = concept_traits(concept, index, PROMPT_SEED)
        caption = concept_caption(concept, index, PROMPT_SEED)
        told = read_tags([tag for tag in split_tags(caption) if tag in TAGS])
        visible = visible_axes(traits)
        fixed = {a: traits[a] for a in concept.fixed if a in visible and a not in told}
        asks.append(Ask(caption, PROMPT_SEED + index, fixed, told))
    return asks


def silent_asks(concept: Concept, count: int) -> list[Ask]:
    """Return the same prompts without the trigger: nothing is said of looks."""
    return [
        Ask(
            join_tags([tag for tag in split_tags(ask.prompt) if tag != concept.trigger]),
            ask.seed,
            {},
            ask.told,
        )
        for ask in triggered_asks(concept, count)
    ]


def told_asks(count: int) -> list[Ask]:
    asks = []
    for index in range(count):
        traits = random_traits(random.Random(f"learn concept {index}"))
        told = {axis: traits[axis] for axis in visible_axes(traits)}
        asks.append(Ask(join_tags(tags_of(traits)), PROMPT_SEED + index, {}, told))
    return asks


def make_project(
    concept: Concept, work: Path, pictures: int, everyday: int, changes: Sequence[str]
) -> Project:
    identity = json.dumps([concept.trigger, pictures, everyday, list(changes), base_hash()])
    root = work / f"{concept.trigger}-{sha256_bytes(identity.encode())[:8]}"
    assignments = list(changes)
    if not (root / "enogu.toml").is_file():
        drawings = root.with_name(f"{root.name}-drawings")
        write_dataset(drawings, concept.trigger, pictures, TRAINING_SEED)
        if everyday:
            others = root.with_name(f"{root.name}-everyday")
            write_everyday_pictures(others, everyday, TRAINING_SEED)
            assignments.append(f"pictures.regularisation=../{others.name}")
        create_project(
            root, drawings, base="mini", trigger=concept.trigger, assignments=assignments
        )
    return open_project(root)


def base_hash() -> str:
    folder = inspect_base("mini").checkpoint.path
    weights = sorted(folder.rglob("*.safetensors"))
    return sha256_bytes("".join(sha256_file(path) for path in weights).encode())


def load_base(project: Project) -> Base:
    config = project.resolved.config
    info = inspect_base(project.base_reference)
    place = choose_workplace(config.machine, num_parameters=info.num_parameters["unet"])
    place.occupy()
    return load_configured_base(
        project.base_reference, config.model, dtype=place.precision.dtype, device=place.device
    )


def draw_all(base: Base, project: Project, asks: Sequence[Ask]) -> list[Image.Image]:
    config = project.resolved.config.draw
    pictures: list[Image.Image] = []
    for start in range(0, len(asks), BATCH_SIZE):
        recipes = [
            Recipe(
                prompt=ask.prompt,
                negative_prompt=config.negative_prompt,
                seed=ask.seed,
                width=128,
                height=128,
                steps=config.steps,
                cfg_scale=config.cfg_scale,
                sampler=config.sampler,
                schedule=config.schedule,
            )
            for ask in asks[start : start + BATCH_SIZE]
        ]
        pictures += draw_batch(base, recipes)
    return pictures


def count_right(answers: Sequence[dict[str, str]], expected: Sequence[dict[str, str]]) -> Share:
    pairs = [
        read.get(axis) == value
        for read, wanted in zip(answers, expected, strict=True)
        for axis, value in wanted.items()
    ]
    return Share(sum(pairs), len(pairs))


def count_changed(judge: Judge, before: list[Image.Image], after: list[Image.Image]) -> Share:
    first, second = judge(before), judge(after)
    changed = [
        read[axis] != again[axis]
        for read, again, visible in zip(first.answers, second.answers, first.visible, strict=True)
        for axis in visible
    ]
    return Share(sum(changed), len(changed))


def count_feature(
    concept: Concept, feature: str, judge: Judge, pictures: list[Image.Image]
) -> Share:
    detector = FeatureDetector(feature)
    answers = judge(pictures).answers
    found = [
        there
        for picture, values in zip(pictures, answers, strict=True)
        if (there := detector.is_there(picture, assumed_traits(concept, values))) is not None
    ]
    return Share(sum(found), len(found))


def run_character(
    concept: Concept, judge: Judge, project: Project, prompts: int, sheet: Path
) -> Outcome:
    cpu, wall = time.process_time(), time.time()
    result = train_project(project)
    train_cpu, train_wall = time.process_time() - cpu, time.time() - wall
    if result.adapter is None:
        raise RuntimeError(f"{concept.trigger}: training ended without an adapter: {result.note}")
    cpu = time.process_time()
    asks = {
        "trigger": triggered_asks(concept, prompts),
        "silent": silent_asks(concept, prompts),
        "told": told_asks(prompts),
    }
    base = load_base(project)
    before = {name: draw_all(base, project, group) for name, group in asks.items()}
    load_adapter(base, result.adapter, 1.0)
    after = {name: draw_all(base, project, group) for name, group in asks.items()}
    write_sheet(sheet, [after["trigger"], after["silent"], before["silent"]])
    answers = [judge(drawn["trigger"]).answers for drawn in (after, before)]
    fixed = [ask.fixed for ask in asks["trigger"]]
    told = [ask.told for ask in asks["trigger"]]
    return Outcome(
        trigger=concept.trigger,
        title=concept.title,
        recalled=(count_right(answers[0], fixed), count_right(answers[1], fixed)),
        unnamed={
            feature: (
                count_feature(concept, feature, judge, after["trigger"]),
                count_feature(concept, feature, judge, before["trigger"]),
            )
            for feature in features_of(concept)
        },
        followed=(count_right(answers[0], told), count_right(answers[1], told)),
        changed_silent=count_changed(judge, before["silent"], after["silent"]),
        changed_told=count_changed(judge, before["told"], after["told"]),
        train_cpu_s=train_cpu,
        train_wall_s=train_wall,
        measure_cpu_s=time.process_time() - cpu,
    )


def write_sheet(path: Path, rows: list[list[Image.Image]], columns: int = 10) -> None:
    """Write a picture: with trigger, without it, and the base without it, one below the other."""
    sheet = Image.new("RGB", (128 * columns, 128 * len(rows)), "#ffffff")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row[:columns]):
            sheet.paste(picture, (128 * x, 128 * y))
    sheet.save(path)


def table(outcomes: Sequence[dict[str, object]]) -> list[str]:
    lines = [
        "| character | features recalled | base alone | unnamed feature | base alone "
        "| other tags followed | base alone | changed without trigger, looks untold "
        "| changed, all told | training CPU-s | wall s | measuring CPU-s |",
        "|---|---|---|---|---|---|---|---|---|--:|--:|--:|",
    ]
    for row in outcomes:
        o = outcome_from_json(row)
        unnamed = "; ".join(f"{name} {pair[0]}" for name, pair in o.unnamed.items())
        unnamed_base = "; ".join(str(pair[1]) for pair in o.unnamed.values())
        lines.append(
            f"| {o.trigger}: {o.title} | {o.recalled[0]} | {o.recalled[1]} | {unnamed} "
            f"| {unnamed_base} | {o.followed[0]} | {o.followed[1]} | {o.changed_silent} "
            f"| {o.changed_told} | {o.train_cpu_s:.0f} | {o.train_wall_s:.0f} "
            f"| {o.measure_cpu_s:.0f} |"
        )
    return lines


def outcome_from_json(row: dict) -> Outcome:
    def pair(value: list) -> tuple[Share, Share]:
        return Share(**value[0]), Share(**value[1])

    return Outcome(
        **{
            **row,
            "recalled": pair(row["recalled"]),
            "followed": pair(row["followed"]),
            "unnamed": {name: pair(value) for name, value in row["unnamed"].items()},
            "changed_silent": Share(**row["changed_silent"]),
            "changed_told": Share(**row["changed_told"]),
        }
    )


def write_report(
    path: Path, outcomes: Sequence[dict], options: argparse.Namespace, steps: int
) -> None:
    import platform

    import torch

    from enogu import __version__

    lines = [
        "# Learning a character the base does not know (2026-11)",
        "",
        f"`python benchmarks/learn_concept.py --pictures {options.pictures} "
        f"--everyday {options.everyday} --prompts {options.prompts}"
        + "".join(f" --set {change}" for change in options.set)
        + "`",
        "",
        f"Enogu {__version__}, torch {torch.__version__}, {platform.processor() or 'CPU'}, "
        f"{torch.get_num_threads()} threads. Base: mini ({base_hash()[:8]}). "
        f"{options.pictures} pictures, {options.everyday} regularisation pictures, {steps} steps, "
        f"{options.prompts} prompts of each kind. Shares with 95 % intervals; read by the judge "
        f"({sha256_file(JUDGE_PATH)[:8]}) and the feature detector.",
        "",
        *table(outcomes),
        "",
    ]
    write_text_atomic(path, "\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/learn-concept"))
    parser.add_argument("--out", type=Path, default=None, help="Markdown file to write")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--everyday", type=int, default=20, help="regularisation pictures; 0: none")
    parser.add_argument("--prompts", type=int, default=32, help="of each of three kinds")
    parser.add_argument("--only", nargs="*", default=None, help="triggers; default: all characters")
    parser.add_argument("--set", action="append", default=[], help="a setting: train.steps=800")
    options = parser.parse_args()
    judge = load_judge()
    make_dirs(options.work)
    outcomes: list[dict] = []
    steps = 0
    for concept in characters():
        if options.only and concept.trigger not in options.only:
            continue
        project = make_project(
            concept, options.work, options.pictures, options.everyday, options.set
        )
        steps = project.resolved.config.train.steps
        identity = [options.prompts, list(AXES), sha256_file(JUDGE_PATH)]
        digest = sha256_bytes(json.dumps(identity).encode())[:8]
        path = project.root.with_name(f"{project.root.name}-{digest}.json")
        if not path.is_file():
            sheet = path.with_suffix(".png")
            outcome = run_character(concept, judge, project, options.prompts, sheet)
            write_text_atomic(path, json.dumps(asdict(outcome), ensure_ascii=False, indent=1))
        outcomes.append(json.loads(path.read_text("utf-8")))
        print("\n".join(table(outcomes[-1:])[-1:]), flush=True)
        if options.out is not None:
            write_report(options.out, outcomes, options, steps)
    print("\n".join(table(outcomes)))


if __name__ == "__main__":
    main()
