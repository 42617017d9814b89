"""What a run would do, worked out before it starts, and the contact sheet that shows it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from enogu.adapters.blocks import BlockLayout
from enogu.pictures.buckets import BucketSize
from enogu.pictures.contact_sheet import contact_sheet
from enogu.tags.caption import variants
from enogu.tags.dataset import CaptionSyntax, caption_notes
from enogu.tags.vocabulary import open_chosen_vocabulary
from enogu.train.adapter import adapter_spec, attach_adapter
from enogu.train.fit import Measure, fit_into_memory
from enogu.train.forecast import Forecast, meta_base
from enogu.train.prepare import TrainingItem
from enogu.train.setup import Setup


@dataclass(frozen=True, kw_only=True)
class BucketRow:
    """One bucket.

    Attributes:
        bucket: Its size.
        pictures: How many pictures it holds.
        batches: Batches per epoch.
        mean_lost: Average share of a picture that is cropped away, 0..1.
        worst_lost: The largest such share.
        enlarged: How many pictures are enlarged.
        largest_upscale: By how much at most.
    """

    bucket: BucketSize
    pictures: int
    batches: int
    mean_lost: float
    worst_lost: float
    enlarged: int
    largest_upscale: float


@dataclass(frozen=True, kw_only=True)
class BlockRow:
    """One block of the UNet.

    Attributes:
        label: `IN01`, `MID`, `OUT05` …; empty for layers outside all blocks.
        layers: How many layers are adapted.
        ranks: Their ranks, without repetition, in ascending order.
        rate: What the learning rate is multiplied by.
        parameters: Trained numbers.
    """

    label: str
    layers: int
    ranks: tuple[int, ...]
    rate: float
    parameters: int


@dataclass(frozen=True, kw_only=True)
class FolderRow:
    """The pictures that one table of ``pictures.subsets`` holds for, or those of no table.

    Attributes:
        folder: As in the settings; empty for the pictures of no table.
        pictures: How many there are, held-out ones not counted.
        draws: How often one of them is trained in an epoch.
        share: That as a share of all.
        regularisation: Whether they show the general class.
        own: What the table says, by name.
    """

    folder: str
    pictures: int
    draws: int
    share: float
    regularisation: bool
    own: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would do.

    Attributes:
        setup: Base, machine, pictures.
        buckets: One row per bucket, largest number of pictures first.
        blocks: One row per block of the UNet, those left out too; empty when it is not trained.
        forecast: Memory, time, disk.
        epochs: How often each picture is seen, repeats not counted.
        captions: A few captions as they will be trained.
        warnings: What a person should know before starting.
        measures: What is switched on so that the run fits into ``machine.memory``.
        folders: One row per folder with settings of its own; empty when there is none.
    """

    setup: Setup
    buckets: tuple[BucketRow, ...]
    blocks: tuple[BlockRow, ...]
    forecast: Forecast
    epochs: float
    captions: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    measures: tuple[Measure, ...] = ()
    folders: tuple[FolderRow, ...] = ()


def make_plan(setup: Setup) -> Plan:
    """Work out a plan. Nothing is trained and no weights are loaded.

    Raises:
        ConfigError: The run cannot be made to fit into ``machine.memory``.
    """
    fit = fit_into_memory(setup)
    setup, prediction = fit.setup, fit.forecast
    config = setup.config
    return Plan(
        setup=setup,
        buckets=_bucket_rows(setup),
        blocks=block_rows(setup),
        forecast=prediction,
        epochs=config.train.steps / setup.feed.batches_per_epoch,
        captions=tuple(
            (
                item.record.name,
                variants(item.text, item.rules(setup.rules), config.train.seed, item.record.id, 1)[
                    0
                ],
            )
            for item in _captions_shown(setup)
        ),
        warnings=(
            *setup.prepared.warnings,
            *_warnings(setup, prediction),
            *_caption_warnings(setup),
        ),
        measures=fit.measures,
        folders=folder_rows(setup) if config.pictures.subsets else (),
    )


def _caption_warnings(setup: Setup) -> tuple[str, ...]:
    captions = setup.config.captions
    items = setup.prepared.items
    with open_chosen_vocabulary(setup.config.tags, setup.project.root) as vocabulary:
        return caption_notes(
            setup.project.pictures_dir,
            [
                (item.record.relative, item.text)
                for item in items
                if item.text is not None and not item.record.part
            ],
            vocabulary,
            trigger=captions.trigger,
            syntax=CaptionSyntax(
                separator=captions.separator,
                keep_separator=captions.keep_separator,
                secondary_separator=captions.secondary_separator,
            ),
        )


