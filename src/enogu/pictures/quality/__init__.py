"""Whether a picture is good enough to learn from; the limits fit drawings, not photographs."""

from enogu.pictures.quality.judge import VERSION, judge_quality
from enogu.pictures.quality.model import Fault, Finding, Measures, Quality, QualitySettings

__all__ = ["VERSION", "Fault", "Finding", "Measures", "Quality", "QualitySettings", "judge_quality"]
