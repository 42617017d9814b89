"""The steps of the chain: what trims, tells the background, finds regions, judges, compares."""

from enogu.pictures.steps.background import BACKGROUND, BackgroundStep, BackgroundUse
from enogu.pictures.steps.duplicates import DUPLICATES, compare_pictures
from enogu.pictures.steps.fingerprint import FINGERPRINT, FingerprintStep, fingerprint_of
from enogu.pictures.steps.quality import QUALITY, QualityStep
from enogu.pictures.steps.regions import REGIONS, RegionsStep, regions_of
from enogu.pictures.steps.trim import TRIM, TrimStep

__all__ = [
    "BACKGROUND",
    "DUPLICATES",
    "FINGERPRINT",
    "QUALITY",
    "REGIONS",
    "TRIM",
    "BackgroundStep",
    "BackgroundUse",
    "FingerprintStep",
    "QualityStep",
    "RegionsStep",
    "TrimStep",
    "compare_pictures",
    "fingerprint_of",
    "regions_of",
]
