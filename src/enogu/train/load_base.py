"""The base of a run, with the adapters merged that its settings name."""

from collections.abc import Collection, Sequence
from pathlib import Path

import torch

from enogu.adapters.start import merge_files
from enogu.families.base import Base
from enogu.families.load import content_of, load_configured_base
from enogu.families.spec import Part
from enogu.files import sha256_file
from enogu.train.adapter import base_adapter_files
from enogu.train.held import hold_vae
from enogu.train.setup import Setup


def load_base(
    setup: Setup,
    parts: Collection[Part],
    *,
    device: torch.device | None = None,
    learnt: Sequence[tuple[Path, float]] = (),
) -> Base:
    """Load parts of the base, with the adapters merged that the settings name for it.

    Args:
        setup: The run.
        parts: What is loaded.
        device: Where to; that of the run by default.
        learnt: Further adapters to merge, with strengths: those of rounds that are over.
    """
    base = load_configured_base(
        setup.project.base_reference,
        setup.project.model_settings,
        dtype=setup.precision.dtype,
        device=device or setup.device,
        parts=parts,
    )
    if parts:
        merge_files(base, [*base_adapter_files(setup.project), *learnt])
    if "vae" in parts:
        hold_vae(base.vae, setup.config.machine, base.downscale)
    return base


def vae_hash(base: Base, setup: Setup) -> str:
    """Return what the VAE is called in keys: that of the base, or another one in its place."""
    place = setup.project.model_settings.vae
    return base.content_hash + (f"+{content_of(Path(place))}" if place else "")


def text_hash(base: Base, setup: Setup) -> str:
    """Return what the text encoders are called in keys: merged adapters change them."""
    merged = [
        f"{sha256_file(path)}:{weight:g}" for path, weight in base_adapter_files(setup.project)
    ]
    return base.content_hash + "".join(f"+{entry}" for entry in merged)
