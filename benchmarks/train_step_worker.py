"""What one process of `train_step.py` does: build a base, train a variant, time the steps."""

import math
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BASELINES = ("floor", "peft")
"""Loops that are not ours."""

KINDS: dict[str, dict[str, object]] = {
    "lora": {},
    "lora, conv": {"train.conv_rank": 16},
    "lora, conv, mid": {"train.conv_rank": 16, "train.adapter.mid": True},
    "loha": {"train.adapter.kind": "loha"},
    "lokr": {"train.adapter.kind": "lokr"},
    "lokr, full matrix": {"train.adapter.kind": "lokr", "train.adapter.full_matrix": True},
    "dora": {"train.adapter.decompose": "output"},
    "dylora": {"train.adapter.kind": "dylora", "train.adapter.unit": 4},
}
"""Kinds of adapters, as settings."""

WAYS: dict[str, dict[str, object]] = {
    "lora, text encoder": {"train.text_encoder": True},
    "lora, checkpointing": {"train.gradient_checkpointing": True},
    "lora, 2 accumulated": {"train.accumulate": 2},
    "lora, batch 2": {"train.batch_size": 2},
    "lora, batch 4": {"train.batch_size": 4},
}
"""Plain LoRA trained in other ways."""

ALONE = {"lora, unpacked": {}, "lora, returning memory": {}}
"""Plain LoRA without one of the things that make it fast."""

OURS: Mapping[str, dict[str, object]] = {**KINDS, **WAYS, **ALONE}
GROUPS = {
    "headline": ("lora", *BASELINES),
    "kinds": tuple(KINDS),
    "ways": ("lora", *WAYS),
    "all": (*KINDS, *WAYS, *BASELINES),
}
VARIANTS = (*OURS, *BASELINES)

_CAPTION = "hoshi, smile, red hair"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What all variants of a table have in common."""

    base: str
    size: int
    dtype: str
    batch: int
    rank: int
    threads: int
    warmup: int
    steps: int
    gpu: bool
    profile: bool = False


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one process measured.

    `pictures` are those of one step; `operations` maps operations of the way forward and back to
    their milliseconds in one further step, where the case asks for it.
    """

    cpu_s: list[float]
    wall_s: list[float]
    pictures: int
    peak_bytes: int
    first_step_s: float
    teraflop: float
    device: str
    versions: dict[str, str]
    operations: dict[str, float]


def settings_of(variant: str, case: Case) -> dict[str, object]:
    """Return the settings of a variant by dotted name."""
    shared: dict[str, object] = {
        "train.steps": case.warmup + case.steps + case.profile,
        "train.rank": case.rank,
        "train.alpha": case.rank,
        "train.batch_size": case.batch,
        "samples.every": 0,
    }
    return shared | OURS.get(variant, {})


def build_config(variant: str, case: Case):
    """Return the settings of a variant as the product has them."""
    from enogu.config import ProjectConfig

    nested: dict[str, object] = {}
    for name, value in settings_of(variant, case).items():
        *sections, key = name.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value
    return ProjectConfig.model_validate(nested)


def measure(variant: str, case: Case) -> Measurement:
    """Build the model and time `warmup + steps` steps of one variant."""
    started = time.perf_counter()
    if variant in OURS and variant != "lora, returning memory":
        from enogu.machine import keep_freed_memory

        keep_freed_memory()
    import diffusers
    import torch

    torch.set_num_threads(case.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if case.gpu else "cpu")
    config = build_config(variant, case)
    base = build_base(case, device, text=config.train.text_encoder)
    clock = Clock(device, case.warmup + case.steps)
    operations: dict[str, float] = {}
    if variant in OURS:
        operations = run_ours(base, case, config, clock, packed=variant != "lora, unpacked")
    else:
        step = {"floor": build_floor, "peft": build_peft}[variant](base, case)
        for _ in range(case.warmup + case.steps):
            step()
            clock.tick()
    return Measurement(
        cpu_s=clock.cpu_s[case.warmup :],
        wall_s=clock.wall_s[case.warmup :],
        pictures=config.train.batch_size * config.train.accumulate,
        peak_bytes=clock.peak_bytes,
        first_step_s=round(clock.first - started, 2),
        teraflop=count_teraflop(case) if case.gpu else 0.0,
        device=torch.cuda.get_device_name() if case.gpu else cpu_name(),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        },
        operations=operations,
    )


class Clock:
    """CPU and wall seconds between ticks, and the peak of memory at the last of them."""

    def __init__(self, device, ticks: int) -> None:
        self.device = device
        self.ticks = ticks
        self.cpu_s: list[float] = []
        self.wall_s: list[float] = []
        self.first = 0.0
        self.peak_bytes = 0
        self.start()

    def start(self) -> None:
        """Begin a step."""
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def tick(self) -> None:
        """End one step and begin the next; the peak is that of the last tick."""
        from enogu.machine import peak_memory_bytes

        if len(self.cpu_s) == self.ticks:
            return
        if self.device.type == "cuda":
            import torch

            torch.cuda.synchronize()
        self.first = self.first or time.perf_counter()
        self.cpu_s.append(round(time.process_time() - self._cpu, 4))
        self.wall_s.append(round(time.perf_counter() - self._wall, 4))
        self.peak_bytes = peak_memory_bytes(self.device)
        self.start()


