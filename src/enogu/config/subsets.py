"""Settings of single folders of pictures, and the types that they share with those of all."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from enogu.config.section import Section

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig

Resolution = Annotated[int, Field(ge=64, le=4096)]
BucketMode = Literal["fit", "list", "no_upscale", "aspects"]
BucketMin = Annotated[int, Field(ge=32)]
BucketMax = Annotated[int, Field(ge=64)]
BucketStep = Annotated[int, Field(ge=8)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Flip = bool | Literal["symmetric"]
Variation = Annotated[float, Field(ge=0.0, le=0.5)]

Separator = Annotated[str, Field(min_length=1)]
TagCount = Annotated[int, Field(ge=0)]
DropoutShare = Annotated[float, Field(ge=0.0, le=1.0)]
DropoutEpochs = Annotated[int, Field(ge=2)]
TagDropoutShare = Annotated[float, Field(ge=0.0, lt=1.0)]


def _plain_folder(text: str) -> str:
    """Return a folder in one spelling: forward slashes, none at the end."""
    return PurePosixPath(text.replace("\\", "/")).as_posix()


class SubsetConfig(Section):
    """One folder of pictures whose settings differ. What is left out is as for all pictures.

    It holds for the folders inside too. Where several hold for a picture, the innermost counts
    alone.
    """

    folder: Annotated[str, Field(min_length=1), AfterValidator(_plain_folder)]
    """The folder, relative to the project: `pictures.folder`, `pictures.regularisation`, or one
    inside of them."""

    repeats: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How often each picture is trained in an epoch. Left out: what the name of the folder says
    (`10_words`), else once."""

    class_words: str | None = None
    """Stand in for the caption of pictures without a caption file. Left out: what the name of the
    folder says."""

    regularisation: bool = False
    """These pictures show the general class, as those in `pictures.regularisation`: they get no
    trigger word and count as `train.loss.prior_weight` says."""

    masks: bool = True
    """Use the loss masks of these pictures."""

    resolution: Resolution | None = None
    """Left out: as `pictures.resolution`."""

    bucket_mode: BucketMode | None = None
    """Left out: as `pictures.bucket_mode`."""

    bucket_min: BucketMin | None = None
    """Left out: as `pictures.bucket_min`; where this folder has a resolution of its own, half of
    it."""

    bucket_max: BucketMax | None = None
    """Left out: as `pictures.bucket_max`; where this folder has a resolution of its own, twice as
    much."""

    bucket_step: BucketStep | None = None
    """Left out: as `pictures.bucket_step`."""

    background: Colour | None = None
    """Left out: as `pictures.background`."""

    alpha_as_mask: bool | None = None
    """Left out: as `pictures.alpha_as_mask`."""

    flip: Flip | None = None
    """Left out: as `pictures.flip`."""

    vary_colour: Variation | None = None
    """Left out: as `pictures.vary_colour`."""

    vary_crop: Variation | None = None
    """Left out: as `pictures.vary_crop`."""

    trigger: str | None = None
    """Left out: as `captions.trigger`. A second subject gets a second word."""

    prefix: str | None = None
    """Left out: as `captions.prefix`."""

    suffix: str | None = None
    """Left out: as `captions.suffix`."""

    separator: Separator | None = None
    """Left out: as `captions.separator`."""

    secondary_separator: str | None = None
    """Left out: as `captions.secondary_separator`."""

    shuffle: bool | None = None
    """Left out: as `captions.shuffle`."""

    keep_tags: TagCount | None = None
    """Left out: as `captions.keep_tags`."""

    keep_separator: str | None = None
    """Left out: as `captions.keep_separator`."""

    dropout: DropoutShare | None = None
    """Left out: as `captions.dropout`."""

    dropout_every_epochs: DropoutEpochs | None = None
    """Left out: as `captions.dropout_every_epochs`."""

    tag_dropout: TagDropoutShare | None = None
    """Left out: as `captions.tag_dropout`."""

    wildcards: bool | None = None
    """Left out: as `captions.wildcards`."""

    def differences(self) -> dict[str, Any]:
        """Return what this folder says of its own, by name, the folder left out."""
        return self.model_dump(exclude_defaults=True, exclude={"folder"})


PICTURE_SETTINGS = (
    "resolution",
    "bucket_mode",
    "bucket_min",
    "bucket_max",
    "bucket_step",
    "background",
    "alpha_as_mask",
    "flip",
    "vary_colour",
    "vary_crop",
)
"""Those that stand in for a setting of the same name in ``pictures``."""

CAPTION_SETTINGS = (
    "trigger",
    "prefix",
    "suffix",
    "separator",
    "secondary_separator",
    "shuffle",
    "keep_tags",
    "keep_separator",
    "dropout",
    "dropout_every_epochs",
    "tag_dropout",
    "wildcards",
)
"""Those that stand in for a setting of the same name in ``captions``."""


def with_subset(config: "ProjectConfig", subset: SubsetConfig) -> "ProjectConfig":
    """Return the settings as they hold for the pictures of one folder."""
    own = subset.differences()
    pictures = {name: own[name] for name in PICTURE_SETTINGS if name in own}
    if "resolution" in own:
        pictures = {"bucket_min": None, "bucket_max": None} | pictures
    if not subset.masks:
        pictures["alpha_as_mask"] = False
    captions = {name: own[name] for name in CAPTION_SETTINGS if name in own}
    return config.model_copy(
        update={
            "pictures": config.pictures.model_copy(update={**pictures, "subsets": ()}),
            "captions": config.captions.model_copy(update=captions),
        }
    )
