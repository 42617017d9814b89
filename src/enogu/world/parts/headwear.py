"""Hats, crown, ears and bow; each may have a part behind the head and one in front."""

from enogu.world import svg
from enogu.world.look import Look


def draw_headwear_behind(look: Look) -> str:
    """Return the part that hair and head cover."""
    if look.traits["headwear"] == "cat ears":
        tone = look.hair
        outer = svg.shape(
            "M62 74 C52 40 54 16 62 8 C82 14 104 32 112 52Z", tone.base, line=tone.line, width=2.8
        )
        inner = svg.shape("M69 62 C62 42 62 28 66 22 C80 28 92 38 98 50Z", "#f7a9b4")
        return svg.mirrored(outer + inner)
    if look.traits["headwear"] == "witch hat":
        return svg.ellipse(128, 62, 112, 24, "#2c2144", line="#140d24", width=2.8)
    return ""


def draw_headwear(look: Look) -> str:
    """Return the part in front of the hair."""
    draw = {"witch hat": _witch_hat, "beret": _beret, "crown": _crown, "bow": _bow}
    kind = look.traits["headwear"]
    return draw[kind]() if kind in draw else ""


def _witch_hat() -> str:
    line = "#140d24"
    brim = (
        "M16 62 C30 44 60 42 76 40 L180 40 C196 42 226 44 240 62 C214 84 172 78 128 78 "
        "C84 78 42 84 16 62Z"
    )
    cone = (
        "M72 56 C84 30 96 14 122 2 C140 -6 164 -2 170 10 C158 8 152 14 154 22 "
        "C166 32 176 44 184 56 C160 66 96 66 72 56Z"
    )
    return (
        svg.shape(brim, "#4b3a78", line=line, width=2.8)
        + svg.shape(
            "M20 63 C50 78 90 72 128 72 C166 72 206 78 236 63 C212 82 172 77 128 77 "
            "C84 77 44 82 20 63Z",
            "#352857",
        )
        + svg.shape(cone, "#4b3a78", line=line, width=2.8)
        + svg.shape(
            "M140 6 C136 28 150 46 152 60 C170 60 180 58 184 56 C176 44 166 32 154 22 "
            "C152 14 150 8 140 6Z",
            "#352857",
        )
        + svg.shape(
            "M72 56 L79 42 C104 52 152 52 175 42 L184 56 C160 66 96 66 72 56Z",
            "#f0b83c",
            line="#6b4610",
            width=2.4,
        )
        + svg.shape("M119 47 H137 V62 H119Z", "none", line="#fff3c4", width=3.2)
    )


def _beret() -> str:
    line = "#5c1420"
    return (
        svg.shape(
            "M58 66 C40 48 54 18 100 8 C150 -2 210 14 216 42 C218 58 206 66 194 68 "
            "C150 50 104 50 58 66Z",
            "#d43e48",
            line=line,
            width=2.8,
        )
        + svg.shape(
            "M194 68 C206 66 218 58 216 42 C212 28 196 18 180 12 C196 30 196 46 176 58Z", "#a32838"
        )
        + svg.shape(
            "M60 66 C104 46 152 46 194 66 L192 76 C152 56 104 56 63 75Z",
            "#a32838",
            line=line,
            width=2.6,
        )
        + svg.stroke("M138 6 Q140 -2 148 -2", line, 6)
        + svg.stroke("M72 40 Q84 24 108 18", "#f08a88", 5.5)
    )


def _crown() -> str:
    d = "M74 58 L66 12 L96 36 L128 2 L160 36 L190 12 L182 58 Q128 44 74 58Z"
    gems = svg.ellipse(128, 38, 7, 8.5, "#e0384a", line="#6b1420", width=2)
    gems += svg.mirrored(svg.ellipse(94, 43, 5, 6, "#3f86e0", line="#16305e", width=2))
    tips = svg.ellipse(128, 4, 6.5, 6.5, "#ffe070", line="#7a5412", width=2.2)
    tips += svg.mirrored(svg.ellipse(66, 13, 6, 6, "#ffe070", line="#7a5412", width=2.2))
    return (
        svg.shape(d, "#f6c636", line="#7a5412", width=2.8)
        + svg.shape("M160 36 L190 12 L182 58 Q166 52 150 50Z", "#d99a1e")
        + svg.shape(
            "M74 58 Q128 44 182 58 L181 64 Q128 51 75 64Z", "#d99a1e", line="#7a5412", width=2.2
        )
        + svg.stroke("M78 30 L82 50", "#fff2b0", 4)
        + tips
        + gems
    )


def _bow() -> str:
    line = "#7a1430"
    loop = svg.shape(
        "M128 42 C112 10 70 4 64 20 C60 40 78 62 92 60 C108 58 120 50 128 42Z",
        "#ec4a6e",
        line=line,
        width=2.8,
    )
    loop += svg.shape(
        "M124 43 C110 36 92 34 82 44 C84 52 90 58 96 58 C108 56 118 50 124 43Z", "#bd2a50"
    )
    loop += svg.stroke("M76 22 Q84 15 98 19", "#ff9bb2", 4.5)
    return svg.mirrored(loop) + svg.shape(
        "M116 32 Q128 26 140 32 Q145 42 140 52 Q128 58 116 52 Q111 42 116 32Z",
        "#ec4a6e",
        line=line,
        width=2.8,
    )
