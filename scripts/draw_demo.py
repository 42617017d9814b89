"""Put the demo's pictures side by side, for the documentation: drawings, with LoRA, without it.

make demo && python scripts/draw_demo.py demo [docs/images/demo.png]
"""

import sys
from pathlib import Path

from PIL import Image

from enogu.files import atomic_path

COLUMNS = 4
CELL_PX = 192
GAP_PX = 8


def main() -> None:
    """Make the sheet of the demo project that the first argument names."""
    project = Path(sys.argv[1]).resolve()
    path = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images/demo.png")
    rows = (
        sorted(project.with_name(f"{project.name}-drawings").glob("*.png"))[:COLUMNS],
        sorted((project / "drawn").glob("with-lora-*.png"))[:COLUMNS],
        sorted((project / "drawn").glob("without-lora-*.png"))[:COLUMNS],
    )
    height = len(rows) * (CELL_PX + GAP_PX) - GAP_PX
    sheet = Image.new("RGB", (COLUMNS * CELL_PX, height), "#ffffff")
    for y, row in enumerate(rows):
        for x, picture_path in enumerate(row):
            with Image.open(picture_path) as picture:
                shown = picture.convert("RGB").resize((CELL_PX, CELL_PX), Image.Resampling.LANCZOS)
            sheet.paste(shown, (x * CELL_PX, y * (CELL_PX + GAP_PX)))
    with atomic_path(path) as temporary:
        # 255 colours are enough for flat drawings and make the file a third as large.
        sheet.quantize(255, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)


if __name__ == "__main__":
    main()
