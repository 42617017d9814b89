"""What a run will need, worked out before it starts: memory, time, disk.

Memory is counted, not guessed: the UNet is built without memory (torch's meta device) with the
adapter attached, one training step is traced through it, and the bytes that autograd keeps for
the way back are added up. Time is the number of floating-point operations of that step over the
speed of a short matrix product on this machine.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
from torch import nn

from enogu.config import LossConfig, MachineConfig
from enogu.config.optimizers import optimizer_kind
from enogu.families.architecture import (
    block_widths,
    build_text_encoder,
    build_unet,
    build_vae,
    freeze,
)
from enogu.families.base import Base, TextEncoder, vae_dtype_for
from enogu.families.denoise import SizeConditioning, predict
from enogu.families.spec import ALL_PARTS, Part
from enogu.families.text import TextFeatures
from enogu.frozen import StoreReport, pack_frozen, store_frozen
from enogu.machine import Precision
from enogu.pictures.buckets import BucketSize
from enogu.train.adapter import attach_adapter
from enogu.train.feed import Feed
from enogu.train.held import hold_vae
from enogu.train.held_out import measured_items
from enogu.train.prepare import num_versions
from enogu.train.setup import Setup
from enogu.train.trace import StepTrace, peak_bytes, trace_forward

PROCESS_BYTES = 560 << 20
"""Python with torch, diffusers and transformers loaded, before any model."""

ALLOCATOR_SHARE = 0.10
"""What the allocator and the kernels' scratch memory add to what is kept, measured on a CPU."""

_SHORTENING_BYTES = 12
"""Bytes for each number of a weight while it is shortened: three fp32 copies."""

_VAE_SCRATCH = 2.5
"""How many times the VAE's own tensors its convolutions need on a CPU, measured."""

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

_TRANSFER_BYTES_PER_SECOND = 12e9
"""From locked main memory to a GPU: half of what PCIe 4.0 with 16 lanes can do. Not measured."""

_UNPACK_BYTES_PER_SECOND = {True: 2.5e9, False: 200e9}
"""Whole bytes made from a short format: on a CPU, on a GPU. Estimates, not measured."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run will need.

    Attributes:
        peak_bytes: Highest memory use: main memory on a CPU, device memory on a GPU.
        weights_bytes: Weights of the base that are held while training.
        layout_bytes: Second layout of the frozen weights, for the way back; only on a CPU.
        activations_bytes: What is kept of one step for the way back, in the largest batch.
        adapter_bytes: Adapter, gradients and optimiser.
        waiting_bytes: Weights that wait in main memory, beside the peak.
        trained_parameters: Numbers in the adapter.
        seconds_per_step: On this machine, for the average batch.
        seconds: The whole run with its samples and measurements, without preparing the caches.
        cache_bytes: Disk for latents and text features.
        text_cache_bytes: The part of it that caption variants cost.
    """

    peak_bytes: int
    weights_bytes: int
    layout_bytes: int
    activations_bytes: int
    adapter_bytes: int
    waiting_bytes: int
    trained_parameters: int
    seconds_per_step: float
    seconds: float
    cache_bytes: int
    text_cache_bytes: int


def forecast(setup: Setup) -> Forecast:
    """Work out what a run needs. Takes seconds and little memory, and loads no weights."""
    config = setup.config
    base = meta_base(setup)
    adapter = attach_adapter(base, config, setup.project.root)
    trained = sum(value.numel() for value in adapter.parameters())
    stored = store_frozen(
        base.unet, form=config.machine.base_format, waiting=config.machine.offload
    )
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
    weight_and_gradient = _COPIES / (2 if config.train.adapter_dtype == "bf16" else 1)
    copies = (
        weight_and_gradient + optimizer_kind(config.train.optimizer).copies + bool(config.train.ema)
    )
    needs = _Needs(
        unet=_unet_bytes(setup, stored),
        layout=layout,
        activations=kept,
        adapter=int(trained * 4 * copies),
        work=stored.largest_bytes,
        loading=_loading_bytes(setup, stored),
    )
    step = _step_seconds(setup, trace, sizes, base)
    step += _fetch_seconds(setup, stored, sizes)
    samples = _sample_seconds(setup, step, _mean_area(setup, sizes))
    measuring = _validation_seconds(setup, step, _mean_area(setup, sizes))
    step *= _time_with_answers(config.train.loss)
    text_cache, latent_cache = _cache_bytes(setup)
    return Forecast(
        peak_bytes=_peak(setup, needs),
        weights_bytes=needs.unet + _other_parts_bytes(setup, held_while_training(setup)),
        layout_bytes=layout,
        activations_bytes=kept,
        adapter_bytes=needs.adapter,
        waiting_bytes=stored.waiting_bytes,
        trained_parameters=trained,
        seconds_per_step=step,
        seconds=step * config.train.steps + samples + measuring,
        cache_bytes=text_cache + latent_cache,
        text_cache_bytes=text_cache,
    )


