"""The chain of steps that prepares pictures: each picture decoded once, every step undoable."""

from enogu.pictures.chain.holds import effective
from enogu.pictures.chain.look import Look, look_at_files
from enogu.pictures.chain.pool import Bounds
from enogu.pictures.chain.runner import ChainRun, Progress, run_chain
from enogu.pictures.chain.step import ChainPicture, Outcome, PictureStep
from enogu.pictures.chain.worker import Loader

__all__ = [
    "Bounds",
    "ChainPicture",
    "ChainRun",
    "Loader",
    "Look",
    "Outcome",
    "PictureStep",
    "Progress",
    "effective",
    "look_at_files",
    "run_chain",
]
