"""Draw the gallery of the drawn world that the documentation shows.

python scripts/draw_gallery.py [docs/images/drawn_world.png]
"""

import sys
from pathlib import Path

from PIL import Image

from enogu.files import atomic_path
from enogu.world.concepts import CONCEPTS, draw_concept
from enogu.world.drawing import draw

CELL_PX = 200
COLUMNS = 6
CHARACTERS: tuple[tuple[str, int], ...] = (
    ("1girl, pink hair, twintails, green eyes, open mouth, blush, serafuku, cherry blossoms", 3),
    ("1girl, blonde hair, long hair, blue eyes, smile, witch hat, purple cape, wand, night sky", 5),
    ("1boy, brown hair, spiked hair, aqua eyes, grin, red jacket, sword, grass, sunset", 1),
    ("1girl, black hair, hime cut, red eyes, neutral, purple kimono, umbrella, snow, night", 4),
    ("1girl, aqua hair, drill hair, pink eyes, smile, maid, cup, white background", 2),
    ("1girl, orange hair, wavy hair, green eyes, straw hat, white dress, waving, beach", 6),
    ("1boy, white hair, short hair, purple eyes, cat ears, black hoodie, one eye closed, city", 2),
    ("1girl, brown hair, twin braids, brown eyes, glasses, book, green vest, classroom", 3),
    ("1girl, red hair, ponytail, yellow eyes, frown, tears, teddy bear, yellow sweater, forest", 1),
    ("1girl, purple hair, double bun, aqua eyes, arms up, open mouth, blue overalls, grass", 7),
    (
        "1boy, blonde hair, bob cut, blue eyes, crown, smile, armor, full body, striped background",
        2,
    ),
    ("1girl, grey hair, side ponytail, red eyes, sunglasses, grin, lollipop, red shirt", 5),
)
CHARACTER_TRIGGERS = [c.trigger for c in CONCEPTS.values() if c.fixed]


def draw_gallery() -> Image.Image:
    """Return two rows of drawings from tags and one of the characters kept out of training."""
    cells = [
        draw([tag for tag in tags.split(", ") if tag != "neutral"], seed, CELL_PX)
        for tags, seed in CHARACTERS
    ]
    cells += [draw_concept(CONCEPTS[trigger], 1, 12, CELL_PX) for trigger in CHARACTER_TRIGGERS]
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL_PX, rows * CELL_PX), "white")
    for place, cell in enumerate(cells):
        row, column = divmod(place, COLUMNS)
        sheet.paste(cell, (column * CELL_PX, row * CELL_PX))
    return sheet


def main() -> None:
    """Write the gallery with 256 colours, which is a third of the size of full colour."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/drawn_world.png")
    few = draw_gallery().quantize(256, dither=Image.Dither.NONE)
    with atomic_path(path) as temporary:
        few.save(temporary, format="PNG", optimize=True)
    print(f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
