"""Cost of one adapted layer, forward and backward, by kind of adapter, beside plain LoRA.

The kinds take turns, so a change in the machine's load meets all of them; the figure is CPU time of
the process (`time.process_time`), which other jobs disturb less than wall time.

    python benchmarks/adapter_kinds.py
"""

import argparse
import statistics
import time

import torch
from torch import nn

from enogu.adapters import AdapterLayer
from enogu.adapters.kinds import DoRA, FreshOptions, fresh_update
from enogu.adapters.layers import layer_shape

LAYERS = {
    "linear 640 → 640, 1024 tokens": (lambda: nn.Linear(640, 640), (1, 1024, 640)),
    "3x3 320 → 320, 32x32 pixels": (lambda: nn.Conv2d(320, 320, 3, padding=1), (1, 320, 32, 32)),
}

KINDS = {
    "lora": ("lora", {}),
    "lora, mid": ("lora", {"mid": True}),
    "loha": ("loha", {}),
    "lokr": ("lokr", {}),
    "lokr, full matrix": ("lokr", {"full_matrix": True}),
    "dora": ("lora", {"decompose": "output"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=12)
    args = parser.parse_args()
    torch.set_num_threads(1)
    for title, (make, sizes) in LAYERS.items():
        layers = {name: adapted(make(), *entry, rank=args.rank) for name, entry in KINDS.items()}
        times: dict[str, list[float]] = {name: [] for name in layers}
        x = torch.randn(sizes, requires_grad=True)
        for _ in range(args.rounds):
            for name, layer in layers.items():
                times[name].append(step_s(layer, x))
        plain = statistics.median(times["lora"])
        print(f"\n## {title}, rank {args.rank}\n\n| kind | CPU ms | × LoRA |\n|---|--:|--:|")
        for name, measured in times.items():
            middle = statistics.median(measured)
            print(f"| {name} | {middle * 1e3:.1f} | {middle / plain:.2f} |")


def adapted(base: nn.Module, kind: str, options: dict[str, object], *, rank: int) -> AdapterLayer:
    """Return a frozen layer with a fresh adapter of that kind."""
    base.requires_grad_(False)
    decompose = options.get("decompose")
    fresh = FreshOptions(
        rank=rank,
        alpha=float(rank),
        mid=bool(options.get("mid")),
        full_matrix=bool(options.get("full_matrix")),
    )
    update = fresh_update(kind, layer_shape(base), "layer", 0, fresh)
    if decompose:
        update = DoRA.around(update, "output", base)
    return AdapterLayer(base, "layer", update)


def step_s(layer: AdapterLayer, x: torch.Tensor) -> float:
    """Return the CPU seconds of one forward and backward pass."""
    started = time.process_time()
    layer(x).sum().backward()
    return time.process_time() - started


if __name__ == "__main__":
    main()
