"""Reading tags out of pictures: scores are kept, so that limits can be moved afterwards."""

from enogu.pictures.tagging.choose import Limits, choose_tags, rating_of
from enogu.pictures.tagging.model import KEPT_FROM, NamedTagger, TaggerSource, tagger_step_name
from enogu.pictures.tagging.onnx_tagger import onnx_tagger_source, open_onnx_tagger
from enogu.pictures.tagging.step import TaggingStep

__all__ = [
    "KEPT_FROM",
    "Limits",
    "NamedTagger",
    "TaggerSource",
    "TaggingStep",
    "choose_tags",
    "onnx_tagger_source",
    "open_onnx_tagger",
    "rating_of",
    "tagger_step_name",
]
