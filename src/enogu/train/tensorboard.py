"""The events of a run as a TensorBoard folder."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from enogu.errors import MissingExtraError
from enogu.files import make_dirs
from enogu.machine import OPTIONAL_PACKAGES
from enogu.project.runs import RunFolder
from enogu.train.events import read_events

_SCALARS = {"loss": "loss", "learning_rate": "learning_rate", "grad_norm": "gradient_norm"}


def export_tensorboard(run: RunFolder, folder: Path) -> int:
    """Write loss, learning rate, gradient norm and samples of a run for TensorBoard.

    Args:
        run: The run.
        folder: Where TensorBoard shall look; made when missing.

    Returns:
        How many values were written.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        StorageError: The place cannot be written.
    """
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError as error:
        purpose, command = OPTIONAL_PACKAGES["tensorboard"]
        raise MissingExtraError(
            f"the {purpose} needs the package tensorboard, which is not installed",
            hint=f"Install it: {command}",
        ) from error
    # The message classes are made at import time, so the type checker cannot see them.
    make_event = getattr(event_pb2, "Event")  # noqa: B009
    make_summary = getattr(summary_pb2, "Summary")  # noqa: B009
    writer = EventFileWriter(str(make_dirs(folder)))
    written = 0
    for event in read_events(run.events_path):
        values: list[Any] = []
        if event["event"] == "step":
            values = [
                make_summary.Value(tag=tag, simple_value=event[name])
                for name, tag in _SCALARS.items()
            ]
        elif event["event"] == "sample":
            values = [_picture_value(make_summary, run.samples_dir / event["file"], event["name"])]
        if values:
            writer.add_event(
                make_event(
                    wall_time=event["time"], step=event["step"], summary=make_summary(value=values)
                )
            )
            written += len(values)
    writer.close()
    return written


def _picture_value(make_summary: Any, path: Path, name: str) -> object:  # noqa: ANN401
    with Image.open(path) as image:
        height, width = np.asarray(image).shape[:2]
    picture = make_summary.Image(
        height=height, width=width, colorspace=3, encoded_image_string=path.read_bytes()
    )
    return make_summary.Value(tag=f"samples/{name}", image=picture)
