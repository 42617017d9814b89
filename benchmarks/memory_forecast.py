"""The forecast of memory beside the real peak, and what the plan chooses for a budget.

Every case is a whole run (caches, steps, no samples) in a fresh process: its forecast is what the
plan says, its peak the largest resident size of the process. Pictures are drawn by this script.

    python benchmarks/memory_forecast.py              # the embedded base
    python benchmarks/memory_forecast.py --base sd1   # a random base of the size of SD1.5, 2.1 GB
    python benchmarks/memory_forecast.py --base sdxl  # 6.9 GB, in what the plan below chose
    python benchmarks/memory_forecast.py --base sdxl --plan 8GB   # 1024², nothing is trained

With `--plan` the run is planned for this CPU and for a card of that memory which need not be there:
of a card only its memory and its speed (`--teraflops`) are made up, and the speed only decides how
the seconds compare. The base then has a header and no numbers, because a plan reads none.
"""

import argparse
import contextlib
import dataclasses
import json
import math
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import enogu.families

CASES: dict[str, list[tuple[str, dict[str, object]]]] = {
    "mini": [
        ("plain", {}),
        ("checkpointing", {"train.gradient_checkpointing": True}),
        ("int8", {"machine.base_format": "int8"}),
        (
            "checkpointing, int8",
            {"train.gradient_checkpointing": True, "machine.base_format": "int8"},
        ),
    ],
    "sd1": [
        ("plain", {}),
        (
            "checkpointing, int8",
            {"train.gradient_checkpointing": True, "machine.base_format": "int8"},
        ),
    ],
    "sdxl": [
        (
            "checkpointing, int8",
            {
                "train.gradient_checkpointing": True,
                "machine.base_format": "int8",
            },
        ),
    ],
}
SHARED = {
    "mini": {"pictures.resolution": 256, "train.batch_size": 4, "machine.precision": "fp32"},
    "sd1": {"pictures.resolution": 256, "train.batch_size": 1, "machine.precision": "bf16"},
    "sdxl": {"pictures.resolution": 256, "train.batch_size": 1, "machine.precision": "bf16"},
}
NATIVE_PX = {"mini": 128, "sd1": 512, "sdxl": 1024}


def main() -> None:
    """Measure all cases of a base and add a table to the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="mini", choices=tuple(CASES))
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "memory_202611.md")
    parser.add_argument("--plan", help="plan for a budget such as 8GB instead of measuring")
    parser.add_argument("--teraflops", type=float, default=50.0, help="of the card in the plan")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(measure(json.loads(arguments.worker))))
        return
    with tempfile.TemporaryDirectory() as folder:
        if arguments.plan:
            text = plan_section(arguments, Path(folder))
        else:
            cases = CASES[arguments.base]
            rows = [run_case(arguments, name, extra, Path(folder)) for name, extra in cases]
            text = table(arguments, rows)
    with arguments.out.open("a", encoding="utf-8") as handle:
        handle.write(text)
    print(text)


def run_case(
    arguments: argparse.Namespace, name: str, extra: dict[str, object], folder: Path
) -> dict[str, object]:
    """Measure one case in a process of its own."""
    settings = (
        SHARED[arguments.base]
        | extra
        | {
            "train.steps": arguments.steps,
            "train.save_every": arguments.steps,
            "samples.every": 0,
            "machine.threads": 1,
            "machine.device": "cpu",
            "captions.trigger": "hoshi",
            "captions.variants": 1,
        }
    )
    if arguments.base != "mini":
        base = random_base(folder, arguments.base)
        settings |= {"base": str(base), "model.tokenizer": tokenizer_folder(folder)}
    case = {"root": str(folder / name.replace(", ", "-")), "settings": settings}
    command = [sys.executable, __file__, "--worker", json.dumps(case)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {"name": name, **json.loads(done.stdout.splitlines()[-1])}


def random_base(folder: Path, family: str, *, hollow: bool = False) -> Path:
    """Write a random checkpoint of a family's real size, once; hollow ones have a header alone."""
    from enogu.families.safetensors_file import header_bytes
    from enogu.families.testing import write_random_single_file

    path = folder / f"{family}.safetensors"
    if path.is_file():
        return path
    if not hollow:
        write_random_single_file(family, path)
        return path

    def only_header(target, entries, make, metadata):
        header = header_bytes(entries, metadata)
        bytes_of_numbers = sum(entry.dtype.itemsize * math.prod(entry.shape) for entry in entries)
        with target.open("wb") as handle:
            handle.write(header)
            handle.truncate(len(header) + bytes_of_numbers)

    with mock.patch("enogu.families.single_file_write.write_safetensors", only_header):
        write_random_single_file(family, path)
    return path


