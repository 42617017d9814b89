"""Features that no tag describes; only the held-out concepts wear them."""

from enogu.world import svg
from enogu.world.look import Look


def draw_head_extras(look: Look) -> str:
    """Return what is worn on hair and face."""
    parts: list[str] = []
    if "star hairpin" in look.extras:
        gold = svg.star(176, 84, 19, 8.5, turn=12)
        parts.append(svg.shape(gold, "#ffd23d", line="#8a5a10", width=2.8))
        parts.append(svg.ellipse(172, 80, 3, 3, "#fff6c8"))
    if "moon cheek" in look.extras:
        moon = "M99 155 a8 8 0 1 0 8 11 a7 7 0 0 1 -8 -11Z"
        parts.append(svg.shape(moon, "#7a5cd6", line="#3c2880", width=1.6))
    return "".join(parts)


def draw_body_extras(look: Look) -> str:
    """Return what is worn over the clothes."""
    if "crest scarf" not in look.extras:
        return ""
    line = "#5e1512"
    tail = svg.shape("M140 200 L172 196 L176 248 L148 252Z", "#d9402f", line=line, width=2.8)
    wrap = svg.shape(
        "M92 178 Q128 204 164 178 Q176 194 166 208 Q128 228 90 208 Q80 194 92 178Z",
        "#ea5340",
        line=line,
        width=2.8,
    )
    fold = svg.stroke("M98 200 Q128 214 158 200", "#b93124", 3)
    crest = svg.ellipse(162, 226, 9.5, 9.5, "#fff4d8", line=line, width=1.8)
    crest += svg.shape("M162 218 L168 226 L162 234 L156 226Z", "#2d62b8")
    return tail + wrap + fold + crest