def write_contact_sheet(setup: Setup, path: Path) -> Path:
    """Write a sheet of all training pictures exactly as they will be trained.

    Raises:
        StorageError: The place cannot be written.
    """
    return contact_sheet(
        [(item.record, item.fit) for item in setup.prepared.items],
        path,
        background=setup.config.pictures.background,
        max_megapixels=setup.config.pictures.max_megapixels,
    )


def plan_as_dict(plan: Plan) -> dict[str, object]:
    """Return the plan as plain values for JSON."""
    setup, prediction = plan.setup, plan.forecast
    return {
        "base": {
            "title": setup.info.title,
            "family": setup.info.spec.name,
            "prediction": setup.info.prediction,
            "certainty": setup.info.certainty,
        },
        "precision": {"name": setup.precision.name, "reason": setup.precision.reason},
        "device": str(setup.device),
        "pictures": len(setup.prepared.items),
        "regularisation": len(setup.prepared.regularisation),
        "held_out": [item.record.name for item in setup.prepared.held_out],
        "refused": [
            {"path": str(entry.path), "reason": entry.reason} for entry in setup.prepared.refused
        ],
        "buckets": [
            {
                "width": row.bucket.width,
                "height": row.bucket.height,
                "pictures": row.pictures,
                "batches": row.batches,
                "mean_lost": round(row.mean_lost, 4),
                "worst_lost": round(row.worst_lost, 4),
                "enlarged": row.enlarged,
                "largest_upscale": round(row.largest_upscale, 3),
            }
            for row in plan.buckets
        ],
        "blocks": [
            {
                "block": row.label,
                "layers": row.layers,
                "ranks": list(row.ranks),
                "rate": row.rate,
                "parameters": row.parameters,
            }
            for row in plan.blocks
        ],
        "folders": [
            {
                "folder": row.folder,
                "pictures": row.pictures,
                "draws": row.draws,
                "share": round(row.share, 4),
                "regularisation": row.regularisation,
                "own": dict(row.own),
            }
            for row in plan.folders
        ],
        "steps": setup.config.train.steps,
        "batches_per_epoch": setup.feed.batches_per_epoch,
        "epochs": round(plan.epochs, 2),
        "forecast": {
            "peak_bytes": prediction.peak_bytes,
            "weights_bytes": prediction.weights_bytes,
            "layout_bytes": prediction.layout_bytes,
            "activations_bytes": prediction.activations_bytes,
            "adapter_bytes": prediction.adapter_bytes,
            "waiting_bytes": prediction.waiting_bytes,
            "trained_parameters": prediction.trained_parameters,
            "seconds_per_step": round(prediction.seconds_per_step, 3),
            "seconds": round(prediction.seconds, 1),
            "cache_bytes": prediction.cache_bytes,
            "text_cache_bytes": prediction.text_cache_bytes,
        },
        "memory": [
            {
                "settings": dict(measure.settings),
                "does": measure.does,
                "costs": measure.costs,
                "saved_bytes": measure.saved_bytes,
                "step_factor": round(measure.step_factor, 3),
            }
            for measure in plan.measures
        ],
        "captions": [{"picture": name, "caption": text} for name, text in plan.captions],
        "warnings": list(plan.warnings),
    }


def _captions_shown(setup: Setup) -> list[TrainingItem]:
    """Return the first pictures, and the first of each folder with settings of its own."""
    items = setup.prepared.items
    first_of_way = {id(item.own): item for item in reversed(items)}
    shown = [*items[:3], *reversed(first_of_way.values())]
    return list({id(item): item for item in shown}.values())


def folder_rows(setup: Setup) -> tuple[FolderRow, ...]:
    """Count what each folder with settings of its own brings to an epoch."""
    items, feed = setup.prepared.all_items, setup.feed
    drawn = Counter(i for step in range(feed.batches_per_epoch) for i in feed.batch(step))
    rows: dict[tuple[str, bool], FolderRow] = {}
    for place, item in enumerate(items):
        subset = item.own.subset if item.own is not None else None
        key = ("" if subset is None else subset.folder, item.record.is_reg)
        row = rows.get(key) or FolderRow(
            folder=key[0],
            pictures=0,
            draws=0,
            share=0.0,
            regularisation=item.record.is_reg,
            own={} if subset is None else subset.differences(),
        )
        draws = row.draws + drawn[place]
        share = draws / drawn.total()
        rows[key] = replace(row, pictures=row.pictures + 1, draws=draws, share=share)
    return tuple(rows.values())


