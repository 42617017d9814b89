"""Learning: rates, optimiser, schedule, length and the weight of noise levels."""

import ast
from collections.abc import Mapping
from typing import cast

from enogu.config.kohya.given import Given
from enogu.config.kohya.option import Value
from enogu.config.kohya.rule import Options, Rule, Settings

_OPTIMIZERS: dict[str, tuple[str, float]] = {
    "adamw": ("adamw", 0.01),
    "adamw8bit": ("adamw8bit", 0.01),
    "pagedadamw": ("bitsandbytes.optim.PagedAdamW", 0.01),
    "pagedadamw8bit": ("bitsandbytes.optim.PagedAdamW8bit", 0.01),
    "pagedadamw32bit": ("bitsandbytes.optim.PagedAdamW32bit", 0.01),
    "adafactor": ("adafactor", 0.0),
    "lion": ("lion", 0.0),
    "lion8bit": ("bitsandbytes.optim.Lion8bit", 0.0),
    "pagedlion8bit": ("bitsandbytes.optim.PagedLion8bit", 0.0),
    "sgdnesterov": ("sgd", 0.0),
    "sgdnesterov8bit": ("bitsandbytes.optim.SGD8bit", 0.0),
    "prodigy": ("prodigy", 0.0),
    "dadaptation": ("dadapt_adam", 0.0),
    "dadaptadampreprint": ("dadapt_adam", 0.0),
    "dadaptadam": ("dadapt_adam", 0.0),
    "dadaptlion": ("dadapt_lion", 0.0),
    "adamwschedulefree": ("schedulefree_adamw", 0.0),
    "radamschedulefree": ("schedulefree_radam", 0.0),
    "sgdschedulefree": ("schedulefree_sgd", 0.0),
}
"""sd-scripts' name in lower case to ours, and the weight decay of its class."""

_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "adamw": frozenset({"betas", "eps", "amsgrad"}),
    "sgd": frozenset({"momentum", "dampening", "nesterov"}),
    "lion": frozenset({"betas", "weight_decouple"}),
    "prodigy": frozenset(
        {
            "betas",
            "beta3",
            "eps",
            "weight_decouple",
            "bias_correction",
            "safeguard_warmup",
            "d0",
            "d_coef",
            "growth_rate",
        }
    ),
    "dadapt_adam": frozenset(
        {"betas", "eps", "weight_decouple", "bias_correction", "d0", "growth_rate"}
    ),
    "dadapt_lion": frozenset({"betas", "weight_decouple", "d0"}),
    "schedulefree_adamw": frozenset({"betas", "eps", "r", "weight_lr_power", "warmup_steps"}),
    "schedulefree_radam": frozenset({"betas", "eps", "r", "weight_lr_power", "silent_sgd_phase"}),
    "schedulefree_sgd": frozenset({"momentum", "r", "weight_lr_power", "warmup_steps"}),
}
"""Arguments that optimisers known by name take. Their classes swallow other names unseen."""

_ARGUMENT_NAMES = {"decouple": "weight_decouple", "use_bias_correction": "bias_correction"}
"""Arguments of prodigyopt and dadaptation to those of the classes here."""

_OPTIMIZER_NAMES = {
    "adamw": "AdamW",
    "adamw8bit": "AdamW8bit",
    "adafactor": "AdaFactor",
    "lion": "Lion",
    "sgd": "SGDNesterov",
    "prodigy": "Prodigy",
    "dadapt_adam": "DAdaptAdam",
    "dadapt_lion": "DAdaptLion",
    "schedulefree_adamw": "AdamWScheduleFree",
    "schedulefree_radam": "RAdamScheduleFree",
    "schedulefree_sgd": "SGDScheduleFree",
}

_SCHEDULES = {
    "constant": "constant",
    "constant_with_warmup": "constant",
    "cosine": "cosine",
    "cosine_with_restarts": "cosine_restarts",
    "cosine_with_min_lr": "cosine",
    "linear": "linear",
    "polynomial": "polynomial",
}


