"""The adapter: kind, ranks, blocks and dropouts, as network modules and their arguments."""

from collections.abc import Callable, Sequence
from typing import cast

from enogu.config.kohya.given import Given
from enogu.config.kohya.rule import Options, Rule, Settings

_KINDS = {
    "networks.lora": "lora",
    "networks.dylora": "dylora",
    "networks.loha": "loha",
    "networks.lokr": "lokr",
}
_LYCORIS = ("lycoris.kohya", "lycoris")
_ALGORITHMS = {"lora": "lora", "locon": "lora", "loha": "loha", "lokr": "lokr", "dylora": "dylora"}
_PRESETS = ("sine", "cosine", "linear", "reverse_linear", "zeros")


def _truth(text: str) -> bool:
    return text.lower() in ("true", "1", "yes")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part.strip())


def _wholes(text: str) -> tuple[int, ...]:
    return tuple(int(float(part)) for part in text.split(",") if part.strip())


def _rates(text: str) -> str | tuple[float, ...]:
    """Read block rates: numbers, or a preset such as ``sine+.25``."""
    return text if text.split("+")[0] in _PRESETS else _numbers(text)


_Read = Callable[[str], object]

_ARGUMENTS: dict[str, tuple[str, _Read]] = {
    "conv_dim": ("train.conv_rank", lambda text: int(float(text)) or None),
    "conv_alpha": ("train.conv_alpha", float),
    "dropout": ("train.adapter.dropout", float),
    "rank_dropout": ("train.adapter.rank_dropout", float),
    "module_dropout": ("train.adapter.module_dropout", float),
    "loraplus_lr_ratio": ("train.adapter.up_rate", float),
    "unit": ("train.adapter.unit", lambda text: int(float(text))),
    "factor": ("train.adapter.factor", lambda text: int(float(text))),
    "full_matrix": ("train.adapter.full_matrix", _truth),
    "decompose_both": ("train.adapter.decompose_both", _truth),
    "use_tucker": ("train.adapter.mid", _truth),
    "use_cp": ("train.adapter.mid", _truth),
    "down_lr_weight": ("train.blocks.down", _rates),
    "mid_lr_weight": ("train.blocks.mid", _numbers),
    "up_lr_weight": ("train.blocks.up", _rates),
    "block_lr_zero_threshold": ("train.blocks.threshold", float),
    "block_dims": ("train.blocks.ranks", _wholes),
    "block_alphas": ("train.blocks.alphas", _numbers),
    "conv_block_dims": ("train.blocks.conv_ranks", _wholes),
    "conv_block_alphas": ("train.blocks.conv_alphas", _numbers),
}
"""Argument of a network module to setting."""

_ELSEWHERE = ("algo", "dora_wd", "wd_on_output", "preset")


def _read(given: Given) -> None:
    module, arguments = given.text("network_module"), given.pairs("network_args")
    lycoris = module in _LYCORIS
    kind = _ALGORITHMS.get(arguments.get("algo", "lora")) if lycoris else _KINDS.get(module)
    if kind is None:
        what = f"algo={arguments['algo']}" if lycoris else module
        trained = ", ".join(sorted({*_KINDS.values()}))
        given.missing("network_module", f"{what} is not trained here; trained are {trained}")
        kind = "lora"
    else:
        given.becomes("network_module", {"train.adapter.kind": kind})
    given.becomes("network_dim", {"train.rank": given.whole("network_dim")})
    given.becomes("network_alpha", {"train.alpha": given.number("network_alpha")})
    if given.has("network_dropout"):
        given.becomes("network_dropout", {"train.adapter.dropout": given.number("network_dropout")})
    if lycoris:
        # LyCORIS adapts wide convolutions without being asked, with the sizes of the linear layers.
        arguments.setdefault("conv_dim", str(given.whole("network_dim")))
        arguments.setdefault("conv_alpha", f"{given.number('network_alpha'):g}")
    elif "conv_dim" in arguments:
        arguments.setdefault("conv_alpha", "1")
    if arguments.get("conv_dim") == "0":
        arguments.pop("conv_alpha", None)
    _read_arguments(given, arguments)