def block_rows(setup: Setup) -> tuple[BlockRow, ...]:
    """Count the adapted layers of each block of the UNet, from a base without weights.

    Raises:
        AdapterError: No layer is left to adapt, or a file to start from does not fit.
    """
    if not setup.config.train.unet:
        return ()
    base = meta_base(setup)
    adapter = attach_adapter(base, setup.config, setup.project.root)
    layout = BlockLayout.of_base(base)
    spec = adapter_spec(setup.config.train, layout)
    rows: dict[str, list[tuple[int | None, int]]] = {label: [] for label in layout.labels}
    for name, layer in adapter.layers.items():
        target = adapter.targets[name]
        if target.part == "unet":
            size = sum(factor.numel() for _, factor in layer.update.factors())
            label = layout.label(target.path) or ""
            rows.setdefault(label, []).append((layer.update.rank, size))
    return tuple(
        BlockRow(
            label=label,
            layers=len(layers),
            ranks=tuple(sorted({rank for rank, _ in layers if rank is not None})),
            rate=spec.blocks.rates.get(label, 1.0) if spec.blocks is not None else 1.0,
            parameters=sum(size for _, size in layers),
        )
        for label, layers in rows.items()
    )


def _bucket_rows(setup: Setup) -> tuple[BucketRow, ...]:
    by_bucket: dict[BucketSize, list[TrainingItem]] = defaultdict(list)
    for item in setup.prepared.all_items:
        by_bucket[item.fit.bucket].append(item)
    batches = [setup.feed.batch(step) for step in range(setup.feed.batches_per_epoch)]
    items = setup.prepared.all_items
    rows = [
        BucketRow(
            bucket=bucket,
            pictures=len(members),
            batches=sum(items[batch[0]].fit.bucket == bucket for batch in batches),
            mean_lost=sum(item.fit.lost for item in members) / len(members),
            worst_lost=max(item.fit.lost for item in members),
            enlarged=sum(item.fit.upscale > 1 for item in members),
            largest_upscale=max(item.fit.upscale for item in members),
        )
        for bucket, members in by_bucket.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.pictures, row.bucket)))


def _warnings(setup: Setup, prediction: Forecast) -> list[str]:
    config = setup.config
    found: list[str] = []
    if setup.info.certainty == "assumed":
        found.append(
            f"the base does not say what it predicts; {setup.info.prediction} is assumed. If "
            "samples turn out grey or noisy, set model.prediction"
        )
    room = setup.place.machine.available_bytes
    if setup.device.type != "cpu":
        room = next(
            (
                gpu.memory_bytes
                for gpu in setup.place.machine.accelerators
                if gpu.device == str(setup.device) and gpu.memory_bytes
            ),
            room,
        )
    if prediction.peak_bytes > room:
        found.append(
            f"the run needs about {prediction.peak_bytes / 2**30:.1f} GiB, but "
            f"{room / 2**30:.1f} GiB are free: close other programs, give the memory that may be "
            "used (--memory), or lower pictures.resolution or train.batch_size"
        )
    busy = setup.place.machine.busy_note
    if busy and setup.device.type == "cpu" and setup.place.threads > 1:
        found.append(busy)
    if not any(item.rules(setup.rules).trigger for item in setup.prepared.items):
        found.append(
            "there is no trigger word (captions.trigger): what is learnt will colour every picture"
        )
    if not config.validation.used:
        found.append("no picture is held out (validation.share), so nothing will say when to stop")
    train = config.train
    a_step = train.batch_size * train.accumulate * config.machine.gpus
    exposures = train.steps * a_step / len(setup.prepared.items)
    if exposures > 400:
        found.append(
            f"each picture is seen about {exposures:.0f} times; above 400 a LoRA often copies its "
            "pictures. Lower train.steps or add pictures"
        )
    text = setup.config.captions
    if text.variants == 1 and (text.shuffle or text.tag_dropout) and not config.train.text_encoder:
        found.append("captions.variants is 1, so shuffling happens once and stays")
    return found
