"""From recipes to pictures."""

import contextlib
from collections.abc import Callable, Generator, Sequence

import torch
from PIL import Image
from torch import Tensor

from enogu.diffusion.samplers import SAMPLERS, SamplerStep
from enogu.diffusion.sigmas import SCHEDULES
from enogu.diffusion.targets import check_prediction
from enogu.draw.conditioning import encode_prompts
from enogu.draw.guidance import GuidedDenoiser, PictureSize
from enogu.draw.noise import PictureNoise
from enogu.draw.recipe import BaseUse, Recipe
from enogu.errors import ConfigError, NonFiniteError
from enogu.families.base import Base
from enogu.families.latents import decode_latents

DrawCallback = Callable[[int, int], None]
"""(steps done, steps in all), called after every step; raise an exception in it to stop."""

_SHARED_SETTINGS = ("width", "height", "steps", "cfg_scale", "sampler", "schedule")


def base_use(base: Base) -> BaseUse:
    """Return how a recipe names `base`; computes its hash when that is not known yet."""
    return BaseUse(title=base.title, hash=base.content_hash)


def draw(base: Base, recipe: Recipe, *, callback: DrawCallback | None = None) -> Image.Image:
    """Draw one picture.

    Adapters are the caller's: what is injected into `base` takes part, with its own weight.

    Args:
        base: A base with all its parts.
        recipe: What to draw.
        callback: Told the progress after every step.

    Returns:
        RGB picture of the recipe's size.

    Raises:
        ConfigError: A size the base cannot draw.
        ScheduleError: Epsilon prediction with zero terminal SNR.
        PromptError: A prompt that cannot be read, or a clip skip that the base has no layer for.
        NonFiniteError: The model gave NaN or Inf.
    """
    return draw_batch(base, [recipe], callback=callback)[0]


def draw_batch(
    base: Base, recipes: Sequence[Recipe], *, callback: DrawCallback | None = None
) -> list[Image.Image]:
    """Draw several pictures in one go; each is the picture it would be alone.

    Up to rounding, that is: matrix products of another batch size round differently.

    Args:
        base: A base with all its parts.
        recipes: At least one; prompts, seeds and clip skip may differ, the rest must not.
        callback: Told the progress after every step.

    Returns:
        One RGB picture per recipe.

    Raises:
        ConfigError: No recipe, recipes that differ in a shared setting, or a size the base
            cannot draw.
        ScheduleError: Epsilon prediction with zero terminal SNR.
        PromptError: A prompt that cannot be read, or a clip skip that the base has no layer for.
        NonFiniteError: The model gave NaN or Inf.
    """
    check_batch(base, recipes)
    with torch.no_grad(), _evaluating(base):
        latents = sample_latents(base, recipes, callback=callback)
        return [_decode(base, latents[i : i + 1], recipe) for i, recipe in enumerate(recipes)]


def check_batch(base: Base, recipes: Sequence[Recipe]) -> None:
    """Refuse recipes that cannot be drawn together with `base`.

    Raises:
        ConfigError: No recipe, recipes that differ in a shared setting, or a size the base
            cannot draw.
        ScheduleError: Epsilon prediction with zero terminal SNR.
    """
    if not recipes:
        raise ConfigError("there is nothing to draw: no recipe was given")
    first = recipes[0]
    for name in _SHARED_SETTINGS:
        values = sorted({str(getattr(recipe, name)) for recipe in recipes})
        if len(values) > 1:
            raise ConfigError(
                f"pictures of one batch must have the same {name}, got {', '.join(values)}",
                hint="Draw them one after another.",
            )
    check_size(base.title, base.downscale, first.width, first.height)
    check_prediction(base.prediction, base.schedule)


def check_size(title: str, downscale: int, width: int, height: int) -> None:
    """Refuse a picture size that does not fit the latents of a base.

    Sizes between the steps of the UNet are fine: it enlarges to the sizes it came from.

    Args:
        title: Name of the base, for the message.
        downscale: Pixels per latent of the base.
        width: Pixels.
        height: Pixels.

    Raises:
        ConfigError: A side that is not a multiple of `downscale`.
    """
    if width % downscale or height % downscale:
        near = "x".join(
            str(max(downscale, round(side / downscale) * downscale)) for side in (width, height)
        )
        raise ConfigError(
            f"{title} draws sizes that are multiples of {downscale} pixels, got {width}x{height}",
            hint=f"The nearest size is {near}.",
        )


def sample_latents(
    base: Base, recipes: Sequence[Recipe], *, callback: DrawCallback | None = None
) -> Tensor:
    """Return the clean latents of recipes that :func:`check_batch` accepts.

    Args:
        base: A base with its UNet and text encoders.
        recipes: At least one, equal in the shared settings.
        callback: Told the progress after every step.

    Returns:
        float32 [B, C, H/f, W/f] in model space.
    """
    first = recipes[0]
    shape = (
        int(base.unet.config["in_channels"]),
        first.height // base.downscale,
        first.width // base.downscale,
    )
    sigmas = SCHEDULES[first.schedule](first.steps, base.schedule)
    denoiser = GuidedDenoiser(
        base,
        encode_prompts(base, recipes),
        cfg_scale=first.cfg_scale,
        size=PictureSize(width=first.width, height=first.height),
        sigmas=sigmas,
    )
    noise = PictureNoise([recipe.seed for recipe in recipes], shape, base.device)

    def report(step: SamplerStep) -> None:
        if callback is not None:
            callback(step.index + 1, step.total)

    return SAMPLERS[first.sampler](
        denoiser,
        noise.next() * float(sigmas[0]),
        sigmas,
        noise=lambda _: noise.next(),
        callback=report,
    )


def to_picture(image_CHW: Tensor) -> Image.Image:
    """Turn values of -1 .. 1 into an RGB picture, rounding to the nearest level.

    Args:
        image_CHW: floating [3, H, W].
    """
    levels = ((image_CHW.float() + 1) * 127.5).round().clamp(0, 255).to("cpu", torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy(), mode="RGB")


def _decode(base: Base, latents: Tensor, recipe: Recipe) -> Image.Image:
    """Decode one picture alone: less memory, and no dependence on its neighbours."""
    _check_finite(base, "UNet", latents, recipe)
    image = decode_latents(base, latents)
    _check_finite(base, "VAE", image, recipe)
    return to_picture(image[0])


def _check_finite(base: Base, part: str, values: Tensor, recipe: Recipe) -> None:
    if not bool(torch.isfinite(values).all()):
        raise NonFiniteError(
            f"the {part} of {base.title} gave NaN or Inf for seed {recipe.seed} "
            f"({recipe.width}x{recipe.height}, {recipe.sampler}, computed in {base.dtype})",
            hint="Draw it in full precision: --set machine.precision=fp32",
        )


@contextlib.contextmanager
def _evaluating(base: Base) -> Generator[None]:
    """Switch dropout off while drawing, also in the middle of a training run."""
    training = [
        module for part in base.modules().values() for module in part.modules() if module.training
    ]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