def _read_rates(given: Given) -> None:
    rate = given.number("learning_rate")
    unet = given.number("unet_lr") if given.has("unet_lr") else rate
    text = given.numbers("text_encoder_lr")
    for place, name in enumerate(("text_encoder_lr1", "text_encoder_lr2")):
        if given.has(name):
            text[place:] = [given.number(name)]
    text = text or [rate]
    cached = [
        name
        for name in ("cache_text_encoder_outputs", "cache_text_encoder_outputs_to_disk")
        if given.on(name)
    ]
    only_unet = given.on("network_train_unet_only") or bool(cached)
    trains_text = not only_unet and any(text)
    trains_unet = not given.on("network_train_text_encoder_only") and unet > 0
    if trains_unet:
        given.becomes(
            "unet_lr" if given.has("unet_lr") else "learning_rate", {"train.learning_rate": unet}
        )
        if given.has("unet_lr") and given.has("learning_rate"):
            given.nothing("learning_rate", "both parts have a rate of their own")
    option = "network_train_text_encoder_only" if unet > 0 else "unet_lr"
    given.becomes(option, {"train.unet": trains_unet}, note="" if trains_unet else "no UNet")
    for name in cached:
        given.nothing(name, "text features are always cached; it also means no text encoder")
    stopped = "network_train_unet_only" if only_unet else "text_encoder_lr"
    if not trains_text:
        given.becomes(stopped, {"train.text_encoder": False}, note="no text encoder")
        return
    settings: dict[str, object] = {
        "train.text_encoder": True,
        "train.text_encoder_learning_rate": text[0],
    }
    if len(text) > 1 and text[1] != text[0]:
        settings["train.text_encoder_2_learning_rate"] = text[1]
    option = next(
        (name for name in ("text_encoder_lr", "text_encoder_lr1") if given.has(name)),
        "text_encoder_lr",
    )
    given.becomes(option, settings)


def _write_rates(settings: Settings) -> Options:
    rate = cast(float, settings["train.learning_rate"])
    options: Options = {"learning_rate": rate, "unet_lr": rate}
    if not settings["train.unet"]:
        del options["unet_lr"]
        options["network_train_text_encoder_only"] = True
    if not settings["train.text_encoder"]:
        options["network_train_unet_only"] = True
        return options
    first = settings["train.text_encoder_learning_rate"]
    second = settings["train.text_encoder_2_learning_rate"]
    rates = [rate / 2 if first is None else first, *([] if second is None else [second])]
    options["text_encoder_lr"] = [cast(float, value) for value in rates]
    return options


def _read_optimizer(given: Given) -> None:
    option, name = "optimizer_type", given.text("optimizer_type") or "AdamW"
    for flag, meant in (("use_8bit_adam", "AdamW8bit"), ("use_lion_optimizer", "Lion")):
        if given.on(flag):
            option, name = flag, meant
    ours, decay = _optimizer(name)
    arguments = {key: _literal(text) for key, text in given.pairs("optimizer_args").items()}
    if refused := given.refusal("train.optimizer", ours):
        given.missing(option, f"{name}: {refused}")
    else:
        given.becomes(option, {"train.optimizer": ours})
    left: list[str] = []
    if ours == "adafactor":
        # Ours takes the step size from the settings; that of transformers works it out by default.
        if arguments.pop("relative_step", True):
            left.append("relative_step=True (the step size is train.learning_rate here)")
        left += [key for key in ("scale_parameter", "warmup_init") if arguments.pop(key, False)]
    if ours in _ARGUMENTS:
        arguments = {_ARGUMENT_NAMES.get(key, key): value for key, value in arguments.items()}
        strange = set(arguments) - _ARGUMENTS[ours] - {"weight_decay"}
        left += [f"{key}={arguments.pop(key)}" for key in sorted(strange)]
    settings: dict[str, object] = {"train.weight_decay": arguments.pop("weight_decay", decay)}
    if arguments and given.refusal("train.optimizer_args", arguments):
        left += [f"{key}={value}" for key, value in arguments.items()]
    elif arguments:
        settings["train.optimizer_args"] = arguments
    given.becomes("optimizer_args", settings)
    if left:
        given.missing(
            "optimizer_args" if given.has("optimizer_args") else option,
            f"not available here: {', '.join(left)}",
        )


