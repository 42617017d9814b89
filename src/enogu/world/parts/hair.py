"""Hair in layers: behind the head, the cap on it, fringe and side locks in front of the face."""

from enogu.world import svg
from enogu.world.look import Look

LINE_PX = 2.6


def _mass(look: Look, d: str, *, shaded: bool = False) -> str:
    tone = look.hair
    return svg.shape(d, tone.shade if shaded else tone.base, line=tone.line, width=LINE_PX)


def draw_back_hair(look: Look) -> str:
    """Return what hangs or stands behind head and body."""
    style, n = look.traits["hair_style"], look.hair_length
    tone = look.hair
    if style == "long":
        end = 200 + 46 * n
        d = (
            f"M50 90 C32 150 44 200 36 {end:.0f} Q56 {end - 2:.0f} 66 {end - 14:.0f} "
            f"Q72 {end + 2:.0f} 90 {end + 4:.0f} L166 {end + 4:.0f} Q184 {end + 2:.0f} 190 "
            f"{end - 14:.0f} Q200 {end - 2:.0f} 220 {end:.0f} C212 200 224 150 206 90Z"
        )
        return _mass(look, d, shaded=True)
    if style == "bob":
        d = (
            "M50 88 C38 130 38 160 49 184 Q70 192 92 184 L164 184 Q186 192 207 184 "
            "C218 160 218 130 206 88Z"
        )
        return _mass(look, d, shaded=True)
    if style == "short":
        d = (
            "M50 92 C41 122 46 146 55 166 L68 158 L76 172 L90 162 L166 162 L180 172 L188 158 "
            "L201 166 C210 146 215 122 206 92Z"
        )
        return _mass(look, d, shaded=True)
    nape = _mass(
        look, "M62 96 C54 126 60 150 72 164 L184 164 C196 150 202 126 194 96Z", shaded=True
    )
    if style == "twintails":
        return nape + svg.mirrored(_tail(look))
    if style == "ponytail":
        return _ponytail(look) + nape
    return nape + svg.mirrored(
        svg.ellipse(66, 42, 29, 28, tone.base, line=tone.line, width=LINE_PX)
        + svg.stroke("M50 34 Q68 22 82 40 Q78 58 60 56 Q54 44 67 40", tone.shade, 3.2)
        + svg.stroke("M47 40 Q51 27 62 23", tone.light, 4.2)
    )


def _tail(look: Look) -> str:
    """Return the viewer's left twintail, from the temple down past the shoulder."""
    tone, n = look.hair, look.hair_length
    y = 84.0
    d = (
        f"M64 {y:.0f} C32 {y - 22:.0f} 8 {y + 18:.0f} 14 {y + 66 * n:.0f} "
        f"C16 {y + 104 * n:.0f} 26 {y + 116 * n:.0f} 20 {y + 142 * n:.0f} "
        f"C40 {y + 132 * n:.0f} 46 {y + 116 * n:.0f} 47 {y + 102 * n:.0f} "
        f"L53 {y + 120 * n:.0f} C62 {y + 86 * n:.0f} 50 {y + 52:.0f} 70 {y + 18:.0f}Z"
    )
    strands = svg.stroke(
        f"M54 {y + 6:.0f} C28 {y + 14:.0f} 26 {y + 62:.0f} 30 {y + 100 * n:.0f} "
        f"M60 {y + 14:.0f} C44 {y + 34:.0f} 40 {y + 64:.0f} 44 {y + 92 * n:.0f}",
        tone.shade,
        3.4,
    )
    shine = svg.stroke(f"M21 {y + 44:.0f} Q24 {y + 20:.0f} 38 {y + 8:.0f}", tone.light, 5)
    return _mass(look, d) + strands + shine


def _ponytail(look: Look) -> str:
    """Return one high tail that swings out to the viewer's right."""
    tone, n = look.hair, look.hair_length
    d = (
        f"M150 52 C196 4 250 40 244 {104 * n:.0f} C242 {146 * n:.0f} 226 {160 * n:.0f} 236 "
        f"{196 * n:.0f} C210 {188 * n:.0f} 200 {166 * n:.0f} 202 {144 * n:.0f} "
        f"L194 {160 * n:.0f} C184 128 204 96 176 78Z"
    )
    strands = svg.stroke(
        f"M176 56 C214 48 226 92 218 {140 * n:.0f} M176 66 C204 72 212 100 206 {128 * n:.0f}",
        tone.shade,
        3.4,
    )
    shine = svg.stroke("M204 40 Q228 50 232 82", tone.light, 5)
    return _mass(look, d) + strands + shine


