"""Cost of one training step: ours, a naive floor, and PEFT with diffusers.

All three train the same LoRA layers of the same random UNet on a fixed batch:

- ours: `inject_adapter`, `pack_frozen`, `keep_freed_memory` and the product's own `Trainer`.
- floor: LoRA written plainly as pairs of layers, noise added, mean squared error, AdamW.
- peft: PEFT's layers in diffusers' UNet, in the form of diffusers' own LoRA script: DDPMScheduler,
  autocast in bf16, gradient clipping, AdamW.

Each measurement is a fresh process, and the variants take turns, so only one model is in memory at
a time and a change in the machine's load meets all of them. On a CPU the figure is the CPU time of
the whole process per step, which other jobs disturb far less than wall time.

    python benchmarks/train_step.py                                  # SD1.5, 256² and 512²
    python benchmarks/train_step.py --base mini --sizes 128 --batch 4 --dtypes fp32
    python benchmarks/train_step.py --gpu --sizes 512                # images per second on CUDA
    python benchmarks/train_step.py --gpu --base sdxl --sizes 1024
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

VARIANTS = ("ours", "floor", "peft")
EXTRA_VARIANTS = ("ours_unpacked", "ours_returning_memory")
DTYPES = ("bf16", "fp32")
# Dense bf16 TFLOP/s by device name; from the makers' data sheets, without sparsity.
BF16_LIMITS = {"H100": 989.0, "H200": 989.0, "A100": 312.0, "L40S": 362.0, "4090": 165.2}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table, without the variant."""

    base: str
    size: int
    dtype: str
    batch: int
    rank: int
    threads: int
    warmup: int
    steps: int
    gpu: bool


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one process measured."""

    cpu_s: list[float]
    wall_s: list[float]
    peak_bytes: int
    first_step_s: float
    teraflop: float
    device: str
    versions: dict[str, str]


def main() -> None:
    args = parse_arguments()
    if args.worker:
        case = Case(**json.loads(args.case))
        print(json.dumps(asdict(measure(args.worker, case))))
        return
    cases = [
        Case(
            base=args.base,
            size=size,
            dtype=dtype,
            batch=args.batch,
            rank=args.rank,
            threads=args.threads,
            warmup=args.warmup,
            steps=args.steps,
            gpu=args.gpu,
        )
        for size in args.sizes
        for dtype in args.dtypes
    ]
    sections, facts = [], None
    for case in cases:
        runs = alternate(case, args.variants, args.rounds)
        facts = facts or runs[args.variants[0]][0]
        sections.append(section(case, runs))
        print(sections[-1], flush=True)
    assert facts is not None
    path = args.out or default_path(facts.device)
    write_report(path, sections, facts, append=args.append)
    print(f"written: {path}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="sd1", choices=("sd1", "sdxl", "mini"))
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512], help="pixels a side")
    parser.add_argument("--dtypes", nargs="+", default=list(DTYPES), choices=DTYPES)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=2, help="steps not counted, per process")
    parser.add_argument("--steps", type=int, default=3, help="steps counted, per process")
    parser.add_argument("--rounds", type=int, default=3, help="processes per variant")
    parser.add_argument(
        "--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS + EXTRA_VARIANTS
    )
    parser.add_argument("--gpu", action="store_true", help="measure on CUDA instead of the CPU")
    parser.add_argument("--out", type=Path, help="result file; default beside this script")
    parser.add_argument("--append", action="store_true", help="add tables to the result file")
    parser.add_argument("--worker", choices=VARIANTS + EXTRA_VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def alternate(case: Case, variants: list[str], rounds: int) -> dict[str, list[Measurement]]:
    """Run the variants in turn, `rounds` times."""
    runs: dict[str, list[Measurement]] = {variant: [] for variant in variants}
    threads = str(case.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    # A thread that waits must not count as work; one policy for all variants.
    environment["OMP_WAIT_POLICY"] = "passive"
    for _ in range(rounds):
        for variant in variants:
            command = [sys.executable, __file__, "--worker", variant]
            command += ["--case", json.dumps(asdict(case))]
            done = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, check=True, env=environment
            )
            runs[variant].append(Measurement(**json.loads(done.stdout.splitlines()[-1])))
            print(
                f"# {case.base} {case.size} {case.dtype} {variant}: "
                f"{statistics.median(runs[variant][-1].cpu_s):.3f} CPU-s",
                file=sys.stderr,
                flush=True,
            )
    return runs


# --- in the worker process -----------------------------------------------------------------------


def measure(variant: str, case: Case) -> Measurement:
    """Build the model and time `warmup + steps` steps of one variant."""
    started = time.perf_counter()
    if variant.startswith("ours") and variant != "ours_returning_memory":
        from enogu.machine import keep_freed_memory

        keep_freed_memory()
    import diffusers
    import torch

    torch.set_num_threads(case.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if case.gpu else "cpu")
    base = build_base(case, device)
    builders = {"floor": build_floor, "peft": build_peft}
    build = builders.get(variant)
    clock = Clock(device)
    if build is None:
        packed = variant != "ours_unpacked"
        run_ours(base, case, clock, packed=packed)
    else:
        step = build(base, case)
        for _ in range(case.warmup + case.steps):
            step()
            clock.tick()
    return Measurement(
        cpu_s=clock.cpu_s[case.warmup :],
        wall_s=clock.wall_s[case.warmup :],
        peak_bytes=clock.peak_bytes(),
        first_step_s=round(clock.first - started, 2),
        teraflop=count_teraflop(case) if case.gpu else 0.0,
        device=torch.cuda.get_device_name() if case.gpu else cpu_name(),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        },
    )


class Clock:
    """CPU and wall seconds between ticks."""

    def __init__(self, device) -> None:
        self.device = device
        self.cpu_s: list[float] = []
        self.wall_s: list[float] = []
        self.first = 0.0
        self._start()

    def _start(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def tick(self) -> None:
        """End one step and begin the next."""
        if self.device.type == "cuda":
            import torch

            torch.cuda.synchronize()
        self.first = self.first or time.perf_counter()
        self.cpu_s.append(round(time.process_time() - self._cpu, 4))
        self.wall_s.append(round(time.perf_counter() - self._wall, 4))
        self._start()

    def peak_bytes(self) -> int:
        """Return the highest memory use: of the process on a CPU, else of the device."""
        from enogu.machine import peak_memory_bytes

        return peak_memory_bytes(self.device)


def build_base(case: Case, device):
    """Return a base that holds only its UNet: random at real size, or the embedded one."""
    import torch

    from enogu.families.load import load_base
    from enogu.families.testing import build_meta_base

    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[case.dtype]
    if case.base == "mini":
        return load_base("mini", dtype=dtype, device=device, parts=("unet",))
    base = build_meta_base(case.base)
    base.drop("vae")
    base.drop("text_encoders")
    base.dtype, base.device = dtype, device
    # diffusers' own `to` warns about casting; there is nothing to cast yet.
    torch.nn.Module.to(base.unet, dtype=dtype)
    base.unet.to_empty(device=device)
    pool = torch.randn(1 << 22, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.no_grad():
        for name, value in base.unet.named_parameters():
            if value.ndim == 1:
                value.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            flat, scale = value.view(-1), 0.7 / math.sqrt(value[0].numel())
            for part in flat.split(pool.numel()):
                part.copy_(pool[: part.numel()] * scale)
    base.unet.requires_grad_(False)
    return base


def build_batch(base, case: Case):
    """Return the fixed batch all variants train on."""
    import torch

    from enogu.families.denoise import SizeConditioning
    from enogu.families.text import TextFeatures
    from enogu.pictures.buckets import BucketSize
    from enogu.train.batch import Batch

    generator = torch.Generator().manual_seed(1)
    config = base.unet.config
    side = case.size // base.downscale
    shape = (case.batch, config.in_channels, side, side)
    pooled = None
    if case.base == "sdxl":
        pooled = torch.randn(case.batch, 1280, generator=generator).to(base.device, base.dtype)
    embeds = torch.randn(case.batch, 77, config.cross_attention_dim, generator=generator)
    size = BucketSize(case.size, case.size)
    noise = torch.randn(shape, generator=generator).to(base.device)
    return Batch(
        items=(),
        latents=torch.randn(shape, generator=generator).to(base.device),
        noise=noise,
        input_noise=noise,
        timesteps=torch.randint(0, 1000, (case.batch,), generator=generator).to(base.device),
        features=TextFeatures(prompt_embeds=embeds.to(base.device, base.dtype), pooled=pooled),
        captions=(),
        sizes=(SizeConditioning(original=size, crop_top=0, crop_left=0, target=size),) * case.batch,
        mask=None,
        weights=torch.ones(case.batch, device=base.device),
    )


def run_ours(base, case: Case, clock: Clock, *, packed: bool) -> None:
    """Run the product's own loop, with a source that always gives the same batch."""
    from enogu.adapters import AdapterSpec, inject_adapter
    from enogu.config import ProjectConfig
    from enogu.frozen import pack_frozen
    from enogu.train.events import EventLog
    from enogu.train.loop import Trainer
    from enogu.train.optimizers import build_optimizer

    config = ProjectConfig.model_validate(
        {"train": {"steps": case.warmup + case.steps, "rank": case.rank, "alpha": case.rank}}
    )
    adapter = inject_adapter(base, AdapterSpec(rank=case.rank, alpha=case.rank))
    if packed:
        pack_frozen(base.unet, dtype=base.dtype)
    batch = build_batch(base, case)

    class FixedSource:
        def batch(self, step: int):
            return batch

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            base=base,
            adapter=adapter,
            optimizer=build_optimizer(config.train, adapter.parameter_groups()),
            source=FixedSource(),
            config=config.model_copy(
                update={"samples": config.samples.model_copy(update={"every": 0})}
            ),
            log=EventLog(Path(folder) / "events.jsonl"),
            digest="",
        )
        clock._start()
        trainer.run(
            save=lambda trainer: None,
            sample=lambda trainer: None,
            save_due=lambda step: False,
            sample_due=lambda step: False,
            observe=lambda event: clock.tick(),
            stop=lambda: False,
        )


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
    batch = build_batch(base, case)
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
    batch = build_batch(base, case)
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