def _read_arguments(given: Given, arguments: dict[str, str]) -> None:
    settings: dict[str, object] = {}
    left: list[str] = []
    if given.on("network_train_unet_only") and "loraplus_unet_lr_ratio" in arguments:
        arguments["loraplus_lr_ratio"] = arguments.pop("loraplus_unet_lr_ratio")
    for key, text in arguments.items():
        if key in _ARGUMENTS:
            name, read = _ARGUMENTS[key]
            try:
                settings[name] = read(text)
            except ValueError:
                left.append(f"{key}={text} (not a number)")
        elif key not in _ELSEWHERE:
            left.append(f"{key}={text}")
    if _truth(arguments.get("dora_wd", "")):
        on_output = _truth(arguments.get("wd_on_output", "true"))
        settings["train.adapter.decompose"] = "output" if on_output else "input"
    if arguments.get("preset", "full") not in ("full", ""):
        left.append(f"preset={arguments['preset']} (use train.targets and train.exclude)")
    if settings:
        given.becomes("network_args", settings, note=_list_of(arguments))
    if left:
        given.missing("network_args", f"not available here: {', '.join(left)}")


def _list_of(arguments: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in arguments.items())


def _write(settings: Settings) -> Options:
    kind, mid = settings["train.adapter.kind"], settings["train.adapter.mid"]
    decompose = settings["train.adapter.decompose"]
    if kind == "dylora":
        module = "networks.dylora"
    elif kind == "lora" and decompose == "off" and not mid:
        module = "networks.lora"
    else:
        module = "lycoris.kohya"
    options: Options = {
        "network_module": module,
        "network_dim": int(cast(int, settings["train.rank"])),
        "network_alpha": float(cast(float, settings["train.alpha"])),
    }
    arguments = _written_arguments(settings)
    if module == "lycoris.kohya":
        arguments["algo"] = "lora" if kind == "lora" else str(kind)
        arguments.setdefault("conv_dim", "0")
        if decompose != "off":
            arguments["dora_wd"] = "True"
            arguments["wd_on_output"] = str(decompose == "output")
    elif "dropout" in arguments:
        options["network_dropout"] = float(arguments.pop("dropout"))
    if "conv_dim" in arguments and arguments["conv_dim"] != "0":
        arguments.setdefault("conv_alpha", arguments["conv_dim"])
    if arguments:
        options["network_args"] = [f"{key}={value}" for key, value in arguments.items()]
    return options


_UNUSED: dict[str, object] = {
    "train.adapter.factor": -1,
    "train.adapter.unit": 1,
    "train.adapter.up_rate": 1,
}
"""What a setting holds when it is not used, where that is not false or empty."""


def _written_arguments(settings: Settings) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for key, (name, _) in _ARGUMENTS.items():
        value = settings[name]
        if key == "use_cp" or value in (None, "", (), [], False, 0, _UNUSED.get(name)):
            continue
        if isinstance(value, list | tuple):
            items = cast("Sequence[object]", value)
            arguments[key] = ",".join(f"{item:g}" for item in items)  # pyright: ignore[reportArgumentType]
        else:
            arguments[key] = f"{value:g}" if isinstance(value, float) else str(value)
    return arguments


def _read_multipliers(given: Given) -> None:
    values = tuple(given.numbers("base_weights_multiplier"))
    if values:
        given.becomes("base_weights_multiplier", {"train.adapter.base_adapter_weights": values})


def _write_multipliers(settings: Settings) -> Options:
    values = cast("Sequence[float]", settings["train.adapter.base_adapter_weights"])
    return {"base_weights_multiplier": [*values]} if values else {}


NETWORK_RULES: dict[str, Rule] = {
    "network": Rule(
        read=_read,
        write=_write,
        settings=(
            "train.adapter.kind",
            "train.adapter.decompose",
            "train.rank",
            "train.alpha",
            *dict.fromkeys(name for name, _ in _ARGUMENTS.values()),
        ),
    ),
    "multipliers": Rule(
        read=_read_multipliers,
        write=_write_multipliers,
        settings=("train.adapter.base_adapter_weights",),
    ),
}
