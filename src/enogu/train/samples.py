"""Pictures drawn while training, with fixed seeds, beside those of the untouched base."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from enogu.adapters import AdapterSet
from enogu.adapters.metadata import MergedAdapter
from enogu.config import ProjectConfig
from enogu.draw.metadata import save_png
from enogu.draw.pipeline import base_use, check_size, draw
from enogu.draw.prompt_file import PromptLine, read_prompt_file
from enogu.draw.recipe import LoraUse, Recipe
from enogu.errors import PromptError, UserError
from enogu.families.base import Base
from enogu.files import make_dirs
from enogu.frozen import pack_frozen, unpack
from enogu.tags.caption import CaptionRules, without_trigger
from enogu.tags.prompt.parts import prompt_parts
from enogu.train.prepare import Prepared


@dataclass(frozen=True, kw_only=True)
class SamplePrompt:
    """One prompt that is drawn again and again.

    Attributes:
        name: ``trigger``, ``no-trigger``, ``off-topic``, or ``prompt-07`` for line 7 of a file;
            part of the file name.
        recipe: What is drawn, without base and adapter.
    """

    name: str
    recipe: Recipe

    @property
    def text(self) -> str:
        """The prompt."""
        return self.recipe.prompt


@dataclass(frozen=True)
class Sample:
    """One drawn sample: prompt name and file, and the step (0 is the untouched base)."""

    name: str
    path: Path
    step: int


def sample_prompts(
    config: ProjectConfig,
    prepared: Prepared,
    rules: CaptionRules,
    *,
    root: Path,
    title: str,
    downscale: int,
) -> tuple[SamplePrompt, ...]:
    """Return what is drawn: the prompts of a file, or those made for the trigger word.

    Those are the prompt with the trigger, the same without it, and something else.

    Args:
        config: All settings.
        prepared: The pictures; the first caption is used when no prompt is set.
        rules: Gives the separator of tags.
        root: The project folder, from which the path of a prompt file starts.
        title: Name of the base, for messages.
        downscale: Pixels per latent of the base.

    Raises:
        PromptError: The prompt file cannot be read, or a prompt cannot be drawn; the message names
            the line.
        ConfigError: A prompt of the settings, or their size, cannot be drawn.
    """
    size = sample_size(prepared)
    if config.samples.file:
        path = root / Path(config.samples.file).expanduser()
        return tuple(
            _of_line(config, line, size, f"{path}, line {line.number}", title, downscale)
            for line in read_prompt_file(path)
        )
    prompts = [
        SamplePrompt(name=name, recipe=_recipe(config, text, size))
        for name, text in _texts(config, prepared, rules)
    ]
    for prompt in prompts:
        check_drawable(prompt.recipe, title, downscale)
    return tuple(prompts)


def check_drawable(recipe: Recipe, title: str, downscale: int) -> None:
    """Refuse a recipe that could not be drawn, before hours of training lead up to it.

    Raises:
        ConfigError: A size the base cannot draw.
        PromptError: A prompt that cannot be read.
    """
    check_size(title, downscale, recipe.width, recipe.height)
    for text, negative in ((recipe.prompt, False), (recipe.negative_prompt, True)):
        prompt_parts(text, recipe.steps, negative=negative)


def _of_line(
    config: ProjectConfig,
    line: PromptLine,
    size: tuple[int, int],
    where: str,
    title: str,
    downscale: int,
) -> SamplePrompt:
    changes = {
        "negative_prompt": line.negative,
        "width": line.width,
        "height": line.height,
        "seed": line.seed,
        "cfg_scale": line.cfg_scale,
        "steps": line.steps,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        recipe = _recipe(config, line.text, size, **given)
        check_drawable(recipe, title, downscale)
    except UserError as error:
        raise PromptError(f"{where}: {error.message}", hint=error.hint) from error
    return SamplePrompt(name=f"prompt-{line.number:02d}", recipe=recipe)


def _texts(config: ProjectConfig, prepared: Prepared, rules: CaptionRules) -> list[tuple[str, str]]:
    # A folder may have a trigger word of its own: each word is tried once.
    firsts: dict[str, tuple[str, CaptionRules]] = {}
    for item in prepared.items:
        mine = item.rules(rules)
        if item.text:
            firsts.setdefault(mine.trigger.strip(), (item.text.splitlines()[0], mine))
    if not firsts:
        firsts[rules.trigger.strip()] = ("", rules)
    texts: list[tuple[str, str]] = []
    for number, (trigger, (caption, mine)) in enumerate(firsts.items(), start=1):
        ending = f"-{number}" if number > 1 else ""
        others = without_trigger(config.samples.prompt or caption, mine)
        joint = f"{mine.separator.strip() or ' '} "
        both = joint.join(part for part in (trigger, others) if part)
        texts.append((f"trigger{ending}", both))
        if trigger:
            texts.append((f"no-trigger{ending}", others))
    return [*texts, ("off-topic", config.samples.off_topic)]


def _recipe(config: ProjectConfig, text: str, size: tuple[int, int], **changes: object) -> Recipe:
    settings = config.samples
    values: dict[str, object] = {
        "prompt": text,
        "negative_prompt": settings.negative_prompt,
        "seed": settings.seed,
        "width": size[0],
        "height": size[1],
        "steps": settings.steps,
        "cfg_scale": settings.cfg_scale,
        "sampler": config.draw.sampler,
        "schedule": config.draw.schedule,
        "clip_skip": config.model.clip_skip,
    }
    return Recipe.model_validate(values | changes)


class SampleDrawer:
    """Draws the prompts of a run.

    A sample is, bit for bit, the picture that is drawn later with the file saved at that step: the
    adapter is rounded as in the file, the frozen layers are the plain ones, and each picture is
    drawn alone.

    Args:
        base: A base with all its parts and the adapter attached.
        adapter: The adapter, to be switched off for the base's own pictures.
        prompts: What to draw.
        folder: Where the files go.
        title: Name of the adapter in recipes.
        dtype: Number format of the adapter's files.
        merged: What is merged into the base, for the recipes.
    """

    def __init__(
        self,
        base: Base,
        adapter: AdapterSet,
        prompts: tuple[SamplePrompt, ...],
        *,
        folder: Path,
        title: str,
        dtype: torch.dtype,
        merged: Sequence[MergedAdapter] = (),
    ) -> None:
        self._base = base
        self._adapter = adapter
        self._prompts = prompts
        self._folder = folder
        self._title = title
        self._dtype = dtype
        self._merged = tuple(
            LoraUse(title=entry.title, hash=entry.model_hash, weight=entry.weight)
            for entry in merged
        )

    def draw(self, step: int) -> list[Sample]:
        """Draw every prompt; at step 0 with the adapter off.

        Raises:
            StorageError: The disk is full.
        """
        make_dirs(self._folder)
        samples: list[Sample] = []
        with _plain_layers(self._base), self._as_drawn(step):
            for prompt in self._prompts:
                loras = (LoraUse(title=f"{self._title}-{step:06d}"),) if step else ()
                uses = {"base": base_use(self._base), "loras": loras, "merged": self._merged}
                recipe = prompt.recipe.model_copy(update=uses)
                path = self._folder / f"step-{step:06d}-{prompt.name}.png"
                save_png(draw(self._base, recipe), path, recipe)
                samples.append(Sample(prompt.name, path, step))
        return samples

    def _as_drawn(self, step: int) -> AbstractContextManager[None]:
        return self._adapter.as_saved(self._dtype) if step else self._adapter.disabled()


@contextmanager
def _plain_layers(base: Base) -> Generator[None]:
    """Draw with plain layers, as they are outside of training: packed ones round differently."""
    unpack(base.unet)
    try:
        yield
    finally:
        pack_frozen(base.unet, dtype=base.dtype)


def sample_size(prepared: Prepared) -> tuple[int, int]:
    """Return the size in pixels that most pictures are trained in."""
    counts = Counter(item.fit.bucket for item in prepared.items)
    bucket = max(counts, key=lambda entry: (counts[entry], entry))
    return bucket.width, bucket.height
