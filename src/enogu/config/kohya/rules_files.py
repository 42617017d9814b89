"""Files in and out: base, pictures, buckets, what is saved and what is drawn on the way."""

from typing import cast

from enogu.config.kohya.given import Given
from enogu.config.kohya.option import Value
from enogu.config.kohya.rule import Options, Rule, Settings

_SAMPLERS = {
    "euler": "euler",
    "k_euler": "euler",
    "euler_a": "euler_a",
    "k_euler_a": "euler_a",
    "dpmsolver++": "dpmpp_2m",
}
_PEER_SAMPLE_STEPS, _PEER_SAMPLE_SCALE = 30, 7.5
"""What sd-scripts draws samples with when their line does not say."""


def _read_base(given: Given) -> None:
    name = given.text("pretrained_model_name_or_path")
    if not name:
        return
    found = given.find_path(name)
    note = "" if found else "no such file or folder here; nothing is fetched, so put it there"
    given.becomes("pretrained_model_name_or_path", {"base": found or name}, note=note)


def _write_base(settings: Settings) -> Options:
    return {"pretrained_model_name_or_path": str(settings["base"])}


def _read_prediction(given: Given) -> None:
    for option, setting, value in (
        ("v_parameterization", "model.prediction", "v_prediction"),
        ("zero_terminal_snr", "model.zero_terminal_snr", "on"),
    ):
        if given.on(option):
            given.becomes(option, {setting: value})
        elif given.has(option):
            given.nothing(option, "the base is asked")


def _write_prediction(settings: Settings) -> Options:
    options: Options = {}
    if settings["model.prediction"] == "v_prediction":
        options["v_parameterization"] = True
    if settings["model.zero_terminal_snr"] == "on":
        options["zero_terminal_snr"] = True
    return options


_DATA_NOTES = {
    "train_data_dir": "its pictures are copied into pictures/, folders such as 10_name kept",
    "reg_data_dir": "its pictures are copied into regularisation/",
    "dataset_config": "its pictures are copied; its settings are in this list",
    "image_dir": "its pictures are copied into pictures/",
    "num_repeats": "in the name of the folder: 10_name",
    "class_tokens": "in the name of the folder: 10_name",
    "is_reg": "its pictures are copied into regularisation/",
    "metadata_file": "its captions are written beside the pictures",
    "in_json": "its captions are written beside the pictures",
    "dataset_repeats": "in the name of the folder: 10_name",
    "caption_extension": "captions are written as .txt",
    "caption_extention": "captions are written as .txt",
    "caption_prefix": "written into the captions",
    "caption_suffix": "written into the captions",
    "conditioning_data_dir": "its masks are copied beside the pictures",
}


def _read_data(given: Given) -> None:
    for option, note in _DATA_NOTES.items():
        if given.has(option):
            given.becomes(option, {}, note=note)


def _write_data(settings: Settings) -> Options:
    return {}


_COLOUR_SHARE = 0.1
"""How far `pictures.vary_colour` goes for `color_aug`, which shifts hue and brightness a little."""


def _read_augment(given: Given) -> None:
    if given.on("color_aug"):
        note = "some versions of each picture are cached, so latents stay cached"
        given.becomes("color_aug", {"pictures.vary_colour": _COLOUR_SHARE}, note=note)
    if given.on("random_crop"):
        given.missing(
            "random_crop", "crops follow the subject: pictures.vary_crop trains several of them"
        )


def _write_augment(settings: Settings) -> Options:
    return {"color_aug": True} if settings.get("pictures.vary_colour") else {}


def _read_dropout(given: Given) -> None:
    every = given.whole("caption_dropout_every_n_epochs")
    if every == 1:
        # Every epoch is a multiple of 1.
        given.becomes(
            "caption_dropout_every_n_epochs", {"captions.dropout": 1.0}, note="no caption is used"
        )
    elif every > 1:
        given.becomes("caption_dropout_every_n_epochs", {"captions.dropout_every_epochs": every})


def _write_dropout(settings: Settings) -> Options:
    every = settings.get("captions.dropout_every_epochs")
    return {"caption_dropout_every_n_epochs": cast(int, every)} if every else {}


