"""Parts of pictures: the subject, drawn boxes, detectors, and crops made of them."""

from enogu.pictures.regions.crops import VERSION, Crop, CropKind, CropSettings, plan_crops
from enogu.pictures.regions.detector import DetectorCard, DetectorModel, detector_card
from enogu.pictures.regions.embedded import EMBEDDED_PATH, embedded_detector, load_embedded
from enogu.pictures.regions.found import FoundRegion, drawn_region, overlap, subject_region
from enogu.pictures.regions.framing import Framing, framing_of, reframed_tags

__all__ = [
    "EMBEDDED_PATH",
    "VERSION",
    "Crop",
    "CropKind",
    "CropSettings",
    "DetectorCard",
    "DetectorModel",
    "FoundRegion",
    "Framing",
    "detector_card",
    "drawn_region",
    "embedded_detector",
    "framing_of",
    "load_embedded",
    "overlap",
    "plan_crops",
    "reframed_tags",
    "subject_region",
]
