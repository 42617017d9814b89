"""Drawing with `mini` inside the world: just enough to look at it and to measure it."""

import torch
from PIL import Image
from torch import Tensor

from enogu.diffusion.noise import sample_noise, seeded_generator
from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.samplers import sample_euler
from enogu.diffusion.sigmas import uniform_sigmas
from enogu.diffusion.targets import denoised_at_sigma, model_input_at_sigma
from enogu.world.architecture import DOWNSCALE, LATENT_CHANNELS
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
    size: int = 128,
) -> list[Image.Image]:
    """Draw one picture per prompt with Euler steps and classifier-free guidance.

    Args:
        parts: The networks.
        prompts: One caption per picture.
        seeds: One seed per picture; a picture does not depend on its neighbours.
        steps: Model evaluations.
        cfg_scale: Guidance; 1 is none.
        size: Width and height in pixels.
    """
    schedule = NoiseSchedule.scaled_linear()
    sigmas = uniform_sigmas(steps, schedule)
    embeds = parts.text_encoder(tokenize(parts.tokenizer, ["", *prompts])).last_hidden_state
    empty, texts = embeds[:1].expand(len(prompts), -1, -1), embeds[1:]
    shape = (LATENT_CHANNELS, size // DOWNSCALE, size // DOWNSCALE)
    start = torch.stack([sample_noise(shape, seeded_generator(seed, 0)) for seed in seeds])

    def denoiser(x: Tensor, sigma: Tensor) -> Tensor:
        model_input = model_input_at_sigma(x, sigma)
        timesteps = schedule.sigma_to_t(sigma).to(torch.float32)
        pred = parts.unet(
            torch.cat([model_input, model_input]),
            torch.cat([timesteps, timesteps]),
            torch.cat([empty, texts]),
            return_dict=False,
        )[0]
        without, with_text = pred.chunk(2)
        guided = without + cfg_scale * (with_text - without)
        return denoised_at_sigma(parts.prediction, guided, x, sigma)

    latents = sample_euler(denoiser, start * float(sigmas[0]), sigmas)
    decoded = decode(parts.vae, latents / parts.scaling_factor)
    pixels = decoded.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in pixels]
