"""A reader as one safetensors file: half-precision weights, questions, temperatures."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from enogu.errors import WorldError
from enogu.files import atomic_path, make_dirs
from enogu.world.judge.network import JudgeShape, empty_folded
from enogu.world.judge.reader import Reader
from enogu.world.questions import (
    Questions,
    check_vocabulary,
    questions_from_text,
    questions_to_text,
    vocabulary_digest,
)

FORMAT = "enogu-reader-1"


def write_reader(path: Path, reader: Reader) -> int:
    """Write `reader` to `path`, all or nothing, and return the size in bytes.

    Raises:
        StorageError: The place cannot be written.
    """
    tensors = {k: v.detach().half().contiguous() for k, v in reader.net.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "questions": questions_to_text(reader.questions),
        "vocabulary": vocabulary_digest(reader.questions),
        "temperatures": json.dumps(reader.temperatures),
        "channels": json.dumps(reader.shape.channels),
        "depths": json.dumps(reader.shape.depths),
        "facts": json.dumps(reader.facts),
    }
    make_dirs(path.parent)
    with atomic_path(path) as temporary:
        save_file(tensors, str(temporary), metadata=metadata)
    return path.stat().st_size


def read_reader(path: Path, questions: Questions, *, rebuild: str) -> Reader:
    """Load a reader that answers `questions`.

    Args:
        path: A file of :func:`write_reader`.
        questions: What it must have been trained on.
        rebuild: The command that makes the file anew, for the message.

    Raises:
        WorldError: The file is missing, damaged, of another format, or was trained on another
            vocabulary.
    """
    hint = f"Make it anew: {rebuild}"
    if not path.is_file():
        raise WorldError(f"{path}: there is no such file; it should have come with Enogu", hint)
    try:
        with safe_open(str(path), framework="pt") as handle:
            metadata: dict[str, str] = handle.metadata() or {}
            tensors = {key: handle.get_tensor(key) for key in list(handle.keys())}
    except (SafetensorError, OSError) as error:
        raise WorldError(f"{path}: is damaged or not a safetensors file ({error})", hint) from error
    if metadata.get("format") != FORMAT:
        raise WorldError(
            f"{path}: has the format {metadata.get('format')!r}, expected {FORMAT!r}", hint
        )
    try:
        stored = questions_from_text(metadata["questions"])
        check_vocabulary(path, stored, questions, rebuild=rebuild)
        channels, depths = json.loads(metadata["channels"]), json.loads(metadata["depths"])
        shape = JudgeShape(channels=tuple(channels), depths=tuple(depths))
        net = empty_folded([len(values) for values in stored.values()], shape)
        net.load_state_dict({key: value.float() for key, value in tensors.items()}, strict=True)
        temperatures: dict[str, float] = json.loads(metadata["temperatures"])
        facts: dict[str, str] = json.loads(metadata["facts"])
        reader = Reader(net, stored, temperatures, shape, facts)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WorldError(f"{path}: is damaged ({error})", hint) from error
    if not all(torch.isfinite(value).all() for value in net.state_dict().values()):
        raise WorldError(f"{path}: holds numbers that are not finite", hint)
    return reader
