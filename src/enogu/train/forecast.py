"""What a run will need, worked out before it starts: memory, time, disk.

Memory is counted, not guessed: the UNet is built without memory (torch's meta device) with the
adapter attached, one training step is traced through it, and the bytes that autograd keeps for
the way back are added up. Time is the number of floating-point operations of that step over the
speed of a short matrix product on this machine.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from enogu.config import LossConfig
from enogu.config.optimizers import optimizer_kind
from enogu.families.architecture import build_text_encoder, build_unet, freeze
from enogu.families.base import Base, TextEncoder
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.text import TextFeatures
from enogu.frozen import pack_frozen
from enogu.pictures.buckets import BucketSize
from enogu.train.adapter import attach_adapter
from enogu.train.feed import Feed
from enogu.train.prepare import num_versions
from enogu.train.setup import Setup

PROCESS_BYTES = 480 << 20
"""Python with torch, diffusers and transformers loaded, before any model."""

ALLOCATOR_SHARE = 0.10
"""What the allocator and the kernels' scratch memory add to what is kept, measured on a CPU."""

_COPIES = 2.0
"""fp32 numbers per trained parameter: weight and gradient, beside those of the optimiser."""

_BACKWARD_FACTOR = 2.0
"""The way back computes about as much as the way forward, for the activations alone."""

_FORWARD_SHARE = 1 / (1 + _BACKWARD_FACTOR / 2)
"""Part of a step that its forward pass takes."""

_EFFICIENCY = {"fp32": 0.62, "bf16": 0.34, "fp16": 0.40}
"""Share of a large matrix product's speed that a whole step reaches, measured."""

_CALL_SECONDS = 45e-6
"""Cost of one kernel call beside its arithmetic; it decides the time of small models."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run will need.

    Attributes:
        peak_bytes: Highest memory use: main memory on a CPU, device memory on a GPU.
        weights_bytes: Weights of the base that are held while training.
        layout_bytes: Second layout of the frozen weights, for the way back; only on a CPU.
        activations_bytes: What is kept of one step for the way back, in the largest batch.
        adapter_bytes: Adapter, gradients and optimiser.
        trained_parameters: Numbers in the adapter.
        seconds_per_step: On this machine, for the average batch.
        seconds: The whole run with its samples, without preparing the caches.
        cache_bytes: Disk for latents and text features.
        text_cache_bytes: The part of it that caption variants cost.
    """

    peak_bytes: int
    weights_bytes: int
    layout_bytes: int
    activations_bytes: int
    adapter_bytes: int
    trained_parameters: int
    seconds_per_step: float
    seconds: float
    cache_bytes: int
    text_cache_bytes: int


@dataclass(frozen=True)
class _Trace:
    """One training step without memory: bytes kept, operations, calls."""

    saved_bytes: int
    flops: float
    calls: int


