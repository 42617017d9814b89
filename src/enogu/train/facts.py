"""What an adapter file says about its making, gathered from the run."""

import time
from collections import Counter
from pathlib import PurePosixPath

from enogu.adapters.metadata import (
    BaseFacts,
    DataFacts,
    MergedAdapter,
    NetworkFacts,
    RunFacts,
    TrainingFacts,
    bucket_info,
)
from enogu.config import ProjectConfig, TrainConfig
from enogu.config.optimizers import optimizer_kind
from enogu.families.base import Base
from enogu.machine import Precision
from enogu.tags.caption import tag_frequency
from enogu.train.feed import Feed
from enogu.train.optimizers import part_rate
from enogu.train.prepare import Prepared, TrainingItem

_MIXED_PRECISION = {"fp32": "no", "fp16": "fp16", "bf16": "bf16"}
_SCHEDULER_NAMES = {"cosine_restarts": "cosine_with_restarts"}
_OPTIMIZER_NAMES = {
    "adamw": "torch.optim.adamw.AdamW",
    "adamw8bit": "bitsandbytes.optim.adamw.AdamW8bit",
}
"""Where sd-scripts writes another path than the one a class is imported from."""


def training_facts(
    config: ProjectConfig,
    base: Base,
    prepared: Prepared,
    feed: Feed,
    *,
    precision: Precision,
    output_name: str,
    step: int,
    started_at: float,
    num_rounds: int = 1,
    merged: tuple[MergedAdapter, ...] = (),
) -> TrainingFacts:
    """Gather the facts of an adapter saved at `step`.

    Args:
        config: All settings.
        base: The base.
        prepared: The pictures.
        feed: The order of the pictures.
        precision: Number format of the base.
        output_name: File name of the adapter without ending.
        step: Steps done.
        started_at: When the run began, seconds since 1970.
        num_rounds: How many rounds the file is the sum of: its ranks are those of all together.
        merged: What was merged into the base before the first of them.
    """
    train = _summed(config.train, num_rounds)
    text_rank = train.text_encoder_rank if train.text_encoder else None
    text_alpha = train.text_encoder_alpha if train.text_encoder else None
    return TrainingFacts(
        base=BaseFacts(
            spec=base.spec,
            prediction=base.prediction,
            title=base.title,
            content_hash=base.content_hash,
            legacy_hash=base.legacy_hash,
            zero_terminal_snr=base.zero_terminal_snr,
            merged=merged,
        ),
        network=NetworkFacts(
            rank=train.rank,
            alpha=train.alpha,
            conv_rank=train.conv_rank,
            conv_alpha=train.conv_alpha,
            text_encoder_rank=text_rank,
            text_encoder_alpha=text_alpha,
            module=_network_module(train),
            arguments=_network_arguments(train),
        ),
        run=_run_facts(config, prepared, feed, precision, output_name, step, started_at),
        data=_data_facts(config, prepared),
        trigger=_triggers(config, prepared),
        timestep_range=(train.loss.timestep_min, train.loss.timestep_max),
    )


def _summed(train: TrainConfig, num_rounds: int) -> TrainConfig:
    """Return the settings with the ranks and alphas that the sum of several rounds has."""
    if num_rounds == 1:
        return train

    def times(value: float | None) -> float | None:
        return None if value is None else value * num_rounds

    sizes = ("rank", "alpha", "conv_rank", "conv_alpha", "text_encoder_rank", "text_encoder_alpha")
    blocks = {
        name: tuple(value * num_rounds for value in getattr(train.blocks, name))
        for name in ("ranks", "alphas", "conv_ranks", "conv_alphas")
    }
    return train.model_copy(
        update={
            **{name: times(getattr(train, name)) for name in sizes},
            "blocks": train.blocks.model_copy(update=blocks),
        }
    )


def _run_facts(
    config: ProjectConfig,
    prepared: Prepared,
    feed: Feed,
    precision: Precision,
    output_name: str,
    step: int,
    started_at: float,
) -> RunFacts:
    train = config.train
    return RunFacts(
        output_name=output_name,
        session_id=int(started_at),
        training_started_at=started_at,
        training_finished_at=time.time(),
        steps=step,
        max_train_steps=train.steps,
        epoch=feed.epoch_of(max(step - 1, 0)) + 1,
        num_epochs=feed.epoch_of(train.steps - 1) + 1,
        num_train_images=sum(item.record.repeats for item in prepared.items),
        num_reg_images=len(prepared.regularisation),
        num_batches_per_epoch=feed.batches_per_epoch,
        batch_size_per_device=train.batch_size,
        total_batch_size=train.batch_size * train.accumulate * config.machine.gpus,
        gradient_accumulation_steps=train.accumulate,
        gradient_checkpointing=train.gradient_checkpointing,
        seed=train.seed,
        learning_rate=train.learning_rate,
        unet_lr=train.learning_rate if train.unet else None,
        text_encoder_lr=part_rate(train, "te") if train.text_encoder else None,
        lr_scheduler=_SCHEDULER_NAMES.get(train.schedule, train.schedule),
        lr_warmup_steps=train.warmup_steps,
        optimizer=_optimizer_text(train),
        max_grad_norm=train.max_grad_norm,
        mixed_precision=_MIXED_PRECISION[precision.name],
        min_snr_gamma=train.loss.min_snr_gamma if train.loss.weighting == "min_snr" else None,
        debiased_estimation=train.loss.weighting == "debiased",
        loss_type=train.loss.type,
        noise_offset=train.loss.noise_offset or None,
        adaptive_noise_scale=train.loss.adaptive_noise_scale or None,
        multires_noise_iterations=train.loss.multires_noise_iterations or None,
        multires_noise_discount=(
            train.loss.multires_noise_discount if train.loss.multires_noise_iterations else None
        ),
        ip_noise_gamma=train.loss.ip_noise_gamma or None,
        scale_weight_norms=train.adapter.max_norm,
        prior_loss_weight=train.loss.prior_weight,
        masked_loss=train.loss.masked
        and any(item.settings(config.pictures).alpha_as_mask for item in prepared.items),
        clip_skip=config.model.clip_skip,
        training_comment=train.comment or None,
    )


