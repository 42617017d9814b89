"""Cost of one training step: every kind of adapter and way to train, a naive floor, and PEFT.

All train on a fixed batch of random latents, on a random base of real size or the embedded one:

- lora: plain LoRA with the product's own parts: `attach_adapter`, `pack_frozen`,
  `keep_freed_memory`, `Trainer`. The other kinds and ways differ from it by the settings that stand
  in `train_step_worker.py`.
- floor: LoRA written plainly as pairs of layers, noise added, mean squared error, AdamW.
- peft: PEFT's layers in diffusers' UNet, in the form of diffusers' own LoRA script: DDPMScheduler,
  autocast in bf16, gradient clipping, AdamW.

Each measurement is a fresh process, and the variants take turns, so only one model is in memory at
a time and a change in the machine's load meets all of them. On a CPU the figure is the CPU time of
the whole process per step, which other jobs disturb far less than wall time.

    python benchmarks/train_step.py                                  # SD1.5, 256² and 512²
    python benchmarks/train_step.py --variants kinds ways --sizes 256 --dtypes bf16 --profile
    python benchmarks/train_step.py --base mini --sizes 128 --batch 4 --dtypes fp32
    python benchmarks/train_step.py --gpu --sizes 512                # images per second on CUDA
    python benchmarks/train_step.py --gpu --base sdxl --sizes 1024
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from train_step_worker import GROUPS, VARIANTS, Case, Measurement, measure

DTYPES = ("bf16", "fp32")
# Dense bf16 TFLOP/s by device name; from the makers' data sheets, without sparsity.
BF16_LIMITS = {"H100": 989.0, "H200": 989.0, "A100": 312.0, "L40S": 362.0, "4090": 165.2}
# An operation is named among the reasons when it takes this share of a plain step more.
NAMED_SHARE = 0.02


def main() -> None:
    args = parse_arguments()
    if args.worker:
        case = Case(**json.loads(args.case))
        print(json.dumps(asdict(measure(args.worker, case))))
        return
    variants = list(dict.fromkeys(v for name in args.variants for v in GROUPS.get(name, (name,))))
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
        runs = alternate(case, variants, args.rounds, profile=args.profile)
        facts = facts or runs[variants[0]][0]
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
        "--variants",
        nargs="+",
        default=["headline"],
        choices=(*GROUPS, *VARIANTS),
        help="variants, or groups of them; ratios are to `lora`, `floor` and `peft`",
    )
    parser.add_argument("--profile", action="store_true", help="say what slower variants spend on")
    parser.add_argument("--gpu", action="store_true", help="measure on CUDA instead of the CPU")
    parser.add_argument("--out", type=Path, help="result file; default beside this script")
    parser.add_argument("--append", action="store_true", help="add tables to the result file")
    parser.add_argument("--worker", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def alternate(
    case: Case, variants: list[str], rounds: int, *, profile: bool
) -> dict[str, list[Measurement]]:
    """Run the variants in turn, `rounds` times; the last round is profiled, if any is."""
    runs: dict[str, list[Measurement]] = {variant: [] for variant in variants}
    threads = str(case.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    # A thread that waits must not count as work; one policy for all variants.
    environment["OMP_WAIT_POLICY"] = "passive"
    for number in range(rounds):
        this = replace(case, profile=profile and number == rounds - 1)
        for variant in variants:
            command = [sys.executable, __file__, "--worker", variant]
            command += ["--case", json.dumps(asdict(this))]
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


# --- the report ----------------------------------------------------------------------------------


def section(case: Case, runs: dict[str, list[Measurement]]) -> str:
    """Return the table of one case in Markdown."""
    times = {
        variant: [value for run in measured for value in (run.wall_s if case.gpu else run.cpu_s)]
        for variant, measured in runs.items()
    }
    medians = {variant: statistics.median(values) for variant, values in times.items()}
    others = [name for name in ("lora", "floor", "peft") if name in runs]
    unit = "s/step" if case.gpu else "CPU-s/step"
    header = f"| variant | {unit}, median (least to most) | a picture |"
    header += "".join(f" x {name} |" for name in others) + " peak GiB | first step |"
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
        median, values, pictures = medians[variant], times[variant], measured[0].pictures
        row = (
            f"| {variant} | {median:.3f} ({min(values):.3f} to {max(values):.3f}; {len(values)}) | "
            f"{median / pictures:.3f} |"
        )
        row += "".join(f" {median / medians[name]:.2f} |" for name in others)
        peak = max(run.peak_bytes for run in measured) / 2**30
        first = statistics.median(run.first_step_s for run in measured)
        row += f" {peak:.2f} | {first:.0f} s |"
        if case.gpu:
            share = limit_share(measured[0], median)
            row += f" {pictures / median:.2f} | {share} |"
        lines.append(row)
    return "\n".join([*lines, *reasons(runs, medians)])


def reasons(runs: dict[str, list[Measurement]], medians: dict[str, float]) -> list[str]:
    """Return for each profiled variant which operations take more than in a plain LoRA's step.

    The profiler counts wall time, which other jobs stretch; shares of it are taken of the step's
    median.
    """
    shares: dict[str, dict[str, float]] = {}
    for variant, measured in runs.items():
        operations = measured[-1].operations
        whole = sum(operations.values())
        shares[variant] = {
            name: value / whole * medians[variant] for name, value in operations.items()
        }
    plain = shares.get("lora")
    if not plain:
        return []
    lines = ["", "What takes more of a step than in plain LoRA, in seconds, by the profiler:", ""]
    for variant, operations in shares.items():
        more = {name: value - plain.get(name, 0.0) for name, value in operations.items()}
        named = [name for name in more if more[name] > NAMED_SHARE * medians["lora"]]
        named.sort(key=lambda name: -more[name])
        if variant != "lora" and operations:
            told = ", ".join(f"`{name}` +{more[name]:.2f}" for name in named[:6]) or "nothing much"
            lines.append(f"- {variant}: {told}")
    return lines


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
