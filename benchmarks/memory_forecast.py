"""The forecast of memory beside the real peak, for each thing that saves memory.

Every case is a whole run (caches, steps, no samples) in a fresh process: its forecast is what the
plan says, its peak the largest resident size of the process. Pictures are drawn by this script.

    python benchmarks/memory_forecast.py              # the embedded base
    python benchmarks/memory_forecast.py --base sd1   # a random base of the size of SD1.5, 2.1 GB
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
}
SHARED = {
    "mini": {"pictures.resolution": 256, "train.batch_size": 4, "machine.precision": "fp32"},
    "sd1": {"pictures.resolution": 256, "train.batch_size": 1, "machine.precision": "bf16"},
}


def main() -> None:
    """Measure all cases of a base and add a table to the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="mini", choices=tuple(CASES))
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "memory_202611.md")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(measure(json.loads(arguments.worker))))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            run_case(arguments, name, extra, Path(folder)) for name, extra in CASES[arguments.base]
        ]
    with arguments.out.open("a", encoding="utf-8") as handle:
        handle.write(table(arguments, rows))
    print(table(arguments, rows))


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
    if arguments.base == "sd1":
        settings |= {"base": str(random_base(folder)), "model.tokenizer": tokenizer_folder(folder)}
    case = {"root": str(folder / name.replace(", ", "-")), "settings": settings}
    command = [sys.executable, __file__, "--worker", json.dumps(case)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {"name": name, **json.loads(done.stdout.splitlines()[-1])}


def random_base(folder: Path) -> Path:
    """Write a random checkpoint of the size of SD1.5, once."""
    from enogu.families.testing import write_random_single_file

    path = folder / "sd1.safetensors"
    if not path.is_file():
        write_random_single_file("sd1", path)
    return path


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
    from PIL import Image

    from enogu.project import create_project, open_project
    from enogu.train.events import read_events
    from enogu.train.session import train_project

    root = Path(str(case["root"]))
    pictures = root.with_name(f"{root.name}-pictures")
    pictures.mkdir(parents=True)
    for number in range(4):
        shade = Image.linear_gradient("L").rotate(90 * number)
        Image.merge("RGB", (shade, shade.rotate(90), shade.rotate(180))).save(
            pictures / f"{number}.png"
        )
        (pictures / f"{number}.txt").write_text("hoshi, smile, red hair", encoding="utf-8")
    create_project(root, pictures)
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


def table(arguments: argparse.Namespace, rows: list[dict[str, object]]) -> str:
    """Return the section of the result file."""
    import diffusers
    import torch

    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    shared = SHARED[arguments.base]
    lines = [
        f"\n## {arguments.base}, {time.strftime('%Y-%m-%d')}, commit {commit}\n",
        f"- {platform.machine()}, 1 thread; python {platform.python_version()}, torch "
        f"{torch.__version__}, diffusers {diffusers.__version__}.",
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