def _optimizer(name: str) -> tuple[str, float]:
    if name.lower() in _OPTIMIZERS:
        return _OPTIMIZERS[name.lower()]
    return (name, 0.0) if "." in name else (f"torch.optim.{name}", 0.0)


def _literal(text: str) -> object:
    """Read the value of an argument as sd-scripts does; words that are no literal stay text."""
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _arguments_text(arguments: object) -> list[str]:
    return [
        f"{key}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}"  # pyright: ignore[reportUnknownArgumentType]
        for key, value in cast("Mapping[str, object]", arguments).items()
    ]


def _write_optimizer(settings: Settings) -> Options:
    ours = str(settings["train.optimizer"])
    options: Options = {"optimizer_type": _OPTIMIZER_NAMES.get(ours, ours)}
    arguments = [f"weight_decay={settings['train.weight_decay']:g}"]
    if ours == "adafactor":
        arguments += ["relative_step=False", "scale_parameter=False", "warmup_init=False"]
    names = {mine: theirs for theirs, mine in _ARGUMENT_NAMES.items() if ours in _ARGUMENTS}
    given = cast("Mapping[str, object]", settings.get("train.optimizer_args", {}))
    arguments += _arguments_text({names.get(key, key): value for key, value in given.items()})
    return options | {"optimizer_args": arguments}


def _read_schedule(given: Given) -> None:
    name = given.text("lr_scheduler")
    ours = _SCHEDULES.get(name, "")
    if given.text("lr_scheduler_type"):
        path = given.text("lr_scheduler_type")
        path = path if "." in path else f"torch.optim.lr_scheduler.{path}"
        arguments = {k: _literal(text) for k, text in given.pairs("lr_scheduler_args").items()}
        given.becomes("lr_scheduler_type", {"train.schedule": path})
        if arguments:
            given.becomes("lr_scheduler_args", {"train.schedule_args": arguments})
    elif not ours or given.refusal("train.schedule", ours):
        given.missing("lr_scheduler", f"the schedule {name!r} is not there; constant is used")
        given.settings["train.schedule"] = "constant"
    else:
        given.becomes("lr_scheduler", {"train.schedule": ours})
    _read_warmup(given, name)
    _read_shape(given, name)
    for left in ("lr_decay_steps", "lr_scheduler_timescale"):
        if given.has(left) and given.number(left):
            given.missing(left, "this cannot be set here")


def _read_shape(given: Given, name: str) -> None:
    """Read the options that only one schedule each has."""
    for option, schedule, setting in (
        ("lr_scheduler_num_cycles", "cosine_with_restarts", "train.restarts"),
        ("lr_scheduler_power", "polynomial", "train.schedule_power"),
        ("lr_scheduler_min_lr_ratio", "cosine_with_min_lr", "train.schedule_floor"),
    ):
        value = given.of(option)
        if name == schedule and value is not None:
            given.becomes(option, {setting: value})
        elif given.has(option):
            given.nothing(option, f"only the schedule {schedule} reads it")


def _read_warmup(given: Given, name: str) -> None:
    warmup = given.number("lr_warmup_steps")
    if not warmup:
        return
    if name == "constant":
        given.nothing("lr_warmup_steps", "sd-scripts' schedule constant ignores it too")
    elif warmup >= 1:
        given.becomes("lr_warmup_steps", {"train.warmup_steps": int(warmup)})
    elif not given.refusal("train.warmup_share", warmup):
        given.becomes("lr_warmup_steps", {"train.warmup_share": warmup})
    else:
        steps = round(warmup * given.whole("max_train_steps"))
        given.becomes("lr_warmup_steps", {"train.warmup_steps": steps})


