"""What of a picture is not the picture: borders, bars, blank margins, signatures at the rim."""

from enogu.pictures.trim.find import VERSION, find_trim
from enogu.pictures.trim.result import Cut, Reason, Side, SizeCheck, TrimResult, TrimSettings
from enogu.pictures.trim.result import Verdict as TrimVerdict

__all__ = [
    "VERSION",
    "Cut",
    "Reason",
    "Side",
    "SizeCheck",
    "TrimResult",
    "TrimSettings",
    "TrimVerdict",
    "find_trim",
]
