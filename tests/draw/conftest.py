import pytest

from enogu.draw.recipe import Recipe
from enogu.families.testing import build_tiny_base


@pytest.fixture(scope="session")
def tiny_bases():
    """One tiny random base per family; tests must leave them as they are."""
    return {family: build_tiny_base(family) for family in ("sd1", "sd2", "sdxl")}


@pytest.fixture
def make_recipe():
    """Make a small recipe; keyword arguments replace its values."""

    def make(**changes):
        values = {
            "prompt": "a (red:1.3) cat",
            "negative_prompt": "dog",
            "seed": 3,
            "width": 64,
            "height": 96,
            "steps": 3,
            "cfg_scale": 4.0,
            "sampler": "euler",
            "schedule": "karras",
        }
        return Recipe(**{**values, **changes})

    return make