def read_resolution(text: str) -> tuple[int, int] | None:
    """Return width and height of a resolution: ``512``, ``512,768`` or ``512x768``; or None."""
    parts = text.strip("()[] ").replace("x", ",").split(",")
    try:
        sides = [int(float(part)) for part in parts if part.strip()]
    except ValueError:
        return None
    if len(sides) == 1:
        return sides[0], sides[0]
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _read_buckets(given: Given) -> None:
    text = given.text("resolution")
    size = read_resolution(text) if text else None
    if text and size is None:
        given.missing("resolution", f"{text!r} is not a size such as 512 or 512,768")
    side = None if size is None else round((size[0] * size[1]) ** 0.5)
    if size is not None:
        note = "" if size[0] == size[1] else "the side of the square of the same area"
        given.becomes("resolution", {"pictures.resolution": side}, note=note)
    if not given.on("enable_bucket"):
        _read_one_size(given, size)
        return
    free = given.on("bucket_no_upscale")
    given.becomes("enable_bucket", {"pictures.bucket_mode": "no_upscale" if free else "list"})
    if given.has("bucket_no_upscale"):
        given.becomes(
            "bucket_no_upscale", {"pictures.bucket_mode": "no_upscale" if free else "list"}
        )
    for option, setting in _LIMITS.items():
        if free and option != "bucket_reso_steps":
            if given.has(option):
                given.nothing(option, "with bucket_no_upscale sd-scripts ignores it too")
        elif option == "max_bucket_reso" and side is not None:
            _read_longest(given, side)
        else:
            given.becomes(option, {setting: given.whole(option)})


