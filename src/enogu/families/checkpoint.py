"""A base on disk, looked at but not loaded: the common form of both layouts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from enogu.errors import BaseModelError
from enogu.families.architecture import Architecture
from enogu.families.spec import FamilySpec, Part
from enogu.families.weights import Refs

Layout = Literal["diffusers", "single_file"]
"""A folder with one subfolder per part, or one file in the original (LDM/sgm) key layout."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What the headers and configs of a base say."""

    path: Path
    layout: Layout
    spec: FamilySpec
    architecture: Architecture
    family_reasons: tuple[str, ...]
    """Why it is of this family."""
    refs: Mapping[Part, tuple[Refs, ...]]
    """Where each part's parameters are; one entry per text encoder. Absent parts are left out."""
    files: tuple[Path, ...]
    """All files that determine the model, weights and configs, sorted."""
    metadata: Mapping[str, str]
    """The header's metadata (single file)."""
    markers: frozenset[str] = frozenset()
    """Keys that carry no weights but say something, e.g. ``v_pred``, ``ztsnr``."""
    scheduler: Mapping[str, object] | None = None
    """``scheduler_config.json`` (folder)."""

    def refs_for(self, part: Part) -> tuple[Refs, ...]:
        """Return where a part's parameters are.

        Raises:
            BaseModelError: The base does not contain the part.
        """
        if part not in self.refs:
            raise BaseModelError(
                f"{self.path} has no {part}; it holds {', '.join(self.refs)}",
                hint="Take the full checkpoint of the model: UNet, VAE and text encoder(s) "
                "together, in one .safetensors file or one diffusers folder.",
            )
        return self.refs[part]