# --- the report ----------------------------------------------------------------------------------


def section(case: Case, runs: dict[str, list[Measurement]]) -> str:
    """Return the table of one case in Markdown."""
    medians = {
        variant: statistics.median(
            value for run in measured for value in (run.wall_s if case.gpu else run.cpu_s)
        )
        for variant, measured in runs.items()
    }
    unit = "s/step" if case.gpu else "CPU-s/step"
    header = (
        f"| variant | {unit}, median (least to most) | x floor | x PEFT | peak GiB | first step |"
    )
    if case.gpu:
        header += " images/s | share of bf16 limit |"
    lines = [
        f"### {case.base}, {case.size}², {case.dtype}, batch {case.batch}, rank {case.rank}, "
        f"{case.threads} thread{'s' if case.threads > 1 else ''}",
        "",
        header,
        "|---" + "|--:" * (header.count("|") - 2) + "|",
    ]
    for variant, measured in runs.items():
        values = [value for run in measured for value in (run.wall_s if case.gpu else run.cpu_s)]
        peak = max(run.peak_bytes for run in measured) / 2**30
        first = statistics.median(run.first_step_s for run in measured)
        ratios = [
            f"{medians[variant] / medians[other]:.2f}" if other in medians else "–"
            for other in ("floor", "peft")
        ]
        row = (
            f"| {variant} | {medians[variant]:.3f} ({min(values):.3f} to {max(values):.3f}; "
            f"{len(values)}) | {ratios[0]} | {ratios[1]} | {peak:.2f} | {first:.0f} s |"
        )
        if case.gpu:
            share = limit_share(measured[0], medians[variant])
            row += f" {case.batch / medians[variant]:.2f} | {share} |"
        lines.append(row)
    return "\n".join(lines)


