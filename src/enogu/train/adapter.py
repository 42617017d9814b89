"""From settings to the adapter that is trained."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from enogu.adapters import AdapterSet, AdapterSpec, StepNoise, inject_adapter, inspect_adapter
from enogu.adapters.blocks import BlockLayout, block_plan
from enogu.adapters.metadata import MergedAdapter
from enogu.adapters.start import adapter_of_file, continue_from
from enogu.config import ProjectConfig, TrainConfig
from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.files import sha256_file
from enogu.project import Project

_SEEDS_APART = 1_000_003
"""Between the seeds of two rounds; people count seeds up by one."""


def adapter_spec(train: TrainConfig, layout: BlockLayout) -> AdapterSpec:
    """Return the adapter that the settings describe.

    Args:
        train: The section ``train``.
        layout: The blocks of the base's UNet.

    Raises:
        AdapterError: A list of blocks does not fit the base.
    """
    adapter, blocks = train.adapter, train.blocks
    plan = block_plan(
        layout,
        down=blocks.down,
        mid=blocks.mid,
        up=blocks.up,
        threshold=blocks.threshold,
        ranks=blocks.ranks,
        alphas=blocks.alphas,
        conv_ranks=blocks.conv_ranks,
        conv_alphas=blocks.conv_alphas,
    )
    return AdapterSpec(
        kind=adapter.kind,
        rank=train.rank,
        alpha=train.alpha,
        text_encoder_rank=train.text_encoder_rank,
        text_encoder_alpha=train.text_encoder_alpha,
        conv_rank=train.conv_rank,
        conv_alpha=train.conv_alpha,
        mid=adapter.mid,
        decompose=None if adapter.decompose == "off" else adapter.decompose,
        factor=adapter.factor,
        full_matrix=adapter.full_matrix,
        decompose_both=adapter.decompose_both,
        targets=train.targets,
        exclude=train.exclude,
        train_unet=train.unet,
        train_text_encoder=train.text_encoder,
        blocks=plan if blocks.used else None,
        noise=StepNoise(
            seed=train.seed,
            network=adapter.dropout,
            rank=adapter.rank_dropout,
            module=adapter.module_dropout,
            rank_unit=adapter.unit if adapter.kind == "dylora" else None,
        ),
        seed=train.seed,
    )


def attach_adapter(
    base: Base, config: ProjectConfig, root: Path = Path(), *, round_number: int = 0
) -> AdapterSet:
    """Attach the adapter that is to be trained: fresh, or from the file the settings name.

    Args:
        base: The base, with its other adapters merged.
        config: All settings.
        root: The project folder, from which relative paths start.
        round_number: The round it is trained in, from 0; each begins with other numbers, so that
            rounds do not learn in the same directions.

    Raises:
        AdapterError: No layer is left to adapt, or the file does not fit.
    """
    train = config.train
    spec = adapter_spec(train, BlockLayout.of_base(base))
    spec = replace(spec, seed=spec.seed + round_number * _SEEDS_APART)
    start = train.adapter.start
    if start and train.adapter.start_sizes:
        return adapter_of_file(base, _existing(root, start), spec)
    adapter = inject_adapter(base, spec)
    if start:
        adapter.warnings.extend(continue_from(adapter, base, _existing(root, start)))
    return adapter


def base_adapter_files(project: Project) -> list[tuple[Path, float]]:
    """Return the adapters that are merged into the base before training, with strengths.

    Raises:
        AdapterError: A file is missing.
    """
    settings = project.resolved.config.train.adapter
    weights = [*settings.base_adapter_weights, *[1.0] * len(settings.base_adapters)]
    return [
        (_existing(project.root, name), weight)
        for name, weight in zip(settings.base_adapters, weights, strict=False)
    ]


def merged_adapters(project: Project) -> tuple[MergedAdapter, ...]:
    """Return what the files of the run say of the adapters merged into its base.

    Raises:
        AdapterError: A file is missing or no adapter.
    """
    return tuple(
        MergedAdapter(
            title=path.stem,
            model_hash=inspect_adapter(path).hashes.model_hash,
            weight=weight,
        )
        for path, weight in base_adapter_files(project)
    )


def starting_hashes(project: Project) -> list[str]:
    """Return the content hashes of all adapter files a run starts from."""
    settings = project.resolved.config.train.adapter
    names: Sequence[str] = (*settings.base_adapters, *([settings.start] if settings.start else []))
    return [sha256_file(_existing(project.root, name)) for name in names]


def _existing(root: Path, name: str) -> Path:
    path = root / Path(name).expanduser()
    if not path.is_file():
        raise AdapterError(
            f"train.adapter names the file {name}, but there is none at {path}",
            hint="Paths start from the project folder; absolute paths are taken as they are.",
        )
    return path