def _write_schedule(settings: Settings) -> Options:
    ours = str(settings["train.schedule"])
    warmup = settings["train.warmup_steps"] or settings.get("train.warmup_share", 0)
    if "." in ours:
        arguments = _arguments_text(settings.get("train.schedule_args", {}))
        return {"lr_scheduler_type": ours, "lr_scheduler_args": arguments}
    name = {"constant": "constant_with_warmup" if warmup else "constant"}.get(ours) or next(
        (theirs for theirs, mine in _SCHEDULES.items() if mine == ours), ours
    )
    floor = settings.get("train.schedule_floor", 0)
    options: Options = {}
    if ours == "cosine" and floor:
        name = "cosine_with_min_lr"
        options["lr_scheduler_min_lr_ratio"] = cast(float, floor)
    if ours == "cosine_restarts":
        options["lr_scheduler_num_cycles"] = cast(int, settings["train.restarts"])
    if ours == "polynomial":
        options["lr_scheduler_power"] = cast(float, settings["train.schedule_power"])
    if warmup:
        options["lr_warmup_steps"] = cast(float, warmup)
    return {"lr_scheduler": name} | options


def _read_length(given: Given) -> None:
    if not given.has("max_train_epochs"):
        given.becomes("max_train_steps", {"train.steps": given.whole("max_train_steps")})
        return
    epochs = given.whole("max_train_epochs")
    if given.refusal("train.epochs", epochs):
        given.missing(
            "max_train_epochs",
            "the length is set in steps: enogu plan says how many times they go through all",
        )
        given.becomes("max_train_steps", {"train.steps": given.whole("max_train_steps")})
        return
    given.becomes("max_train_epochs", {"train.epochs": epochs})
    if given.has("max_train_steps"):
        given.nothing("max_train_steps", "max_train_epochs decides")


def _write_length(settings: Settings) -> Options:
    epochs = settings.get("train.epochs")
    if epochs:
        return {"max_train_epochs": cast(int, epochs)}
    return {"max_train_steps": cast(int, settings["train.steps"])}


def _read_weighting(given: Given) -> None:
    gamma, debiased = given.number("min_snr_gamma"), given.on("debiased_estimation_loss")
    if gamma:
        given.becomes(
            "min_snr_gamma",
            {"train.loss.weighting": "min_snr", "train.loss.min_snr_gamma": gamma},
        )
        if debiased:
            given.missing(
                "debiased_estimation_loss",
                "together with min_snr_gamma the two weights multiply unseen; choose one with "
                "train.loss.weighting",
            )
    elif debiased:
        given.becomes("debiased_estimation_loss", {"train.loss.weighting": "debiased"})
    else:
        given.becomes("min_snr_gamma", {"train.loss.weighting": "none"})


def _write_weighting(settings: Settings) -> Options:
    weighting = settings["train.loss.weighting"]
    if weighting == "min_snr":
        return {"min_snr_gamma": cast(Value, settings["train.loss.min_snr_gamma"])}
    return {"debiased_estimation_loss": True} if weighting == "debiased" else {}


LEARNING_RULES: dict[str, Rule] = {
    "rates": Rule(
        read=_read_rates,
        write=_write_rates,
        settings=(
            "train.learning_rate",
            "train.unet",
            "train.text_encoder",
            "train.text_encoder_learning_rate",
            "train.text_encoder_2_learning_rate",
        ),
    ),
    "optimizer": Rule(
        read=_read_optimizer,
        write=_write_optimizer,
        settings=("train.optimizer", "train.weight_decay", "train.optimizer_args"),
    ),
    "schedule": Rule(
        read=_read_schedule,
        write=_write_schedule,
        settings=(
            "train.schedule",
            "train.schedule_args",
            "train.schedule_floor",
            "train.schedule_power",
            "train.warmup_steps",
            "train.warmup_share",
            "train.restarts",
        ),
    ),
    "length": Rule(
        read=_read_length, write=_write_length, settings=("train.steps", "train.epochs")
    ),
    "weighting": Rule(
        read=_read_weighting,
        write=_write_weighting,
        settings=("train.loss.weighting", "train.loss.min_snr_gamma"),
    ),
}