def _network_module(train: TrainConfig) -> str:
    """Return the module that other programs would have trained this adapter with."""
    adapter = train.adapter
    if adapter.kind == "dylora":
        return "networks.dylora"
    plain = adapter.kind == "lora" and adapter.decompose == "off" and not adapter.mid
    return "networks.lora" if plain else "lycoris.kohya"


def _network_arguments(train: TrainConfig) -> dict[str, str]:
    """Return the arguments of that module as sd-scripts and LyCORIS take them: all as text."""
    adapter, blocks = train.adapter, train.blocks
    module = _network_module(train)
    given: dict[str, object] = {
        "dropout": adapter.dropout or None,
        "rank_dropout": adapter.rank_dropout or None,
        "module_dropout": adapter.module_dropout or None,
        "loraplus_lr_ratio": adapter.up_rate if adapter.up_rate != 1 else None,
    }
    if module == "lycoris.kohya":
        given |= {
            "algo": "lora" if adapter.kind == "lora" else adapter.kind,
            "use_tucker": True if adapter.mid else None,
            "dora_wd": True if adapter.decompose != "off" else None,
            "wd_on_output": adapter.decompose == "output" if adapter.decompose != "off" else None,
            "factor": adapter.factor if adapter.kind == "lokr" else None,
            "full_matrix": True if adapter.full_matrix else None,
            "decompose_both": True if adapter.decompose_both else None,
        }
    if module == "networks.dylora":
        given["unit"] = adapter.unit
    for name, values in (
        ("down_lr_weight", blocks.down),
        ("mid_lr_weight", blocks.mid),
        ("up_lr_weight", blocks.up),
        ("block_dims", blocks.ranks),
        ("block_alphas", blocks.alphas),
        ("conv_block_dims", blocks.conv_ranks),
        ("conv_block_alphas", blocks.conv_alphas),
    ):
        text = values if isinstance(values, str) else ",".join(f"{value:g}" for value in values)
        given[name] = text or None
    return {name: str(value) for name, value in given.items() if value is not None}


def _optimizer_text(train: TrainConfig) -> str:
    path = _OPTIMIZER_NAMES.get(train.optimizer, optimizer_kind(train.optimizer).path)
    arguments = {"weight_decay": train.weight_decay} | train.optimizer_args
    return f"{path}({','.join(f'{name}={value}' for name, value in arguments.items())})"


def _triggers(config: ProjectConfig, prepared: Prepared) -> str:
    """Return the trigger words, those of single folders too, divided by commas."""
    rules = prepared.ways.whole.rules
    words = [config.captions.trigger, *(item.rules(rules).trigger for item in prepared.items)]
    return ", ".join(dict.fromkeys(word for word in words if word))


def _data_facts(config: ProjectConfig, prepared: Prepared) -> DataFacts:
    rule, captions = prepared.rule, config.captions
    return DataFacts(
        resolution=(rule.resolution.width, rule.resolution.height),
        bucket_no_upscale=rule.mode == "no_upscale",
        min_bucket_reso=rule.min_px,
        max_bucket_reso=rule.max_px,
        shuffle_caption=captions.shuffle,
        keep_tokens=captions.keep_tags,
        keep_tokens_separator=captions.keep_separator or None,
        caption_dropout_rate=captions.dropout,
        caption_dropout_every_n_epochs=captions.dropout_every_epochs or 0,
        caption_tag_dropout_rate=captions.tag_dropout,
        flip_aug=any(item.settings(config.pictures).flip for item in prepared.items),
        color_aug=any(item.settings(config.pictures).vary_colour for item in prepared.items),
        dataset_dirs=_folders(prepared.items),
        reg_dataset_dirs=_folders(prepared.regularisation),
        bucket_info=bucket_info(
            Counter((item.fit.bucket.width, item.fit.bucket.height) for item in prepared.all_items)
        ),
        tag_frequency={
            folder: tag_frequency(
                [item.text for item in prepared.items if _folder(item) == folder],
                separator=captions.separator,
            )
            for folder in sorted({_folder(item) for item in prepared.items})
        },
    )


def _folder(item: TrainingItem) -> str:
    parent = PurePosixPath(item.record.relative).parent.as_posix()
    return item.record.path.parent.name if parent == "." else parent


def _folders(items: tuple[TrainingItem, ...]) -> dict[str, dict[str, int]]:
    folders: dict[str, dict[str, int]] = {}
    for item in items:
        entry = folders.setdefault(
            _folder(item), {"n_repeats": item.record.repeats, "img_count": 0}
        )
        entry["img_count"] += 1
    return folders
