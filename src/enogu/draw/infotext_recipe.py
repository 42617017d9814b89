"""What the keys of A1111's parameter text mean as a recipe, in both directions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import enogu
from enogu.draw.recipe import BaseUse, LoraUse, Recipe
from enogu.errors import ConfigError
from enogu.pictures.prompts.infotext import Infotext, format_infotext, parse_infotext

SAMPLER_LABELS: dict[str, str] = {"euler": "Euler", "euler_a": "Euler a", "dpmpp_2m": "DPM++ 2M"}
"""Name in a recipe → name in A1111."""

SCHEDULE_LABELS: dict[str, str] = {
    "karras": "Karras",
    "uniform": "Uniform",
    "exponential": "Exponential",
}
"""Name in a recipe → name in A1111."""

_AUTOMATIC_SCHEDULES = {"euler": "uniform", "euler_a": "uniform", "dpmpp_2m": "karras"}
"""What A1111 takes for each sampler when its schedule type is "Automatic"."""

# The look-behind and the bounds keep the search linear in the length of a hostile text.
_LORA_TAG = re.compile(r"(?<!\s)\s*<lora:([^:>]{1,200})(?::([^>]{0,200}))?>")
_READ_KEYS = {
    "Steps",
    "Sampler",
    "Schedule type",
    "CFG scale",
    "Seed",
    "Size",
    "Model hash",
    "Model",
    "Clip skip",
    "RNG",
    "Lora hashes",
    "Version",
    "Hashes",
    "Emphasis",
    "User",
}


@dataclass(frozen=True, kw_only=True)
class InfotextReading:
    """A recipe read from a parameter text, and what it could not say."""

    recipe: Recipe
    notes: tuple[str, ...] = ()
    """Parts of the text that change the picture and are not in the recipe."""


def infotext(recipe: Recipe) -> str:
    """Return the recipe as A1111 would have written it.

    LoRAs appear the way A1111 users write them, as ``<lora:name:weight>`` at the end of the
    prompt, so that the text gives the same picture when it is pasted there.
    """
    fields = {
        "Steps": str(recipe.steps),
        "Sampler": SAMPLER_LABELS[recipe.sampler],
        "Schedule type": SCHEDULE_LABELS[recipe.schedule],
        "CFG scale": _number(recipe.cfg_scale),
        "Seed": str(recipe.seed),
        "Size": f"{recipe.width}x{recipe.height}",
    }
    if recipe.base is not None:
        if recipe.base.hash:
            fields["Model hash"] = recipe.base.hash[:10]
        fields["Model"] = recipe.base.title
    if (recipe.clip_skip or 1) > 1:
        fields["Clip skip"] = str(recipe.clip_skip)
    fields["RNG"] = "CPU"
    names = [_tag_name(lora.title) for lora in recipe.loras]
    hashes = [
        f"{name}: {lora.hash[:12]}"
        for name, lora in zip(names, recipe.loras, strict=True)
        if lora.hash
    ]
    if hashes:
        fields["Lora hashes"] = ", ".join(hashes)
    fields["Version"] = f"Enogu {enogu.__version__}"
    tags = [
        f"<lora:{name}:{_number(lora.weight)}>"
        for name, lora in zip(names, recipe.loras, strict=True)
    ]
    prompt = " ".join([recipe.prompt, *tags]) if recipe.prompt else " ".join(tags)
    return format_infotext(
        Infotext(prompt=prompt, negative_prompt=recipe.negative_prompt, fields=fields)
    )


def recipe_from_infotext(text: str) -> InfotextReading:
    """Return the recipe that a parameter text describes, also one of A1111 or Forge.

    Args:
        text: The text of the picture's `parameters` key.

    Returns:
        The recipe, with notes on what it leaves out (for example a second pass).

    Raises:
        ConfigError: No parameter line, a missing or unreadable value, or a sampler or schedule
            that Enogu does not have.
    """
    info = parse_infotext(text)
    if not info.fields:
        raise ConfigError(
            "the text has no line of parameters such as "
            "'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512', "
            f"got {text[-120:]!r}"
        )
    fields = info.fields
    sampler, schedule = _sampler_and_schedule(fields)
    width, height = _size(fields)
    prompt, loras, notes = _take_loras(info.prompt, _hashes(fields.get("Lora hashes", "")))
    notes += _notes(fields)
    recipe = Recipe(
        prompt=prompt,
        negative_prompt=info.negative_prompt,
        seed=_integer(fields, "Seed"),
        width=width,
        height=height,
        steps=_integer(fields, "Steps"),
        cfg_scale=_float(fields, "CFG scale"),
        sampler=sampler,
        schedule=schedule,
        clip_skip=_integer(fields, "Clip skip") if "Clip skip" in fields else None,
        base=_base(fields),
        loras=tuple(loras),
    )
    return InfotextReading(recipe=recipe, notes=tuple(notes))


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _tag_name(title: str) -> str:
    """Return a name that neither the hash list nor the ``<lora:…>`` tag can be confused by."""
    return re.sub(r"[:,<>\n]", "", title).strip() or "lora"


def _sampler_and_schedule(fields: Mapping[str, str]) -> tuple[str, str]:
    label = fields.get("Sampler", "")
    schedule_label = fields.get("Schedule type", "Automatic")
    for old_suffix in SCHEDULE_LABELS.values():
        # before A1111 1.9 the schedule was part of the sampler's name
        if label.endswith(f" {old_suffix}"):
            label, schedule_label = label.removesuffix(f" {old_suffix}"), old_suffix
    sampler = _name_of("sampler", label, SAMPLER_LABELS)
    if schedule_label == "Automatic":
        return sampler, _AUTOMATIC_SCHEDULES[sampler]
    return sampler, _name_of("schedule", schedule_label, SCHEDULE_LABELS)


def _name_of(kind: str, label: str, labels: Mapping[str, str]) -> str:
    for name, known in labels.items():
        if known == label:
            return name
    raise ConfigError(
        f"the text names the {kind} {label!r}, which Enogu does not have; "
        f"it has: {', '.join(labels.values())}"
    )


def _size(fields: Mapping[str, str]) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", fields.get("Size", ""))
    if match is None:
        raise ConfigError(f"the text needs 'Size: 512x512' or alike, got {_shown(fields, 'Size')}")
    return int(match[1]), int(match[2])


def _integer(fields: Mapping[str, str], key: str) -> int:
    try:
        return int(fields.get(key, ""))
    except ValueError:
        raise ConfigError(
            f"the text needs a whole number for {key!r}, got {_shown(fields, key)}"
        ) from None


def _float(fields: Mapping[str, str], key: str) -> float:
    try:
        return float(fields.get(key, ""))
    except ValueError:
        raise ConfigError(
            f"the text needs a number for {key!r}, got {_shown(fields, key)}"
        ) from None


def _shown(fields: Mapping[str, str], key: str) -> str:
    return repr(fields[key][:60]) if key in fields else "nothing"


def _base(fields: Mapping[str, str]) -> BaseUse | None:
    if "Model" not in fields and "Model hash" not in fields:
        return None
    return BaseUse(
        title=fields.get("Model", "unknown"), hash=_hexadecimal(fields.get("Model hash", ""))
    )


def _hexadecimal(text: str) -> str:
    return text.lower() if re.fullmatch(r"[0-9a-fA-F]{8,64}", text) else ""


def _hashes(listed: str) -> dict[str, str]:
    """Read `name: 12hex, name: 12hex`."""
    pairs = (item.rpartition(":") for item in listed.split(","))
    return {name.strip(): _hexadecimal(value.strip()) for name, _, value in pairs if name.strip()}


def _take_loras(prompt: str, hashes: Mapping[str, str]) -> tuple[str, list[LoraUse], list[str]]:
    """Take ``<lora:…>`` tags out of a prompt; return what is left, the LoRAs and notes."""
    loras: list[LoraUse] = []
    notes: list[str] = []
    for match in _LORA_TAG.finditer(prompt):
        name, arguments = match[1], match[2] or "1"
        try:
            weight = float(arguments)
        except ValueError:
            weight = 1.0
            notes.append(f"{match[0].strip()} has other arguments than one weight; taken as 1")
        loras.append(LoraUse(title=name, hash=hashes.get(name, ""), weight=weight))
    return _LORA_TAG.sub("", prompt), loras, notes


def _notes(fields: Mapping[str, str]) -> list[str]:
    notes = [
        f"{key}: {value} is not part of the recipe"
        for key, value in fields.items()
        if key not in _READ_KEYS
    ]
    if fields.get("RNG", "GPU") != "CPU":
        notes.append(
            f"the noise was drawn with RNG {fields.get('RNG', 'GPU')}, Enogu draws it on the CPU: "
            "the same seed gives another picture"
        )
    if fields.get("Emphasis", "Original") != "Original":
        notes.append(f"Emphasis: {fields['Emphasis']} is not part of the recipe")
    return notes