def _read_longest(given: Given, side: int) -> None:
    """Read the longest side of a bucket; one that cuts the usual tall sizes is raised."""
    longest = given.whole("max_bucket_reso")
    least = max(1, given.whole("bucket_reso_steps"))
    enough = -(-3 * side // (2 * least)) * least
    if longest >= 1.5 * side or longest == given.whole("min_bucket_reso"):
        given.becomes("max_bucket_reso", {"pictures.bucket_max": longest})
        return
    given.becomes(
        "max_bucket_reso",
        {"pictures.bucket_max": enough},
        note=f"{longest} would shrink tall and wide pictures below the area of {side}x{side}; "
        "raised to 1.5 times the resolution",
    )


_LIMITS = {
    "min_bucket_reso": "pictures.bucket_min",
    "max_bucket_reso": "pictures.bucket_max",
    "bucket_reso_steps": "pictures.bucket_step",
}


def _read_one_size(given: Given, size: tuple[int, int] | None) -> None:
    for option in ("bucket_no_upscale", *_LIMITS):
        if given.has(option):
            given.nothing(option, "without enable_bucket sd-scripts ignores it too")
    if size is None:
        return
    given.becomes(
        "enable_bucket",
        {
            "pictures.bucket_mode": "list",
            "pictures.bucket_min": min(size),
            "pictures.bucket_max": max(size),
        },
        note="one size for all pictures"
        if size[0] == size[1]
        else f"sd-scripts cut every picture to {size[0]}x{size[1]}; here the nearest size between "
        "these sides is taken",
    )


def _write_buckets(settings: Settings) -> Options:
    mode, side = settings["pictures.bucket_mode"], settings["pictures.resolution"]
    least, most = settings["pictures.bucket_min"], settings["pictures.bucket_max"]
    options: Options = {}
    if side is not None:
        options["resolution"] = f"{side},{side}"
    if mode == "list" and side is not None and least == most == side:
        return options
    options["enable_bucket"] = True
    if mode == "no_upscale":
        options["bucket_no_upscale"] = True
    else:
        options["min_bucket_reso"] = cast(Value, least)
        options["max_bucket_reso"] = cast(Value, most)
    options["bucket_reso_steps"] = cast(Value, settings["pictures.bucket_step"])
    return {name: value for name, value in options.items() if value is not None}


def _read_saves(given: Given) -> None:
    steps, epochs = given.whole("save_every_n_steps"), given.whole("save_every_n_epochs")
    if given.has("save_n_epoch_ratio"):
        total, ratio = given.whole("max_train_epochs"), given.whole("save_n_epoch_ratio")
        if total and ratio > 0:
            epochs = max(1, total // ratio)
            note = f"every {epochs} of {total} epochs"
            given.becomes("save_n_epoch_ratio", {"train.save_every_epochs": epochs}, note=note)
        else:
            given.missing("save_n_epoch_ratio", "needs max_train_epochs; use train.save_every")
    elif epochs:
        given.becomes("save_every_n_epochs", {"train.save_every_epochs": epochs})
    if steps:
        given.becomes("save_every_n_steps", {"train.save_every": steps})
    elif epochs:
        given.becomes("save_every_n_steps", {"train.save_every": 0})
    keep = given.whole("save_last_n_epochs") if epochs else 0
    if keep:
        given.becomes("save_last_n_epochs", {"train.keep_last": keep})
    span = given.whole("save_last_n_steps")
    if span and steps and not keep:
        # It counts steps, not files: those of the last `span` steps stay.
        count = span // steps + 1
        note = f"the files of the last {span} steps"
        given.becomes("save_last_n_steps", {"train.keep_last": count}, note=note)
    elif span:
        given.nothing("save_last_n_steps", "nothing is saved by steps, or epochs decide")
    for option in ("save_last_n_epochs_state", "save_last_n_steps_state"):
        if given.has(option):
            given.nothing(option, "one state is kept, of the newest adapter")


def _write_saves(settings: Settings) -> Options:
    steps, epochs = settings["train.save_every"], settings.get("train.save_every_epochs")
    keep = settings.get("train.keep_last")
    options: Options = {"save_state": True}
    if steps:
        options["save_every_n_steps"] = cast(int, steps)
    if epochs:
        options["save_every_n_epochs"] = cast(int, epochs)
    if keep and epochs:
        options["save_last_n_epochs"] = cast(int, keep)
    elif keep and steps:
        options["save_last_n_steps"] = (cast(int, keep) - 1) * cast(int, steps)
    return options


def _read_samples(given: Given) -> None:
    steps, epochs = given.whole("sample_every_n_steps"), given.whole("sample_every_n_epochs")
    if epochs > 0 and given.refusal("samples.every_epochs", epochs):
        given.missing("sample_every_n_epochs", "samples are counted in steps: samples.every")
    elif epochs > 0:
        given.becomes("sample_every_n_epochs", {"samples.every": 0, "samples.every_epochs": epochs})
        if given.has("sample_every_n_steps"):
            given.nothing("sample_every_n_steps", "sample_every_n_epochs decides")
    else:
        given.becomes("sample_every_n_steps", {"samples.every": max(0, steps)})
    if given.has("sample_prompts"):
        name = given.text("sample_prompts")
        found = given.find_path(name)
        given.becomes(
            "sample_prompts",
            {
                "samples.file": found or name,
                "samples.steps": _PEER_SAMPLE_STEPS,
                "samples.cfg_scale": _PEER_SAMPLE_SCALE,
            },
            note="lines without --w and --h are drawn in the size most pictures are trained in, "
            "not in 512x512"
            if found
            else "no such file here",
        )
    if not (given.has("sample_sampler") or steps > 0 or epochs > 0):
        return
    name = given.text("sample_sampler")
    if name in _SAMPLERS:
        given.becomes(
            "sample_sampler", {"draw.sampler": _SAMPLERS[name], "draw.schedule": "uniform"}
        )
    else:
        given.missing("sample_sampler", f"{name} is not there; euler_a, euler and dpmpp_2m are")


def _write_samples(settings: Settings) -> Options:
    steps, epochs = settings["samples.every"], settings.get("samples.every_epochs")
    options: Options = {}
    if steps:
        options["sample_every_n_steps"] = cast(int, steps)
    if epochs:
        options["sample_every_n_epochs"] = cast(int, epochs)
    if options:
        theirs = {"dpmpp_2m": "dpmsolver++"}.get(str(settings["draw.sampler"]))
        options["sample_sampler"] = theirs or str(settings["draw.sampler"])
    if settings.get("samples.file"):
        options["sample_prompts"] = str(settings["samples.file"])
    return options


FILE_RULES: dict[str, Rule] = {
    "base": Rule(read=_read_base, write=_write_base, settings=("base",)),
    "prediction": Rule(
        read=_read_prediction,
        write=_write_prediction,
        settings=("model.prediction", "model.zero_terminal_snr"),
    ),
    "data": Rule(
        read=_read_data,
        write=_write_data,
        settings=("pictures.folder", "pictures.regularisation"),
    ),
    "augment": Rule(read=_read_augment, write=_write_augment, settings=("pictures.vary_colour",)),
    "dropout": Rule(
        read=_read_dropout,
        write=_write_dropout,
        settings=("captions.dropout_every_epochs",),
    ),
    "buckets": Rule(
        read=_read_buckets,
        write=_write_buckets,
        settings=("pictures.resolution", "pictures.bucket_mode", *_LIMITS.values()),
    ),
    "saves": Rule(
        read=_read_saves,
        write=_write_saves,
        settings=("train.save_every", "train.save_every_epochs", "train.keep_last"),
    ),
    "samples": Rule(
        read=_read_samples,
        write=_write_samples,
        settings=(
            "samples.every",
            "samples.every_epochs",
            "samples.file",
            "draw.sampler",
            "draw.schedule",
        ),
    ),
}
