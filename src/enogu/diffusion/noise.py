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


def apply_noise_offset(noise: Tensor, offset: float, generator: torch.Generator) -> Tensor:
    """Return noise shifted per sample and channel, so that overall brightness is learnt.

    Args:
        noise: [..., C, H, W].
        offset: Standard deviation of the shift; 0 returns `noise` itself, 0.05 is usual.
        generator: CPU generator; it is advanced unless the offset is 0.

    Returns:
        noise + offset * randn([..., C, 1, 1]); it is also the target of epsilon prediction.
    """
    if offset == 0:
        return noise
    shift = sample_noise((*noise.shape[:-2], 1, 1), generator, noise.dtype, noise.device)
    return noise + offset * shift
