"""Number formats of what is frozen and of what is trained."""

from enogu.config.kohya.given import Given
from enogu.config.kohya.rule import Options, Rule, Settings

_FP8 = ("fp8_base", "fp8_base_unet")


def _read_frozen(given: Given) -> None:
    asked = [name for name in _FP8 if given.on(name)]
    for name in asked:
        note = "the UNet alone; text encoders are put away when their features are cached"
        given.becomes(name, {"machine.base_format": "fp8"}, note=note)
    for name in _FP8:
        if given.has(name) and name not in asked:
            given.nothing(name, "the base keeps its number format, as here")


def _write_frozen(settings: Settings) -> Options:
    return {"fp8_base": True} if settings["machine.base_format"] == "fp8" else {}


def _read_trained(given: Given) -> None:
    if given.on("full_bf16"):
        given.becomes("full_bf16", {"train.adapter_dtype": "bf16"}, note="rounded without bias")
    elif given.has("full_bf16"):
        given.nothing("full_bf16", "the adapter is fp32, as here")
    if given.on("full_fp16"):
        given.missing(
            "full_fp16",
            "the adapter is never trained in fp16, which loses small steps; "
            "train.adapter_dtype = bf16 needs as little memory",
        )
    elif given.has("full_fp16"):
        given.nothing("full_fp16", "the adapter is fp32, as here")


def _write_trained(settings: Settings) -> Options:
    return {"full_bf16": True} if settings["train.adapter_dtype"] == "bf16" else {}


MACHINE_RULES: dict[str, Rule] = {
    "frozen": Rule(read=_read_frozen, write=_write_frozen, settings=()),
    "trained": Rule(read=_read_trained, write=_write_trained, settings=("train.adapter_dtype",)),
}
