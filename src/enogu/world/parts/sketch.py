"""Construction lines of the sketch style."""

from enogu.world import svg
from enogu.world.look import Look


def draw_guides(look: Look, place: str) -> str:
    """Return the circle of the head and the cross of the face, as they are left in a sketch."""
    if look.traits["style"] != "sketch":
        return ""
    turn = f"translate({look.head_dx:.2f} {look.head_dy:.2f}) rotate({look.tilt:.2f} 0 170)"
    guides = svg.stroke(svg.circle(0, 100, 80) + svg.circle(2, 98, 84), "#6f86b8", 1.8)
    guides += svg.stroke("M0 -2V196M-94 134Q0 142 94 134M-90 160Q0 168 90 160", "#6f86b8", 1.8)
    return svg.group(svg.group(guides, turn), place).replace("<path", '<path opacity="0.45"')