def plan_section(arguments: argparse.Namespace, folder: Path) -> str:
    """Plan a run for a budget, on this CPU and on a card, and return what was chosen."""
    budget, native = arguments.plan, NATIVE_PX[arguments.base]
    base = "mini"
    if arguments.base != "mini":
        base = str(random_base(folder, arguments.base, hollow=True))
    lines = [
        f"\n## {arguments.base} at {native}² in {budget}: the plan, {time.strftime('%Y-%m-%d')}, "
        f"commit {commit()}\n",
        f"- {versions()}",
        f"- Command: `python benchmarks/memory_forecast.py --base {arguments.base} --plan {budget} "
        f"--teraflops {arguments.teraflops:g}`",
        f"- Batch 1, LoRA of rank 16, UNet alone, samples on. The card is made up: {budget}, "
        f"{arguments.teraflops:g} TFLOP/s in bf16. Nothing was trained here.",
    ]
    for device in ("cpu", "cuda"):
        settings = {
            "base": base,
            "pictures.resolution": native,
            "train.batch_size": 1,
            "train.text_encoder": False,
            "machine.threads": 1,
            "machine.device": device,
            "captions.trigger": "hoshi",
        }
        root = make_project(folder / device)
        lines += ["", f"### {device}", ""]
        with made_up_card(budget, arguments.teraflops):
            lines += planned(root, settings, budget)
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def made_up_card(memory: str, teraflops: float):
    """Let plans see a CUDA card that need not be there."""
    from enogu.config import parse_memory
    from enogu.machine import Accelerator, probe_machine
    from enogu.train import forecast

    card = Accelerator(
        device="cuda:0", title="made up", memory_bytes=parse_memory(memory), capability=(8, 9)
    )
    machine = dataclasses.replace(probe_machine(), accelerators=(card,))
    own_speed = forecast._speed

    def speed(precision, device):
        share = forecast._EFFICIENCY[precision.name]
        return teraflops * 1e12 * share if device.type == "cuda" else own_speed(precision, device)

    with (
        mock.patch("enogu.machine.workplace.probe_machine", lambda: machine),
        mock.patch.object(forecast, "_speed", speed),
    ):
        yield


def planned(root: Path, settings: dict[str, object], budget: str) -> list[str]:
    """Return the forecast without a budget and with it, and what each measure costs."""
    from enogu.errors import ConfigError
    from enogu.project import open_project
    from enogu.train.fit import fit_into_memory
    from enogu.train.setup import open_setup

    bare = fit_into_memory(open_setup(open_project(root, settings))).forecast
    lines = [f"Nothing switched on: {bare.peak_bytes / 2**30:.2f} GiB."]
    try:
        fit = fit_into_memory(open_setup(open_project(root, settings | {"machine.memory": budget})))
    except ConfigError as error:
        return [*lines, f"Refused: {error.message}"]
    needs = fit.forecast
    slower = needs.seconds_per_step / bare.seconds_per_step
    lines += [
        f"With what is switched on: {needs.peak_bytes / 2**30:.2f} GiB, of which weights "
        f"{needs.weights_bytes / 2**30:.2f}, second layout {needs.layout_bytes / 2**30:.2f}, "
        f"activations {needs.activations_bytes / 2**30:.2f}, adapter "
        f"{needs.adapter_bytes / 2**30:.2f}; {needs.waiting_bytes / 2**30:.2f} GiB wait in main "
        f"memory. A step takes {slower:.2f} times as long ({needs.seconds_per_step:.1f} s).",
        "",
        "| switched on | saves GiB | step takes | costs beside time |",
        "|---|--:|--:|---|",
    ]
    for measure in fit.measures:
        names = ", ".join(f"`{name} = {value}`" for name, value in measure.settings.items())
        saved = measure.saved_bytes / 2**30
        lines.append(f"| {names} | {saved:.2f} | × {measure.step_factor:.2f} | {measure.costs} |")
    return lines


