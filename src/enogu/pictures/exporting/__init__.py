"""From samples to files for other programs: kohya's folders, a plain folder, shards, diffusers."""

from enogu.pictures.exporting.model import ExportForm, ExportSettings, Sample
from enogu.pictures.exporting.names import name_samples
from enogu.pictures.exporting.write import ExportReport, export_samples

__all__ = [
    "ExportForm",
    "ExportReport",
    "ExportSettings",
    "Sample",
    "export_samples",
    "name_samples",
]
