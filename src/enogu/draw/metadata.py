"""PNG files that remember how they were drawn: A1111's text and our recipe."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from enogu.draw.infotext_recipe import infotext, recipe_from_infotext
from enogu.draw.recipe import Recipe
from enogu.errors import ConfigError, PictureError
from enogu.files import atomic_path, make_dirs
from enogu.pictures.prompts.picture_prompts import picture_errors

A1111_KEY = "parameters"
RECIPE_KEY = "enogu"


@dataclass(frozen=True, kw_only=True)
class PictureRecipe:
    """The recipe found in a picture."""

    recipe: Recipe
    source: Literal["enogu", "a1111"]
    """Which of the two texts it was read from."""
    notes: tuple[str, ...] = ()
    """Parts of an A1111 text that change the picture and are not in the recipe."""


def check_png_name(path: Path) -> None:
    """Refuse a name that :func:`save_png` would not write to.

    Raises:
        ConfigError: The name does not end in ``.png``.
    """
    if path.suffix.lower() != ".png":
        raise ConfigError(
            f"pictures are written as PNG, got the name {str(path)!r}",
            hint=f"Use {path.name}.png" if not path.suffix else f"Use {path.with_suffix('.png')}",
        )


def save_png(image: Image.Image, path: Path, recipe: Recipe) -> None:
    """Write a picture with its recipe; readers see the old file or the new one.

    The file carries the text key `parameters` (A1111's form, read by many tools) and the key
    `enogu` (the recipe as JSON). Paths of this machine are in neither.

    Args:
        image: The picture.
        path: Where to write it, ending in ``.png``; missing folders are made.
        recipe: What it was drawn from.

    Raises:
        ConfigError: The name does not end in ``.png``.
        StorageError: The place cannot be written or the disk is full.
    """
    check_png_name(path)
    texts = PngInfo()
    texts.add_text(A1111_KEY, infotext(recipe))
    texts.add_text(RECIPE_KEY, recipe.to_json())
    make_dirs(path.parent)
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG", pnginfo=texts)


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a picture; see :func:`read_picture_recipe`."""
    return read_picture_recipe(path).recipe


def read_picture_recipe(path: Path) -> PictureRecipe:
    """Return the recipe in a PNG of Enogu, or of A1111 and its relatives.

    Our own text is preferred; it says everything. The other one may lack things, which `notes`
    then tell.

    Raises:
        PictureError: Not a readable PNG, or one that has neither text.
        ConfigError: The text is damaged, of a newer version, or names something Enogu lacks.
    """
    texts = _png_texts(path)
    try:
        if RECIPE_KEY in texts:
            return PictureRecipe(recipe=Recipe.from_json(texts[RECIPE_KEY]), source="enogu")
        if A1111_KEY in texts:
            reading = recipe_from_infotext(texts[A1111_KEY])
            return PictureRecipe(recipe=reading.recipe, source="a1111", notes=reading.notes)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", hint=error.hint) from error
    others = ", ".join(sorted(texts)) or "none"
    raise PictureError(
        f"{path} does not say how it was drawn: it has neither the text {RECIPE_KEY!r} "
        f"nor {A1111_KEY!r} (texts found: {others})",
        hint="Editors and web sites often remove such texts; use the file as it was first saved.",
    )


def _png_texts(path: Path) -> dict[str, str]:
    """Return the text chunks of a PNG, also those behind the pixels."""
    with picture_errors(path, "a PNG"), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            if not isinstance(image, PngImageFile):
                raise PictureError(
                    f"{path} is a {image.format} file; recipes are read from PNG files only"
                )
            return {key: str(value) for key, value in image.text.items()}