def build_base(case: Case, device, *, text: bool = False):
    """Return a base with its UNet and, if wanted, its text encoders; at real size it is random."""
    import torch

    from enogu.families.load import load_base
    from enogu.families.testing import build_meta_base

    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[case.dtype]
    if case.base == "mini":
        parts = ("unet", "text_encoders") if text else ("unet",)
        return load_base("mini", dtype=dtype, device=device, parts=parts)
    base = build_meta_base(case.base)
    base.drop("vae")
    if not text:
        base.drop("text_encoders")
    base.dtype, base.device = dtype, device
    for module in base.modules().values():
        fill_randomly(module, dtype, device)
    return base


def fill_randomly(module, dtype, device) -> None:
    """Give a module without storage small random weights."""
    import torch

    # diffusers' own `to` warns about casting; there is nothing to cast yet.
    torch.nn.Module.to(module, dtype=dtype)
    module.to_empty(device=device)
    module.requires_grad_(False)
    pool = torch.randn(1 << 22, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.no_grad():
        for name, value in module.named_buffers():
            assert name.endswith("position_ids")
            value.copy_(torch.arange(value.numel()).view_as(value))
        for name, value in module.named_parameters():
            if value.ndim == 1:
                value.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            flat, scale = value.view(-1), 0.7 / math.sqrt(value[0].numel())
            for part in flat.split(pool.numel()):
                part.copy_(pool[: part.numel()] * scale)


def build_batch(base, case: Case, pictures: int, *, captions: bool = False):
    """Return the fixed batch all variants train on: with text features, or with captions."""
    import torch

    from enogu.families.denoise import SizeConditioning
    from enogu.families.text import TextFeatures
    from enogu.pictures.buckets import BucketSize
    from enogu.train.batch import Batch

    generator = torch.Generator().manual_seed(1)
    config = base.unet.config
    side = case.size // base.downscale
    shape = (pictures, config.in_channels, side, side)
    features = None
    if not captions:
        pooled = None
        if case.base == "sdxl":
            pooled = torch.randn(pictures, 1280, generator=generator).to(base.device, base.dtype)
        embeds = torch.randn(pictures, 77, config.cross_attention_dim, generator=generator)
        features = TextFeatures(prompt_embeds=embeds.to(base.device, base.dtype), pooled=pooled)
    size = BucketSize(case.size, case.size)
    noise = torch.randn(shape, generator=generator).to(base.device)
    return Batch(
        items=(),
        latents=torch.randn(shape, generator=generator).to(base.device),
        noise=noise,
        input_noise=noise,
        timesteps=torch.randint(0, 1000, (pictures,), generator=generator).to(base.device),
        features=features,
        captions=(_CAPTION,) * pictures if captions else (),
        sizes=(SizeConditioning(original=size, crop_top=0, crop_left=0, target=size),) * pictures,
        mask=None,
        weights=torch.ones(pictures, device=base.device),
    )


def run_ours(base, case: Case, config, clock: Clock, *, packed: bool) -> dict[str, float]:
    """Run the product's own loop, with a source that always gives the same batch.

    Where the case asks for it, one step more is taken under the profiler, and the milliseconds of
    its operations are returned.
    """
    from torch.profiler import ProfilerActivity, profile

    from enogu.frozen import pack_frozen
    from enogu.train.adapter import attach_adapter
    from enogu.train.events import EventLog
    from enogu.train.loop import Trainer
    from enogu.train.optimizers import build_optimizer

    train = config.train
    adapter = attach_adapter(base, config)
    if packed:
        pack_frozen(base.unet, dtype=base.dtype)
    if train.gradient_checkpointing:
        base.unet.enable_gradient_checkpointing()
    pictures = train.batch_size * train.accumulate
    batch = build_batch(base, case, pictures, captions=train.text_encoder)
    profiler = profile(activities=[ProfilerActivity.CPU])

    class FixedSource:
        def batch(self, step: int):
            return batch

    def observe(event) -> None:
        clock.tick()
        if case.profile and event["step"] == train.steps - 1:
            profiler.start()

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            base=base,
            adapter=adapter,
            optimizer=build_optimizer(train, adapter.parameter_groups()),
            source=FixedSource(),
            config=config,
            log=EventLog(Path(folder) / "events.jsonl"),
            digest="",
        )
        clock.start()
        trainer.run(
            save=lambda trainer: None,
            sample=lambda trainer: None,
            save_due=lambda step: False,
            sample_due=lambda step: False,
            observe=observe,
            stop=lambda: False,
        )
    if not case.profile:
        return {}
    profiler.stop()
    times = {entry.key: entry.self_cpu_time_total / 1e3 for entry in profiler.key_averages()}
    return {name: round(value, 1) for name, value in times.items() if value >= 1.0}


