"""The families Enogu knows, and how their bases are recognised, loaded and run.

A family is a :class:`~enogu.families.spec.FamilySpec` of data in a file of its own and one line
in ``FAMILIES``. This module imports no heavy library.
"""

from enogu.families.sd1 import SD1
from enogu.families.sd2 import SD2
from enogu.families.sdxl import SDXL
from enogu.families.spec import FamilySpec

FAMILIES: dict[str, FamilySpec] = {spec.name: spec for spec in (SD1, SD2, SDXL)}

__all__ = ["FAMILIES", "FamilySpec"]
