"""Drawing with `mini` inside the world: just enough to look at it and to measure it."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from enogu.diffusion.noise import sample_noise, seeded_generator
from enogu.diffusion.samplers import sample_euler
from enogu.diffusion.sigmas import uniform_sigmas
from enogu.diffusion.targets import denoised_at_sigma, model_input_at_sigma
from enogu.world.export import MiniParts
from enogu.world.tokenizer import tokenize
from enogu.world.vae_training import decode


@torch.no_grad()
def sample_pictures(
    parts: MiniParts,
    prompts: list[str],
    *,
    seeds: list[int],
    steps: int = 20,
    cfg_scale: float = 4.0,
    negative: str = "",
    size: int = 128,
) -> list[Image.Image]:
    """Draw one picture per prompt with Euler steps and classifier-free guidance.

    Args:
        parts: The networks.
        prompts: One caption per picture.
        seeds: One seed per picture; a picture does not depend on its neighbours.
        steps: Model evaluations.
        cfg_scale: Guidance; 1 is none.
        negative: What guidance leads away from; the empty prompt by default.
        size: Width and height in pixels.
    """
    schedule = parts.schedule
    sigmas = uniform_sigmas(steps, schedule)
    embeds = parts.text_encoder(tokenize(parts.tokenizer, [negative, *prompts])).last_hidden_state
    without_text, texts = embeds[:1].expand(len(prompts), -1, -1), embeds[1:]
    latent_px = size // parts.downscale
    shape = (int(parts.unet.config["in_channels"]), latent_px, latent_px)
    start = torch.stack([sample_noise(shape, seeded_generator(seed, 0)) for seed in seeds])

    def denoiser(x: Tensor, sigma: Tensor) -> Tensor:
        model_input = model_input_at_sigma(x, sigma)
        timesteps = schedule.sigma_to_t(sigma).to(torch.float32)
        pred = parts.unet(
            torch.cat([model_input, model_input]),
            torch.cat([timesteps, timesteps]),
            torch.cat([without_text, texts]),
            return_dict=False,
        )[0]
        without, with_text = pred.chunk(2)
        guided = without + cfg_scale * (with_text - without)
        return denoised_at_sigma(parts.prediction, guided, x, sigma)

    latents = sample_euler(denoiser, start * float(sigmas[0]), sigmas)
    decoded = decode(parts.vae, latents / parts.scaling_factor)
    pixels = decoded.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in pixels]


def sample_in_batches(
    parts: MiniParts,
    prompts: Sequence[str],
    seeds: Sequence[int],
    *,
    steps: int,
    cfg_scale: float,
    negative: str = "",
    batch_size: int = 16,
) -> list[Image.Image]:
    """Return one picture per prompt, drawn a few at a time to bound the memory."""
    pictures: list[Image.Image] = []
    for start in range(0, len(prompts), batch_size):
        part = slice(start, start + batch_size)
        pictures += sample_pictures(
            parts,
            list(prompts[part]),
            seeds=list(seeds[part]),
            steps=steps,
            cfg_scale=cfg_scale,
            negative=negative,
        )
    return pictures