def forecast(setup: Setup) -> Forecast:
    """Work out what a run needs. Takes seconds and little memory, and loads no weights."""
    config, info = setup.config, setup.info
    width = torch.finfo(setup.precision.dtype).bits // 8
    base = meta_base(setup)
    adapter = attach_adapter(base, config, setup.project.root)
    trained = sum(value.numel() for value in adapter.parameters())
    layout = 0
    if setup.device.type == "cpu":
        layout = pack_frozen(base.unet, dtype=setup.precision.dtype).backward_bytes
    sizes = _batches(setup.feed, setup)
    at_once = config.train.batch_size
    largest = max(
        ((size, min(count, at_once)) for size, count in sizes),
        key=lambda entry: entry[0].area * entry[1],
    )
    with adapter.training_step(0):
        trace = _trace_step(base, *largest)
    # The second prediction of `base_prior` is kept for the way back beside the first.
    kept = trace.saved_bytes * (2 if config.train.loss.base_prior else 1)
    parts = _held_parts(setup)
    weights = sum(info.num_parameters[part] for part in parts) * width
    copies = _COPIES + optimizer_kind(config.train.optimizer).copies + bool(config.train.ema)
    adapter_bytes = int(trained * 4 * copies)
    peak = weights + layout + kept + adapter_bytes
    if setup.device.type == "cpu":
        peak = int(peak + ALLOCATOR_SHARE * kept) + PROCESS_BYTES
    per_pixel = trace.flops / (largest[0].area * largest[1])
    pixels = sum(size.area * count * number for (size, count), number in sizes.items())
    flops = per_pixel * pixels / sum(sizes.values())
    parts_per_step = sum(-(-count // at_once) * n for (_, count), n in sizes.items())
    calls = trace.calls * parts_per_step / sum(sizes.values())
    per_step = flops / _speed(setup) + calls * _CALL_SECONDS
    samples = _sample_seconds(setup, per_step, pixels / sum(sizes.values()))
    per_step *= _time_with_answers(config.train.loss)
    text_cache, latent_cache = _cache_bytes(setup)
    return Forecast(
        peak_bytes=int(peak),
        weights_bytes=weights,
        layout_bytes=layout,
        activations_bytes=kept,
        adapter_bytes=adapter_bytes,
        trained_parameters=trained,
        seconds_per_step=per_step,
        seconds=per_step * config.train.steps + samples,
        cache_bytes=text_cache + latent_cache,
        text_cache_bytes=text_cache,
    )


def _time_with_answers(settings: LossConfig) -> float:
    """Return how many times longer a step takes when the base is asked for its own answers."""
    factor = 1.0
    if settings.base_prior:
        factor += 1 + _FORWARD_SHARE
    if settings.masked and settings.masked_prior:
        factor += _FORWARD_SHARE
    return factor


def saved_bytes(run: "Any", parameters: list[Tensor]) -> int:  # noqa: ANN401 a plain callable
    """Return how many bytes autograd keeps for the way back when `run()` is called.

    Args:
        run: Called once, with gradients on.
        parameters: Tensors that exist anyway and are not counted.
    """
    known = {_storage_id(value) for value in parameters}
    kept: dict[int, Any] = {}

    def pack(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if (identity := _storage_id(value)) not in known:
            # The storage itself is held, so that its address cannot be used again meanwhile.
            kept[identity] = storage
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        run()
    return sum(storage.nbytes() for storage in kept.values())


def _storage_id(value: Tensor) -> int:
    # Tensors without memory all have the data pointer 0; only the storage object tells them apart.
    return value.untyped_storage()._cdata  # pyright: ignore[reportPrivateUsage]


def meta_base(setup: Setup) -> Base:
    """Build the base without memory: its UNet, and its text encoders where they are trained."""
    info, config = setup.info, setup.config
    encoders: list[TextEncoder] = []
    with torch.device("meta"):
        unet = freeze(build_unet(info.architecture.unet))
        if config.train.text_encoder:
            encoders = [
                freeze(build_text_encoder(spec, description))
                for spec, description in zip(
                    info.spec.text_encoders, info.architecture.text_encoders, strict=True
                )
            ]
    nn.Module.to(unet, dtype=setup.precision.dtype)
    if config.train.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    return Base(
        spec=info.spec,
        path=None,
        title=info.title,
        prediction=info.prediction,
        schedule=info.schedule,
        zero_terminal_snr=info.zero_terminal_snr,
        native_resolution=info.native_resolution,
        downscale=info.downscale,
        bucket_step=info.bucket_step,
        scaling_factor=info.scaling_factor,
        dtype=setup.precision.dtype,
        device=torch.device("meta"),
        tokenizers=[],
        hash_content=str,
        hash_legacy=str,
        loaded_unet=unet,
        loaded_text_encoders=encoders,
    )


def _batches(feed: Feed, setup: Setup) -> Counter[tuple[BucketSize, int]]:
    """Count the batches of one epoch by bucket and number of pictures."""
    items = setup.prepared.all_items
    return Counter(
        (items[batch[0]].fit.bucket, len(batch))
        for batch in (feed.batch(step) for step in range(feed.batches_per_epoch))
    )


def _trace_step(base: Base, bucket: BucketSize, count: int) -> _Trace:
    channels = int(base.unet.config["in_channels"])
    shape = (count, channels, bucket.height // base.downscale, bucket.width // base.downscale)
    text_width = int(base.unet.config["cross_attention_dim"])
    pooled = None
    sizes = [SizeConditioning(original=bucket, crop_top=0, crop_left=0, target=bucket)] * count
    if base.spec.size_conditioning:
        ids = 6 * int(base.unet.config["addition_time_embed_dim"])
        width = int(base.unet.config["projection_class_embeddings_input_dim"]) - ids
        pooled = torch.zeros(count, width, device="meta")
    features = TextFeatures(
        prompt_embeds=torch.zeros(count, 77, text_width, device="meta"), pooled=pooled
    )
    latents = torch.zeros(shape, device="meta")
    timesteps = torch.zeros(count, dtype=torch.int64, device="meta")

    def run() -> None:
        predict(base, latents, timesteps, features, sizes)

    counter = FlopCounterMode(display=False)
    with counter:
        kept = saved_bytes(run, [*base.unet.parameters(), *base.unet.buffers()])
    flops = counter.get_total_flops() * (1 + _BACKWARD_FACTOR / 2)
    calls = sum(1 for _ in base.unet.modules()) * 6
    return _Trace(kept, flops, calls)


def _held_parts(setup: Setup) -> list[str]:
    config = setup.config
    if config.samples.drawn:
        return ["unet", "vae", "text_encoders"]
    return ["unet", "text_encoders"] if config.train.text_encoder else ["unet"]


def _speed(setup: Setup) -> float:
    """Return the operations per second a step reaches here, from a short product."""
    dtype, device = setup.precision.dtype, setup.device
    side = 1024 if device.type == "cpu" else 4096
    left = torch.ones(side, side, dtype=dtype, device=device)
    right = torch.ones(side, side, dtype=dtype, device=device)
    torch.mm(left, right)
    started, rounds = time.perf_counter(), 0
    while time.perf_counter() - started < 0.15:
        torch.mm(left, right)
        rounds += 1
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    product = 2 * side**3 * rounds / (time.perf_counter() - started)
    return product * _EFFICIENCY[setup.precision.name]


def _sample_seconds(setup: Setup, per_step: float, pixels_per_step: float) -> float:
    """Return the time of all sample rounds: forward passes, two per step because of guidance."""
    settings = setup.config.samples
    if not settings.every:
        return 0.0
    rounds = 1 + -(-setup.config.train.steps // settings.every)
    counts = Counter(item.fit.bucket for item in setup.prepared.items)
    bucket = max(counts, key=lambda entry: (counts[entry], entry))
    prompts = 3 if setup.config.captions.trigger else 2
    forward = per_step * _FORWARD_SHARE * bucket.area / pixels_per_step
    return rounds * prompts * settings.steps * 2 * forward


def _cache_bytes(setup: Setup) -> tuple[int, int]:
    """Return the bytes of text features and of latents on disk."""
    config, info = setup.config, setup.info
    versions = num_versions(config.pictures)
    latents = sum(
        2
        * 4
        * 4
        * item.fit.bucket.area
        // info.downscale**2
        * versions
        * (2 if config.pictures.flip and item.may_flip else 1)
        for item in setup.prepared.all_items
    )
    if config.train.text_encoder:
        return 0, latents
    width = _whole(info.architecture.unet["cross_attention_dim"])
    row = 77 * width * (torch.finfo(setup.precision.dtype).bits // 8)
    return row * config.captions.variants * len(setup.prepared.all_items), latents


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected a whole number in a model description, got {value!r}")
    return value
