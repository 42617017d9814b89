"""Copies and variants among many pictures. Nothing is ever deleted here."""

from enogu.pictures.duplicates.fingerprint import VERSION as FINGERPRINT_VERSION
from enogu.pictures.duplicates.fingerprint import Fingerprint, fingerprint
from enogu.pictures.duplicates.groups import VERSION, find_groups
from enogu.pictures.duplicates.result import Change, DuplicateSettings, Group, Match, Verdict
from enogu.pictures.duplicates.verify import LoadPixels

__all__ = [
    "FINGERPRINT_VERSION",
    "VERSION",
    "Change",
    "DuplicateSettings",
    "Fingerprint",
    "Group",
    "LoadPixels",
    "Match",
    "Verdict",
    "find_groups",
    "fingerprint",
]
