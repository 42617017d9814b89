"""What the base itself predicts for a batch, when a run holds on to it.

Two things can be held: the parts of a picture that a mask hides, and the answer to the caption
without the trigger word. Both keep the adapter from changing what it is not meant to change.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.adapters import AdapterSet
from enogu.config import LossConfig
from enogu.families.base import Base
from enogu.families.denoise import predict
from enogu.families.text import TextFeatures, encode_texts
from enogu.train.batch import Batch


@dataclass(frozen=True, kw_only=True)
class BaseAnswers:
    """Predictions of the untouched base, and what they answer; None is not asked.

    Attributes:
        own: [B, C, h, w], to the captions of the batch.
        general: [B, C, h, w], to the captions without the trigger.
        general_features: Features of those captions as the adapter sees them.
    """

    own: Tensor | None = None
    general: Tensor | None = None
    general_features: TextFeatures | None = None


def base_answers(
    base: Base,
    adapter: AdapterSet,
    batch: Batch,
    settings: LossConfig,
    *,
    clip_skip: int | None,
) -> BaseAnswers | None:
    """Ask the base, with the adapter off, for what the settings hold on to.

    Args:
        base: The base with the adapter attached.
        adapter: Switched off while the base answers.
        batch: The batch; its ``general_*`` are needed for ``base_prior``.
        settings: The section ``train.loss``.
        clip_skip: As in the settings.

    Returns:
        None when nothing is held: then nothing is computed.
    """
    holds_mask = bool(settings.masked and settings.masked_prior and batch.mask is not None)
    if not holds_mask and not settings.base_prior:
        return None
    noisy_latents = noisy_latents_of(base, batch)

    def encode(captions: tuple[str, ...], num_chunks: int | None) -> TextFeatures:
        return encode_texts(base, captions, clip_skip=clip_skip, num_chunks=num_chunks)

    def answer(seen: TextFeatures) -> Tensor:
        return predict(base, noisy_latents, batch.timesteps, seen, batch.sizes).float()

    own = general = None
    with torch.no_grad(), adapter.disabled():
        if holds_mask:
            # A trained text encoder must answer as the base's own, so texts are encoded anew.
            own = answer(batch.features or encode(batch.captions, batch.num_chunks))
        if settings.base_prior:
            general = answer(
                batch.general_features or encode(batch.general_captions, batch.num_general_chunks)
            )
    if general is None:
        return BaseAnswers(own=own)
    general_features = batch.general_features or encode(
        batch.general_captions, batch.num_general_chunks
    )
    return BaseAnswers(own=own, general=general, general_features=general_features)


def noisy_latents_of(base: Base, batch: Batch) -> Tensor:
    """Return what the model sees of a batch."""
    return base.schedule.add_noise(batch.latents, batch.input_noise, batch.timesteps)
