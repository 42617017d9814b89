"""The prompts in a graph of ComfyUI, found by following its links back from the sampler."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, cast

_TEXT_INPUTS: Final = (
    "text",
    "text_g",
    "text_l",
    "t5xxl",
    "clip_l",
    "prompt",
    "string",
    "value",
    "wildcard_text",
    "populated_text",
)
_SIGNS: Final = {"positive": "positive", "negative": "negative", "conditioning": "positive"}
_MAX_NODES: Final = 20_000
_ENDS_HERE: Final = "ZeroOut"
"""A node that throws the text away: nothing behind it is in the picture."""


def graph_prompts(text: str) -> tuple[str, str] | None:
    """Return prompt and negative prompt of a graph.

    Args:
        text: The JSON of the key `prompt` that ComfyUI writes into its pictures.

    Returns:
        Both texts; several texts of one kind stand with commas between them. None when this is no
        graph or no text leads to a sampler.
    """
    try:
        document: object = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    graph = {
        name: fields_of(node)
        for name, node in cast(dict[str, object], document).items()
        if isinstance(node, dict) and len(cast(dict[str, object], document)) <= _MAX_NODES
    }
    positive = _texts_behind(graph, "positive")
    negative = _texts_behind(graph, "negative")
    if not positive:
        return None
    return ", ".join(positive), ", ".join(negative)


def _texts_behind(graph: Mapping[str, Mapping[str, object]], sign: str) -> list[str]:
    """Return the texts that reach a sampler as its positive or negative, each once."""
    waiting = [
        link for node in graph.values() if _is_sampler(node) for link in _signed_links(node, sign)
    ]
    seen: set[tuple[str, int]] = set()
    found: dict[str, None] = {}
    while waiting:
        name, slot = waiting.pop(0)
        node = graph.get(name)
        if node is None or (name, slot) in seen or _ENDS_HERE in _class(node):
            continue
        seen.add((name, slot))
        inputs = fields_of(node.get("inputs"))
        if "positive" in inputs and "negative" in inputs:
            # Such nodes (ControlNet …) hand both through, in this order.
            waiting += _signed_links(node, "negative" if slot == 1 else "positive")
            continue
        texts = [inputs[key] for key in _TEXT_INPUTS if isinstance(inputs.get(key), str)]
        for text in cast(list[str], texts):
            if text.strip():
                found.setdefault(text.strip())
        waiting += [
            link
            for key, value in inputs.items()
            if _carries_text(key) and (link := _link(value)) is not None
        ]
    return list(found)


def _is_sampler(node: Mapping[str, object]) -> bool:
    name = _class(node)
    return "Sampler" in name or "Guider" in name or name.startswith("FaceDetailer")


def _signed_links(node: Mapping[str, object], sign: str) -> Iterator[tuple[str, int]]:
    for key, value in fields_of(node.get("inputs")).items():
        if _SIGNS.get(key) == sign and (link := _link(value)) is not None:
            yield link


def _carries_text(key: str) -> bool:
    return key in _TEXT_INPUTS or key.startswith(("conditioning", "text", "string"))


def _link(value: object) -> tuple[str, int] | None:
    """Return node and output slot when an input is a link and no value."""
    if isinstance(value, list):
        items = cast(list[object], value)
        if len(items) == 2 and isinstance(items[0], str | int) and isinstance(items[1], int):
            return str(items[0]), items[1]
    return None


def _class(node: Mapping[str, object]) -> str:
    name = node.get("class_type")
    return name if isinstance(name, str) else ""


def fields_of(value: object) -> Mapping[str, object]:
    """Return the fields of a JSON object, none of anything else."""
    return cast(dict[str, object], value) if isinstance(value, dict) else {}
