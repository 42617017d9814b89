"""Updates of every kind with random numbers, for the tests of kinds, files, merging and tools."""

import torch
from torch import nn

from enogu.adapters.kinds import DoRA, FreshOptions, fresh_update, read_update
from enogu.adapters.layers import AdapterLayer, layer_shape

LAYERS = {
    "linear": lambda: nn.Linear(12, 18),
    "linear without bias": lambda: nn.Linear(12, 18, bias=False),
    "1x1": lambda: nn.Conv2d(12, 18, 1),
    "3x3": lambda: nn.Conv2d(12, 18, 3, padding=1),
    "strided": lambda: nn.Conv2d(12, 18, 3, padding=1, stride=2),
}

TRAINED_OPTIONS = {
    "lora": ("lora", {}),
    "lora mid": ("lora", {"mid": True}),
    "dylora": ("dylora", {}),
    "loha": ("loha", {}),
    "loha mid": ("loha", {"mid": True}),
    "lokr": ("lokr", {"rank": 1}),
    "lokr mid": ("lokr", {"rank": 1, "mid": True}),
    "lokr factor": ("lokr", {"rank": 1, "factor": 2}),
    "lokr full": ("lokr", {"full_matrix": True}),
    "lokr both": ("lokr", {"rank": 1, "factor": 3, "decompose_both": True}),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def randomise(update, seed=0, std=0.3):
    """Give all factors numbers, as training would."""
    source = generator(seed)
    with torch.no_grad():
        for suffix, factor in update.factors():
            if suffix == "dora_scale":
                factor.mul_(1 + 0.3 * torch.rand(factor.shape, generator=source))
            else:
                factor.normal_(std=std, generator=source)
    return update


def make_update(layer, name, *, decompose=None, seed=0, alpha=2.0):
    kind, options = TRAINED_OPTIONS[name]
    shape = layer_shape(layer)
    made = fresh_update(
        kind, shape, "x", seed, FreshOptions(**{"rank": 3, "alpha": alpha} | options)
    )
    if decompose:
        made = DoRA.around(made, decompose, layer)
    return randomise(made, seed)


def read_only_tensors(layer, name, seed=0):
    """Tensors as files of the kinds that are only read hold them."""
    source = generator(seed)
    shape = layer_shape(layer)
    out, width = shape.out_width, shape.in_width
    pointwise = (1, 1) if shape.kind == "conv" else ()

    def rand(*sizes):
        return 0.3 * torch.randn(sizes, generator=source)

    return {
        "full": lambda: {"diff": rand(*shape.weight_shape), "diff_b": rand(out)},
        "ia3 input": lambda: {"weight": rand(width), "on_input": torch.tensor(1)},
        "ia3 output": lambda: {"weight": rand(out), "on_input": torch.tensor(0)},
        "glora": lambda: {
            "a1.weight": rand(width, 2, *pointwise),
            "a2.weight": rand(2, width, *pointwise),
            "b1.weight": rand(out, 2, *pointwise),
            "b2.weight": rand(*shape.down_shape(2)),
        },
        "oft": lambda: {"oft_blocks": rand(6, 3, 3)},
        "oft rescaled": lambda: {"oft_blocks": rand(6, 3, 3), "rescale": 1 + rand(out)},
        "boft": lambda: {"oft_blocks": rand(1, 9, 2, 2)},
    }[name]()


READ_ONLY = ("full", "ia3 input", "ia3 output", "glora", "oft", "oft rescaled", "boft")


def read_only_update(layer, name, alpha=None, seed=0):
    return read_update(read_only_tensors(layer, name, seed), layer_shape(layer), alpha)


def wrap(layer, update, multiplier=1.0):
    return AdapterLayer(layer, "lora_x", update, multiplier=multiplier)


def some_input(layer, seed=5):
    sizes = (2, 12, 6, 5) if isinstance(layer, nn.Conv2d) else (2, 7, 12)
    return torch.randn(sizes, generator=generator(seed))