@dataclass(frozen=True, kw_only=True)
class _Needs:
    """Bytes of what a step needs."""

    unet: int
    layout: int
    activations: int
    adapter: int
    work: int
    loading: int


def _peak(setup: Setup, needs: _Needs) -> int:
    """Return the highest of the moments that can be it: encoding, loading, a step, a sample."""
    training = needs.unet + needs.layout + needs.activations + needs.adapter + needs.work
    training += _other_parts_bytes(setup, held_while_training(setup))
    on_cpu = setup.device.type == "cpu"
    if on_cpu:
        training = int(training + ALLOCATOR_SHARE * needs.activations)
    # On a CPU all processes share the memory; those that follow only train.
    others = (setup.config.machine.gpus - 1) * (training + PROCESS_BYTES) if on_cpu else 0
    pictures = (item.fit.bucket for item in setup.prepared.all_items)
    largest = max(pictures, key=lambda bucket: bucket.area)
    encoding = _other_parts_bytes(setup, ["vae"]) + vae_work_bytes(setup, largest, decode=False)
    moments = [training + others, encoding, needs.loading]
    if setup.config.samples.drawn:
        sizes = (BucketSize(p.recipe.width, p.recipe.height) for p in setup.samples)
        largest = max(sizes, key=lambda size: size.area)
        parts = _other_parts_bytes(setup, ["vae", "text_encoders"])
        work = vae_work_bytes(setup, largest, decode=True)
        moments.append(needs.unet + needs.adapter + parts + work + others)
    return max(moments) + (PROCESS_BYTES if on_cpu else 0)


def _unet_bytes(setup: Setup, stored: StoreReport) -> int:
    width = torch.finfo(setup.precision.dtype).bits // 8
    whole = setup.info.num_parameters["unet"] * width
    return whole - stored.plain_bytes + stored.device_bytes


def _loading_bytes(setup: Setup, stored: StoreReport) -> int:
    """Return what is held while weights are shortened: on a CPU they are loaded whole first."""
    if setup.device.type != "cpu" or setup.config.machine.base_format == "full":
        return 0
    width = torch.finfo(setup.precision.dtype).bits // 8
    whole = setup.info.num_parameters["unet"] * width
    return whole + stored.largest_bytes // width * _SHORTENING_BYTES


def held_while_training(setup: Setup) -> list[Part]:
    """Return the parts beside the UNet that are held during the steps."""
    config = setup.config
    parts: list[Part] = []
    if config.samples.drawn and not config.machine.park:
        parts.append("vae")
    if config.train.text_encoder or parts:
        parts.append("text_encoders")
    return parts