def limit_share(run: Measurement, seconds: float) -> str:
    """Return the share of the device's bf16 limit that a naive step's operations come to."""
    limit = next((tera for name, tera in BF16_LIMITS.items() if name in run.device), None)
    return f"{run.teraflop / seconds / limit:.0%}" if limit else "–"


def default_path(device: str) -> Path:
    """Return `train_step_<hardware>_<year><month>.md` beside this script."""
    name = "".join(c if c.isalnum() else "_" for c in device.split("(")[0].strip().lower())
    return Path(__file__).with_name(f"train_step_{name}_{time.strftime('%Y%m')}.md")


def write_report(path: Path, sections: list[str], facts: Measurement, *, append: bool) -> None:
    """Write the result file, or add tables to it."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    command = "python benchmarks/train_step.py " + " ".join(sys.argv[1:])
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    head = [
        f"## {time.strftime('%Y-%m-%d')}, commit {commit}",
        "",
        f"- Hardware: {facts.device}; {os.cpu_count()} cores visible. {versions}.",
        f"- Command: `{command.strip()}`",
        "- Every variant ran in fresh processes, in turn; warm-up steps are left out. What each "
        "variant is stands at the top of the script. CPU-s is the CPU time of the whole process. "
        "First step: wall seconds from the start of the process to the end of its first step, "
        "without reading a model from disk.",
        "",
    ]
    old = path.read_text(encoding="utf-8") if append and path.is_file() else "# Training step\n"
    text = old.rstrip() + "\n\n" + "\n".join(head) + "\n" + "\n\n".join(sections) + "\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
