"""Random numbers that depend on their place only, never on what was drawn before.

A training step asks for the generator of (seed, step, index) and so draws the same noise
whether the run was interrupted, resumed or batched differently.
"""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor


def seeded_generator(*parts: int) -> torch.Generator:
    """Return a CPU generator whose state depends on the integers alone.

    The integers are hashed (BLAKE2b over their decimal digits), so that neighbours such as
    (1, 2) and (2, 1), or step 7 and step 8, give unrelated streams, on every platform and in
    every Python. torch's CPU generator keeps 32 bits of a seed; two of n places share a stream
    with probability of about n² / 2³³, which for training noise does no harm.

    Args:
        parts: Any integers, for example (seed, step, index).
    """
    text = ",".join(str(int(part)) for part in parts)
    digest = hashlib.blake2b(text.encode("ascii"), digest_size=8, person=b"enogu-noise").digest()
    generator = torch.Generator(device="cpu")
    return generator.manual_seed(int.from_bytes(digest, "little"))


def sample_noise(
    shape: Sequence[int],
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Return standard normal noise, drawn in float32 on the CPU and then converted.

    The same generator state therefore gives the same numbers in every dtype and on every
    device, up to rounding. Noise fills memory in row order: another width is another picture.

    Args:
        shape: Shape of the noise.
        generator: CPU generator; it is advanced.
        dtype: Floating dtype of the result.
        device: Where the result is put.
    """
    return torch.randn(tuple(shape), generator=generator, dtype=torch.float32).to(device, dtype)


def noise_offset_strength(offset: float, latents: Tensor, *, adaptive: float = 0.0) -> Tensor:
    """Return how far the noise of each channel is shifted, given the picture it will hide.

    max(0, offset + adaptive * |mean of the channel|), as sd-scripts has it: channels far from 0,
    which very dark or bright pictures have, are shifted more, or less with a negative factor.

    Args:
        offset: The part that is the same for all.
        latents: [..., C, H, W], model space.
        adaptive: The factor of the channel's mean.

    Returns:
        [..., C, 1, 1], at least 0.
    """
    return (offset + adaptive * latents.mean(dim=(-2, -1), keepdim=True).abs()).clamp(min=0)


def apply_noise_offset(noise: Tensor, offset: float | Tensor, generator: torch.Generator) -> Tensor:
    """Return noise shifted per sample and channel, so that overall brightness is learnt.

    Args:
        noise: [..., C, H, W].
        offset: Standard deviation of the shift; the number 0 returns `noise` itself, 0.05 is
            usual. A tensor [..., C, 1, 1] gives each channel its own.
        generator: CPU generator; it is advanced unless the offset is the number 0.

    Returns:
        noise + offset * randn([..., C, 1, 1]); it is also the target of epsilon prediction.
    """
    if not isinstance(offset, Tensor) and offset == 0:
        return noise
    shift = sample_noise((*noise.shape[:-2], 1, 1), generator, noise.dtype, noise.device)
    return noise + offset * shift


def multires_noise(
    noise: Tensor, generator: torch.Generator, *, iterations: int, discount: float
) -> Tensor:
    """Return noise with coarse noise on top, so that large areas of light are learnt too.

    For i = 0, 1, … the sum grows by discount^i times fresh noise of 1/r^i the size, enlarged
    bilinearly, with r drawn anew from 2..4 each time, until a side is one number long; then it
    is divided by its standard deviation (multi-resolution noise of J. Whitaker, 2023, in the
    form of sd-scripts' `pyramid_noise_like`). The deviation is that of each picture, not of the
    batch, so a picture's noise does not depend on its neighbours.

    Args:
        noise: [C, H, W].
        generator: CPU generator; it is advanced unless `iterations` is 0.
        iterations: Sizes that are added, at least 0; 0 returns `noise` itself, 6 to 10 are usual.
        discount: Weight of each size by that of the size before, in (0, 1]; 0.3 is usual.
    """
    if iterations == 0:
        return noise
    channels, height, width = noise.shape
    total = noise
    for level in range(iterations):
        ratio = (2 + 2 * float(torch.rand(1, generator=generator))) ** level
        small = max(1, int(height / ratio)), max(1, int(width / ratio))
        coarse = sample_noise((1, channels, *small), generator, noise.dtype, noise.device)
        enlarged = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
        total = total + enlarged[0] * discount**level
        if 1 in small:
            break
    return total / total.std()