def _other_parts_bytes(setup: Setup, parts: Sequence[Part]) -> int:
    dtype = setup.precision.dtype
    widths = {part: torch.finfo(dtype).bits // 8 for part in ALL_PARTS}
    widths["vae"] = torch.finfo(vae_dtype_for(dtype)).bits // 8
    return sum(setup.info.num_parameters[part] * widths[part] for part in parts)


def vae_work_bytes(setup: Setup, size: BucketSize, *, decode: bool) -> int:
    """Return the most that the VAE holds beside its weights while one picture passes.

    Args:
        setup: The base, its number format, and whether tiles are used.
        size: Of the picture.
        decode: From latents to pixels; else from pixels to latents.
    """
    dtype = vae_dtype_for(setup.precision.dtype)
    described = json.dumps(dict(setup.info.architecture.vae))
    own = _vae_peak(described, dtype, size, setup.config.machine.vae_tiling, decode)
    return int(own * _VAE_SCRATCH) if setup.device.type == "cpu" else own


@cache
def _vae_peak(
    described: str, dtype: torch.dtype, size: BucketSize, tiling: bool, decode: bool
) -> int:
    with torch.device("meta"):
        vae = freeze(build_vae(json.loads(described)))
    nn.Module.to(vae, dtype=dtype)
    downscale = 2 ** (len(block_widths(vae.config)) - 1)
    hold_vae(vae, MachineConfig(vae_tiling=tiling), downscale)
    if not decode:
        image = torch.zeros(1, 3, size.height, size.width, dtype=dtype, device="meta")
        return peak_bytes(lambda: vae.encode(cast(Any, image), return_dict=False))
    channels = _whole(vae.config["latent_channels"])
    shape = (1, channels, size.height // downscale, size.width // downscale)
    latents = torch.zeros(shape, dtype=dtype, device="meta")
    return peak_bytes(lambda: vae.decode(cast(Any, latents), return_dict=False))


_Sizes = Counter[tuple[BucketSize, int]]
"""How many batches there are of each bucket and number of pictures."""


def _mean_area(setup: Setup, sizes: _Sizes) -> float:
    """Return the pixels of an average step that one process works on."""
    pixels = sum(size.area * count * n for (size, count), n in sizes.items())
    return pixels / sum(sizes.values()) / setup.config.machine.gpus


def _parts_per_step(setup: Setup, sizes: _Sizes) -> float:
    """Return how many forward passes one process does in an average step."""
    at_once, gpus = setup.config.train.batch_size, setup.config.machine.gpus
    passes = sum(
        math.ceil(math.ceil(count / at_once) / gpus) * n for (_, count), n in sizes.items()
    )
    return passes / sum(sizes.values())


def _step_seconds(setup: Setup, trace: StepTrace, sizes: _Sizes, base: Base) -> float:
    """Return the time of an average step, without the fetching of weights."""
    at_once = setup.config.train.batch_size
    largest = max(size.area * min(count, at_once) for size, count in sizes)
    again = _FORWARD_SHARE if setup.config.train.gradient_checkpointing else 0.0
    flops = (
        trace.flops * (1 + _BACKWARD_FACTOR / 2) * (1 + again) / largest * _mean_area(setup, sizes)
    )
    calls = sum(1 for _ in base.unet.modules()) * 6 * (1 + again)
    calls *= _parts_per_step(setup, sizes)
    return flops / _speed(setup.precision, setup.device) + calls * _CALL_SECONDS


def _fetch_seconds(setup: Setup, stored: StoreReport, sizes: _Sizes) -> float:
    """Return the time an average step spends on making stored weights whole."""
    uses = 3 if setup.config.train.gradient_checkpointing else 2
    seconds = stored.waiting_bytes / _TRANSFER_BYTES_PER_SECOND
    if setup.config.machine.base_format != "full":
        seconds += stored.plain_bytes / _UNPACK_BYTES_PER_SECOND[setup.device.type == "cpu"]
    return uses * seconds * _parts_per_step(setup, sizes)


def _time_with_answers(settings: LossConfig) -> float:
    """Return how many times longer a step takes when the base is asked for its own answers."""
    factor = 1.0
    if settings.base_prior:
        factor += 1 + _FORWARD_SHARE
    if settings.masked and settings.masked_prior:
        factor += _FORWARD_SHARE
    return factor


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


def _batches(feed: Feed, setup: Setup) -> "_Sizes":
    """Count the batches of one epoch by bucket and number of pictures."""
    items = setup.prepared.all_items
    return Counter(
        (items[batch[0]].fit.bucket, len(batch))
        for batch in (feed.batch(step) for step in range(feed.batches_per_epoch))
    )


def _trace_step(base: Base, bucket: BucketSize, count: int) -> StepTrace:
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

    return trace_forward(run, [*base.unet.parameters(), *base.unet.buffers()])


@cache
def _speed(precision: Precision, device: torch.device) -> float:
    """Return the operations per second a step reaches here, from a short product."""
    dtype = precision.dtype
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
    return product * _EFFICIENCY[precision.name]


def _sample_seconds(setup: Setup, per_step: float, pixels_per_step: float) -> float:
    """Return the time of all sample rounds: forward passes, two per step because of guidance."""
    settings = setup.config.samples
    if not settings.every:
        return 0.0
    rounds = 1 + -(-setup.config.train.steps // settings.every)
    counts = Counter(item.fit.bucket for item in setup.prepared.items)
    bucket = max(counts, key=lambda entry: (counts[entry], entry))
    prompts = len(setup.samples)
    forward = per_step * _FORWARD_SHARE * bucket.area / pixels_per_step
    return rounds * prompts * settings.steps * 2 * forward


def _validation_seconds(setup: Setup, per_step: float, pixels_per_step: float) -> float:
    """Return the time of all measurements of held-out and training pictures: forward passes."""
    config, prepared = setup.config, setup.prepared
    settings = config.validation
    if not settings.used:
        return 0.0
    every = settings.every or config.train.save_every or config.train.steps
    rounds = 1 + -(-config.train.steps // every)
    sides = measured_items(prepared, settings)
    area = sum(item.fit.bucket.area for items in sides for item in items)
    passes = settings.bands * settings.noises
    return rounds * passes * area / pixels_per_step * per_step * _FORWARD_SHARE


def _cache_bytes(setup: Setup) -> tuple[int, int]:
    """Return the bytes of text features and of latents on disk."""
    config, info = setup.config, setup.info
    latents = sum(
        2
        * 4
        * 4
        * item.fit.bucket.area
        // info.downscale**2
        * num_versions(settings)
        * (2 if settings.flip and item.may_flip else 1)
        for item in setup.prepared.all_items
        for settings in (item.settings(config.pictures),)
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
