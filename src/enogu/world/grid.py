"""A picture of drawings by code above what `mini` makes of the same tags."""

from pathlib import Path

from PIL import Image

from enogu.files import atomic_path, make_dirs
from enogu.world.axes import tags_of
from enogu.world.captions import join_tags
from enogu.world.drawing import draw_traits
from enogu.world.evaluate import characters
from enogu.world.export import MiniParts
from enogu.world.sampling import sample_in_batches


def write_grid(
    parts: MiniParts, path: Path, *, columns: int = 8, rows: int = 2, seed: int = 5
) -> None:
    """Write a picture that shows drawings by code above the model's answer to the same tags."""
    count = columns * rows
    traits = characters(count, seed)
    prompts = [join_tags(tags_of(t)) for t in traits]
    pictures = sample_in_batches(parts, prompts, list(range(count)), steps=24, cfg_scale=4.0)
    gap, size = 8, 128
    height = rows * (2 * size + gap) - gap
    sheet = Image.new("RGB", (columns * size, height), "#ffffff")
    for i, (one, picture) in enumerate(zip(traits, pictures, strict=True)):
        left, top = i % columns * size, i // columns * (2 * size + gap)
        sheet.paste(draw_traits(one, i), (left, top))
        sheet.paste(picture, (left, top + size))
    make_dirs(path.parent)
    with atomic_path(path) as temporary:
        # 255 colours are enough for flat drawings and make the file a third as large.
        sheet.quantize(255, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)