def adapted_names(base) -> list[str]:
    """Return the UNet paths of the layers that `inject_adapter` adapts by default."""
    from enogu.adapters.targets import find_targets

    return [
        target.path.removeprefix("unet.")
        for target in find_targets(base)
        if target.group == "usual" and target.part == "unet"
    ]


def conditioning(base, batch) -> dict[str, object]:
    """Return the UNet's arguments besides latents and timesteps."""
    import torch

    arguments: dict[str, object] = {"encoder_hidden_states": batch.features.prompt_embeds}
    if batch.features.pooled is not None:
        ids = torch.tensor([size.as_ids() for size in batch.sizes], dtype=base.dtype)
        arguments["added_cond_kwargs"] = {
            "text_embeds": batch.features.pooled,
            "time_ids": ids.to(base.device),
        }
    return arguments


def build_floor(base, case: Case) -> Callable[[], None]:
    """The least a bare loop does: plain LoRA layers, loss, AdamW; no clipping, no checks."""
    import torch
    from torch import nn

    class PlainLoRA(nn.Module):
        def __init__(self, layer: nn.Module) -> None:
            super().__init__()
            self.layer = layer
            if isinstance(layer, nn.Conv2d):
                self.down = nn.Conv2d(layer.in_channels, case.rank, 1, bias=False)
                self.up = nn.Conv2d(case.rank, layer.out_channels, 1, bias=False)
                self.call = nn.functional.conv2d
            else:
                self.down = nn.Linear(layer.in_features, case.rank, bias=False)
                self.up = nn.Linear(case.rank, layer.out_features, bias=False)
                self.call = nn.functional.linear
            nn.init.zeros_(self.up.weight)

        def forward(self, x):
            # Master weights in fp32, products in the model's dtype: faster than casting x.
            middle = self.call(x, self.down.weight.to(x.dtype))
            return self.layer(x) + self.call(middle, self.up.weight.to(x.dtype))

    unet = base.unet
    parameters = []
    for name in adapted_names(base):
        parent = unet.get_submodule(name.rpartition(".")[0])
        layer = PlainLoRA(unet.get_submodule(name)).to(base.device)
        layer.layer.requires_grad_(False)
        setattr(parent, name.rpartition(".")[2], layer)
        parameters += [layer.down.weight, layer.up.weight]
        # `.to` above must not have touched the frozen layer's dtype.
        assert next(layer.layer.parameters()).dtype == base.dtype
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    batch = build_batch(base, case, case.batch)
    keep = base.schedule.alphas_cumprod.float().to(base.device)[batch.timesteps][
        :, None, None, None
    ]
    noisy = (keep.sqrt() * batch.latents + (1 - keep).sqrt() * batch.noise).to(base.dtype)
    others = conditioning(base, batch)

    def step() -> None:
        prediction = unet(noisy, batch.timesteps, **others).sample
        nn.functional.mse_loss(prediction.float(), batch.noise).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def build_peft(base, case: Case) -> Callable[[], None]:
    """The loop of diffusers' LoRA script, with latents and text features given."""
    import torch
    from diffusers import DDPMScheduler
    from peft import LoraConfig

    unet = base.unet
    unet.add_adapter(
        LoraConfig(
            r=case.rank,
            lora_alpha=case.rank,
            init_lora_weights="gaussian",
            target_modules=adapted_names(base),
        )
    )
    parameters = [value for value in unet.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    scheduler = DDPMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    batch = build_batch(base, case, case.batch)
    others = conditioning(base, batch)
    mixed = case.dtype == "bf16"

    def step() -> None:
        noisy = scheduler.add_noise(batch.latents, batch.noise, batch.timesteps).to(base.dtype)
        with torch.autocast(base.device.type, torch.bfloat16, enabled=mixed):
            prediction = unet(noisy, batch.timesteps, **others).sample
        torch.nn.functional.mse_loss(prediction.float(), batch.noise).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def count_teraflop(case: Case) -> float:
    """Return the operations of one naive step, counted on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    meta = torch.device("meta")
    base = build_base(case, torch.device("cpu")) if case.base == "mini" else None
    if base is None:
        from enogu.families.testing import build_meta_base

        base = build_meta_base(case.base)
    base.unet.to(meta)
    base.device = meta
    with FlopCounterMode(display=False) as counter:
        build_floor(base, case)()
    return counter.get_total_flops() / 1e12


def cpu_name() -> str:
    """Return the CPU's name as the system gives it, with the widest instructions it has."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in info.read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    features = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in fields["flags"]]
    return f"{fields['model name']} ({', '.join(features)})"
