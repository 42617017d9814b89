"""Settings of kohya's sd-scripts, read and written: one table of all its options."""

from enogu.config.kohya.given import Line, Verdict
from enogu.config.kohya.option import Value
from enogu.config.kohya.options import OPTIONS
from enogu.config.kohya.read import Sources, read_kohya
from enogu.config.kohya.translate import Export, Translation, export_options, translate

__all__ = [
    "OPTIONS",
    "Export",
    "Line",
    "Sources",
    "Translation",
    "Value",
    "Verdict",
    "export_options",
    "read_kohya",
    "translate",
]
