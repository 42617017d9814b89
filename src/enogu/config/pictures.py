"""Settings that say which pictures are trained and how they are fitted."""

from typing import Literal

from pydantic import Field

from enogu.config.section import Section
from enogu.config.subsets import (
    BucketMax,
    BucketMin,
    BucketMode,
    BucketStep,
    Colour,
    Flip,
    Resolution,
    SubsetConfig,
    Variation,
)


class PicturesConfig(Section):
    """Which pictures, and how each becomes the rectangle that is trained."""

    folder: str = "pictures"
    """The folder of originals, relative to the project. Originals are never changed."""

    regularisation: str | None = None
    """A folder with pictures of the general class (not of the subject) that hold the base's own
    ideas in place while the subject is learnt."""

    resolution: Resolution | None = None
    """Side of the square, in pixels, whose area every bucket has at most. Empty: the size the
    base was made for."""

    bucket_mode: BucketMode = "fit"
    """How a picture finds its rectangle. `fit`: the bucket that loses least. `list`: the same list
    and choice as sd-scripts. `no_upscale`: as sd-scripts with `bucket_no_upscale`. `aspects`: the
    nine ratios from 1 to 4 of OneTrainer, both ways, at equal area."""

    bucket_min: BucketMin | None = None
    """Shortest side of a bucket in pixels. Empty: half the resolution."""

    bucket_max: BucketMax | None = None
    """Longest side of a bucket in pixels. Empty: twice the resolution."""

    bucket_step: BucketStep | None = None
    """Sides are multiples of this many pixels. Empty: what the base needs."""

    shrink: Literal["lanczos", "area"] = "lanczos"
    """How pictures larger than their rectangle are made smaller. `lanczos`: sharp. `area`: every
    pixel is the average of the area it covers, as sd-scripts does it; a little softer."""

    background: Colour = "#ffffff"
    """Colour behind transparent pictures, as `#rrggbb`."""

    alpha_as_mask: bool = False
    """Use the transparency of a picture as its loss mask: what is transparent is not learnt."""

    flip: Flip = False
    """Also train pictures mirrored. `symmetric`: only those whose caption and regions name nothing
    one-sided, such as a side ponytail, an eyepatch or writing. `true`: all of them; leave that off
    for characters that are not symmetric."""

    vary_colour: Variation = 0.0
    """Train versions of each picture with slightly other colours: 0.1 is hardly seen, 0.3 is much.
    White, black and grey stay. 0: off."""

    vary_crop: Variation = 0.0
    """Train versions of each picture that are cropped by up to this share, with the subject kept
    where it is known. 0: off."""

    versions: int = Field(default=4, ge=2, le=64)
    """How many versions of each picture there are where `vary_colour` or `vary_crop` is on; the
    first is the picture as it is. Each takes room in the cache."""

    max_megapixels: float = Field(default=100.0, gt=0, le=2000)
    """Pictures with more pixels than this are refused before they are decoded."""

    subsets: tuple[SubsetConfig, ...] = ()
    """Settings of single folders of pictures: tables `[[pictures.subsets]]`, each with `folder` and
    what is different there. `enogu plan` shows what they come to."""
