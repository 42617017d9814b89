"""Features that no tag describes; only the held-out concepts wear them."""

from enogu.world import svg
from enogu.world.look import Look


def draw_head_extras(look: Look) -> str:
    """Return what is worn on hair and face."""
    parts: list[str] = []
    if "star hairpin" in look.extras:
        parts.append(
            svg.shape(svg.star(46, 66, 21, 9.5, turn=12), "#ffd23d", line="#8a5a10", width=2.8)
        )
        parts.append(svg.ellipse(42, 62, 3, 3, "#fff6c8"))
    if "moon cheek" in look.extras:
        moon = "M-34 150a11 11 0 1 0 11 15a9.500 9.500 0 0 1 -11 -15Z"
        parts.append(svg.shape(moon, "#7a5cd6", line="#3c2880", width=2))
    return "".join(parts)


def draw_body_extras(look: Look) -> str:
    """Return what is worn over the clothes."""
    if "crest scarf" not in look.extras:
        return ""
    line = "#5e1512"
    tail = svg.shape("M12 200L44 196L48 246L20 250Z", "#d9402f", line=line, width=2.8)
    wrap = svg.shape(
        "M-36 178Q0 204 36 178Q48 194 38 208Q0 228 -38 208Q-48 194 -36 178Z",
        "#ea5340",
        line=line,
        width=2.8,
    )
    fold = svg.stroke("M-30 200Q0 214 30 200", "#b93124", 3)
    crest = svg.ellipse(33, 226, 10, 10, "#fff4d8", line=line, width=2)
    crest += svg.shape("M33 217L40 226L33 235L26 226Z", "#2d62b8")
    return tail + wrap + fold + crest
