"""Pictures drawn while training, with fixed seeds, beside those of the untouched base."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from enogu.adapters import AdapterSet
from enogu.config import ProjectConfig
from enogu.draw.metadata import save_png
from enogu.draw.pipeline import base_use, draw_batch
from enogu.draw.recipe import LoraUse, Recipe
from enogu.families.base import Base
from enogu.files import make_dirs
from enogu.tags.caption import CaptionRules, without_trigger
from enogu.train.prepare import Prepared


@dataclass(frozen=True)
class SamplePrompt:
    """One prompt that is drawn again and again.

    Attributes:
        name: ``trigger``, ``no-trigger`` or ``off-topic``; part of the file name.
        text: The prompt.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Sample:
    """One drawn sample: prompt name and file, and the step (0 is the untouched base)."""

    name: str
    path: Path
    step: int


def sample_prompts(
    config: ProjectConfig, prepared: Prepared, rules: CaptionRules
) -> tuple[SamplePrompt, ...]:
    """Return what is drawn: with the trigger, the same without it, and something else.

    Args:
        config: All settings.
        prepared: The pictures; the first caption is used when no prompt is set.
        rules: Gives the separator of tags.
    """
    trigger = config.captions.trigger.strip()
    text = config.samples.prompt or next(
        (item.text.splitlines()[0] for item in prepared.items if item.text), ""
    )
    joint = f"{rules.separator.strip() or ' '} "
    others = without_trigger(text, rules)
    prompts = [SamplePrompt("off-topic", config.samples.off_topic)]
    if trigger:
        prompts.insert(0, SamplePrompt("no-trigger", others))
    both = joint.join(part for part in (trigger, others) if part)
    prompts.insert(0, SamplePrompt("trigger", both))
    return tuple(prompts)


class SampleDrawer:
    """Draws the prompts of a run.

    Args:
        base: A base with all its parts and the adapter attached.
        adapter: The adapter, to be switched off for the base's own pictures.
        config: All settings.
        prompts: What to draw.
        folder: Where the files go.
        title: Name of the adapter in recipes.
        size: Width and height in pixels.
    """

    def __init__(
        self,
        base: Base,
        adapter: AdapterSet,
        config: ProjectConfig,
        prompts: tuple[SamplePrompt, ...],
        *,
        folder: Path,
        title: str,
        size: tuple[int, int],
    ) -> None:
        self._base = base
        self._adapter = adapter
        self._config = config
        self._prompts = prompts
        self._folder = folder
        self._title = title
        self._size = size

    def draw(self, step: int) -> list[Sample]:
        """Draw every prompt; at step 0 with the adapter off.

        Raises:
            StorageError: The disk is full.
        """
        make_dirs(self._folder)
        recipes = [self._recipe(prompt, step) for prompt in self._prompts]
        if step:
            images = draw_batch(self._base, recipes)
        else:
            with self._adapter.disabled():
                images = draw_batch(self._base, recipes)
        samples: list[Sample] = []
        for prompt, recipe, image in zip(self._prompts, recipes, images, strict=True):
            path = self._folder / f"step-{step:06d}-{prompt.name}.png"
            save_png(image, path, recipe)
            samples.append(Sample(prompt.name, path, step))
        return samples

    def _recipe(self, prompt: SamplePrompt, step: int) -> Recipe:
        settings = self._config.samples
        return Recipe(
            prompt=prompt.text,
            negative_prompt=settings.negative_prompt,
            seed=settings.seed,
            width=self._size[0],
            height=self._size[1],
            steps=settings.steps,
            cfg_scale=settings.cfg_scale,
            sampler=self._config.draw.sampler,
            schedule=self._config.draw.schedule,
            clip_skip=self._config.model.clip_skip,
            base=base_use(self._base),
            loras=(LoraUse(title=f"{self._title}-{step:06d}"),) if step else (),
        )


def sample_size(prepared: Prepared) -> tuple[int, int]:
    """Return the size in pixels that most pictures are trained in."""
    counts = Counter(item.fit.bucket for item in prepared.items)
    bucket = max(counts, key=lambda entry: (counts[entry], entry))
    return bucket.width, bucket.height