_FRINGES: tuple[str, ...] = (
    # Straight strands with one gap.
    "C60 104 62 116 66 126 C70 116 74 110 80 104 C80 114 82 121 88 128 C92 116 98 106 106 98 "
    "C105 110 107 118 112 126 C118 116 124 106 {p:.1f} 94 C132 106 138 116 146 125 "
    "C149 117 150 108 149 98 C158 106 164 116 168 127 C173 120 175 112 175 104 "
    "C182 110 186 116 190 126 C194 116 196 108 201 98",
    # Swept to one side.
    "C58 110 60 122 66 132 C68 120 74 112 82 106 C82 116 84 124 90 130 C96 112 112 100 {p:.1f} 84 "
    "C130 100 120 112 118 124 C134 118 148 108 156 94 C158 108 156 118 152 127 "
    "C166 120 174 110 176 100 C182 110 186 120 190 130 C196 118 199 108 201 98",
    # Parted in the middle.
    "C58 112 60 124 66 134 C70 122 78 114 86 108 C85 116 86 122 90 128 C102 118 118 104 {p:.1f} 78 "
    "C140 104 154 118 166 128 C170 122 171 116 170 108 C178 114 186 122 190 134 "
    "C196 124 199 112 201 98",
)


def draw_front_hair(look: Look) -> str:
    """Return the cap of hair with fringe, its shine, and the locks beside the face."""
    tone = look.hair
    peak = 128 + look.parting
    fringe = _FRINGES[look.fringe].format(p=peak)
    cap = f"M55 98 {fringe} C216 56 184 19 128 19 C72 19 40 56 55 98Z"
    # The ring of light is cut to the cap, so it never reaches skin or hat.
    ring = (
        "M52 78 Q70 60 84 64 L88 58 L94 64 Q106 56 118 60 L122 52 L128 59 Q142 56 152 62 "
        "L158 56 L162 64 Q186 60 206 78 Q184 72 164 74 L160 82 L154 73 Q140 68 128 70 L124 78 "
        "L118 70 Q104 70 96 75 L92 84 L86 77 Q70 76 52 88Z"
    )
    body = svg.clip_path("cap", cap) + _mass(look, cap)
    body += svg.group(svg.shape(ring, tone.light, opacity=0.85), clip="cap")
    body += svg.stroke(
        f"M{peak:.1f} 22 Q{peak - 14:.1f} 44 {peak - 16:.1f} 76 M{peak + 4:.1f} 22 "
        f"Q{peak + 20:.1f} 44 {peak + 24:.1f} 74 M72 56 Q62 76 66 102 M186 56 Q196 78 191 102",
        tone.shade,
        2.6,
    )
    return svg.mirrored(_side_lock(look)) + body


def _side_lock(look: Look) -> str:
    """Return the viewer's left lock; its length goes with the style."""
    style, tone = look.traits["hair_style"], look.hair
    end = {"long": 206, "bob": 172, "short": 150, "twintails": 166, "ponytail": 172}.get(style, 160)
    d = (
        f"M55 88 C46 112 51 138 57 {end - 22} Q60 {end - 8} 66 {end} "
        f"C74 {end - 20} 73 140 74 118 Q70 104 72 92Z"
    )
    line = svg.stroke(f"M63 104 Q62 130 66 {end - 20}", tone.shade, 2.6)
    return _mass(look, d) + line


def draw_hair_ties(look: Look) -> str:
    """Return the ties of twintails and ponytail."""
    style = look.traits["hair_style"]
    if style == "twintails":
        tie = svg.ellipse(63, 88, 6, 9.5, "#e8505e", line="#6e1a26", width=2.2)
        return svg.mirrored(tie)
    if style == "ponytail":
        return svg.group(
            svg.ellipse(0, 0, 6, 11, "#e8505e", line="#6e1a26", width=2.2),
            "translate(171 56) rotate(-38)",
        )
    return ""
