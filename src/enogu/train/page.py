"""What pages about runs share: style, frame, pictures. One file each, no network."""

import base64
import io
from html import escape
from pathlib import Path

from PIL import Image

STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --soft: #777; --line: #ddd;
  --accent: #c2410c; --second: #1d4ed8; --third: #15803d; --fourth: #a21caf; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #1b1b1d; --soft: #aaa; --line: #444; --accent: #fb923c;
    --second: #60a5fa; --third: #4ade80; --fourth: #e879f9; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { margin-top: 2.2rem; font-size: 1.2rem; }
.soft, figcaption { color: var(--soft); } figure { margin: 0; } figcaption { font-size: .85rem; }
img { max-width: 100%; border-radius: 6px; }
.samples { display: grid; gap: .6rem; align-items: end; overflow-x: auto; }
.samples img { width: 100%; min-width: 128px; image-rendering: auto; display: block; }
.prompt { grid-column: 1 / -1; margin: .8rem 0 0; }
table { border-collapse: collapse; } td, th { padding: .3rem .9rem .3rem 0; text-align: left;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.chart { width: 100%; height: auto; } .grid line { stroke: var(--line); }
.grid text, .legend text { fill: var(--soft); font-size: 11px; }
.dots { fill: var(--soft); opacity: .45; }
.mean { fill: none; stroke: var(--accent); stroke-width: 2; }
code, pre { background: color-mix(in srgb, var(--line) 45%, transparent); border-radius: 4px;
  padding: .1rem .3rem; } pre { padding: .7rem 1rem; overflow-x: auto; }
"""


def page(title: str, body: str) -> str:
    """Return a whole HTML page.

    Args:
        title: Plain text.
        body: HTML.
    """
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def picture(path: Path, alt: str, max_px: int = 512) -> str:
    """Return a picture as an element that holds it.

    Args:
        path: The picture file.
        alt: What it shows, as plain text.
        max_px: Longest side; larger ones are shrunk.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    image.thumbnail((max_px, max_px))
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=88, method=4)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/webp;base64,{data}">'
