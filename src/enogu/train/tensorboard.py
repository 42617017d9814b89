"""The events of a run as a TensorBoard folder, afterwards or while it is trained."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from enogu.errors import MissingExtraError
from enogu.files import make_dirs, storage_errors
from enogu.machine import OPTIONAL_PACKAGES
from enogu.project.runs import RunFolder
from enogu.train.events import Event, read_events

_SCALARS = {"loss": "loss", "learning_rate": "learning_rate", "grad_norm": "gradient_norm"}
_FLUSH_SECONDS = 10


class TensorBoardWriter:
    """Writes events of a run for TensorBoard. Files of earlier calls in the folder are replaced.

    Args:
        run: The run; its samples are taken from its folder.
        folder: Where TensorBoard shall look; made when missing.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        StorageError: The place cannot be written.
    """

    def __init__(self, run: RunFolder, folder: Path) -> None:
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
        self._make_event = getattr(event_pb2, "Event")  # noqa: B009
        self._make_summary = getattr(summary_pb2, "Summary")  # noqa: B009
        self._run = run
        self.written = 0
        """Values written so far."""
        with storage_errors(folder):
            for old in make_dirs(folder).glob("events.out.tfevents.*"):
                old.unlink()
        self._writer = EventFileWriter(str(folder), flush_secs=_FLUSH_SECONDS)
        for event in read_events(run.events_path):
            self.write(event)

    def write(self, event: Event) -> None:
        """Write the numbers of a step or a measurement, or a sample; leave the rest."""
        values: list[Any] = []
        if event["event"] == "step":
            values = [
                self._make_summary.Value(tag=tag, simple_value=event[name])
                for name, tag in _SCALARS.items()
                if name in event
            ]
        elif event["event"] == "validation":
            values = [
                self._make_summary.Value(tag=f"validation/{side}", simple_value=_mean(event[side]))
                for side in ("training", "held_out")
            ]
        elif event["event"] == "sample":
            values = [self._picture_value(self._run.samples_dir / event["file"], event["name"])]
        if values:
            summary = self._make_summary(value=values)
            self._writer.add_event(
                self._make_event(wall_time=event["time"], step=event["step"], summary=summary)
            )
            self.written += len(values)

    def close(self) -> None:
        """Write what is waiting and close the file."""
        self._writer.close()

    def _picture_value(self, path: Path, name: str) -> object:
        with Image.open(path) as image:
            height, width = np.asarray(image).shape[:2]
        shown = self._make_summary.Image(
            height=height, width=width, colorspace=3, encoded_image_string=path.read_bytes()
        )
        return self._make_summary.Value(tag=f"samples/{name}", image=shown)


def export_tensorboard(run: RunFolder, folder: Path) -> int:
    """Write the events of a run for TensorBoard.

    Args:
        run: The run.
        folder: Where TensorBoard shall look; made when missing.

    Returns:
        How many values were written.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        StorageError: The place cannot be written.
    """
    writer = TensorBoardWriter(run, folder)
    writer.close()
    return writer.written


def _mean(losses: list[list[float]]) -> float:
    values = [value for picture in losses for value in picture]
    return sum(values) / len(values)