def tokenizer_folder(folder: Path) -> str:
    """Write a tokenizer with as many tokens as that of SD1.5, most of them without meaning."""
    place = folder / "tokenizer"
    place.mkdir(exist_ok=True)
    embedded = Path(enogu.families.__file__).parent / "mini" / "tokenizer"
    for file in embedded.iterdir():
        shutil.copy(file, place / file.name)
    ends = ["<|startoftext|>", "<|endoftext|>"]
    known = json.loads((embedded / "vocab.json").read_text("utf-8"))
    names = [name for name in sorted(known, key=known.__getitem__) if name not in ends]
    names += [f"filler{number}</w>" for number in range(49406 - len(names))]
    numbered = {name: number for number, name in enumerate([*names, *ends])}
    (place / "vocab.json").write_text(json.dumps(numbered), encoding="utf-8")
    return str(place)


def measure(case: dict[str, object]) -> dict[str, object]:
    """Run one case here; return its forecast, its peak and its CPU time."""
    from enogu.project import open_project
    from enogu.train.events import read_events
    from enogu.train.session import train_project

    root = make_project(Path(str(case["root"])))
    settings = case["settings"]
    assert isinstance(settings, dict)
    started = time.process_time()
    result = train_project(open_project(root, settings))
    events = read_events(result.run.events_path)
    (start,) = [event for event in events if event["event"] == "start"]
    (end,) = [event for event in events if event["event"] == "end"]
    return {
        "forecast": start["forecast_peak_bytes"],
        "peak": end["peak_bytes"],
        "cpu_s": round(time.process_time() - started, 1),
    }


def make_project(root: Path) -> Path:
    """Make a project of four drawn pictures."""
    from PIL import Image

    from enogu.project import create_project

    pictures = root.with_name(f"{root.name}-pictures")
    pictures.mkdir(parents=True)
    for number in range(4):
        shade = Image.linear_gradient("L").rotate(90 * number)
        Image.merge("RGB", (shade, shade.rotate(90), shade.rotate(180))).save(
            pictures / f"{number}.png"
        )
        (pictures / f"{number}.txt").write_text("hoshi, smile, red hair", encoding="utf-8")
    create_project(root, pictures)
    return root


def commit() -> str:
    """Return the commit the script belongs to."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def versions() -> str:
    """Return machine and versions in a line."""
    import diffusers
    import torch

    return (
        f"{platform.machine()}, 1 thread; python {platform.python_version()}, torch "
        f"{torch.__version__}, diffusers {diffusers.__version__}."
    )


def table(arguments: argparse.Namespace, rows: list[dict[str, object]]) -> str:
    """Return the section of the result file."""
    shared = SHARED[arguments.base]
    lines = [
        f"\n## {arguments.base}, {time.strftime('%Y-%m-%d')}, commit {commit()}\n",
        f"- {versions()}",
        f"- Command: `python benchmarks/memory_forecast.py --base {arguments.base} --steps "
        f"{arguments.steps}`",
        f"- {shared['pictures.resolution']}², {shared['machine.precision']}, batch "
        f"{shared['train.batch_size']}, rank 16, no samples. GiB of the whole process.\n",
        "| case | forecast | real peak | forecast / real | CPU-s of the run |",
        "|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        forecast, peak = float(str(row["forecast"])), float(str(row["peak"]))
        lines.append(
            f"| {row['name']} | {forecast / 2**30:.2f} | {peak / 2**30:.2f} | "
            f"{forecast / peak:.2f} | {row['cpu_s']} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
