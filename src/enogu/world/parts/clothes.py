"""Neck, shoulders and what is worn."""

from enogu.world import svg
from enogu.world.look import Look


def _torso(look: Look) -> str:
    """Return the outline of shoulders and chest down to the lower edge."""
    if look.is_boy:
        return (
            "M108 186 C86 190 62 196 52 214 C46 228 43 244 42 262 H214 C213 244 210 228 204 214 "
            "C194 196 170 190 148 186 Q128 198 108 186Z"
        )
    return (
        "M110 187 C92 192 74 198 66 214 C60 228 58 244 56 262 H200 C198 244 196 228 190 214 "
        "C182 198 164 192 146 187 Q128 198 110 187Z"
    )


def _arms(look: Look) -> str:
    x = 66 if look.is_boy else 76
    return f"M{x} 226 Q{x + 5} 242 {x + 3} 262 M{256 - x} 226 Q{251 - x} 242 {253 - x} 262"


def draw_body(look: Look) -> str:
    """Return neck and clothes."""
    skin = look.skin
    neck = svg.shape("M113 160 L113 186 Q128 200 143 186 L143 160Z", skin.base, line=skin.line)
    shadow = svg.shape("M114 170 Q128 184 142 170 L142 180 Q128 192 114 180Z", skin.shade)
    draw = {"shirt": _shirt, "serafuku": _serafuku, "hoodie": _hoodie, "dress": _dress}
    return neck + shadow + draw.get(look.traits["clothes"], _shirt)(look)


def _shirt(look: Look) -> str:
    tone = look.clothes
    d = _torso(look)
    body = svg.clip_path("torso", d) + svg.shape(d, tone.base)
    body += svg.group(
        svg.shape("M170 186 C176 210 178 236 172 262 H216 V186Z", tone.shade), clip="torso"
    )
    body += svg.shape(d, "none", line=tone.line, width=2.8) + svg.stroke(
        _arms(look), tone.line, 2.4
    )
    collar = svg.shape(
        "M111 182 L128 202 L116 216 L100 192Z", tone.light, line=tone.line, width=2.4
    )
    body += svg.mirrored(collar)
    body += svg.stroke("M128 204 V262", tone.line, 2.2)
    return (
        body
        + svg.ellipse(128, 224, 2.6, 2.6, tone.line)
        + svg.ellipse(128, 244, 2.6, 2.6, tone.line)
    )


def _serafuku(look: Look) -> str:
    d = _torso(look)
    body = svg.clip_path("torso", d) + svg.shape(d, "#f7f7fb")
    body += svg.group(
        svg.shape("M172 186 C178 210 180 236 174 262 H216 V186Z", "#d3d7e6"), clip="torso"
    )
    body += svg.shape(d, "none", line="#4c5270", width=2.8) + svg.stroke(
        _arms(look), "#4c5270", 2.4
    )
    navy, line = "#35508f", "#16244d"
    collar = svg.shape(
        "M110 182 L128 220 L112 232 Q92 222 76 224 Q78 198 110 182Z", navy, line=line
    )
    collar += svg.stroke("M85 218 Q100 215 112 224 L121 217", "#ffffff", 2.4)
    body += svg.mirrored(collar)
    bow = svg.shape(
        "M128 224 C116 212 104 218 106 228 C108 238 120 236 128 228Z",
        "#de3f4c",
        line="#6c1420",
        width=2.4,
    )
    bow += svg.shape("M126 228 L114 252 L122 250 L129 232Z", "#de3f4c", line="#6c1420", width=2.4)
    return body + svg.mirrored(bow) + svg.ellipse(128, 226, 5.5, 5.5, "#c22f3e", line="#6c1420")


def _hoodie(look: Look) -> str:
    tone = look.clothes
    hood = svg.shape(
        "M78 206 C66 178 88 164 108 168 L128 190 L148 168 C168 164 190 178 178 206 "
        "Q152 226 128 212 Q104 226 78 206Z",
        tone.shade,
        line=tone.line,
        width=2.8,
    )
    d = _torso(look)
    body = svg.clip_path("torso", d) + svg.shape(d, tone.base)
    body += svg.group(
        svg.shape("M172 186 C180 210 182 236 176 262 H216 V186Z", tone.shade), clip="torso"
    )
    body += svg.shape(d, "none", line=tone.line, width=2.8) + svg.stroke(
        _arms(look), tone.line, 2.4
    )
    rim = svg.shape(
        "M100 180 C84 184 80 200 90 208 Q112 204 128 218 Q144 204 166 208 "
        "C176 200 172 184 156 180 Q146 200 128 204 Q110 200 100 180Z",
        tone.light,
        line=tone.line,
        width=2.6,
    )
    cords = svg.stroke("M116 209 Q113 222 115 236 M140 209 Q143 222 141 236", tone.line, 5)
    cords += svg.stroke("M116 210 Q113 222 115 235 M140 210 Q143 222 141 235", "#f4f2ee", 2.6)
    return hood + body + rim + cords


def _dress(look: Look) -> str:
    tone, skin = look.clothes, look.skin
    d = _torso(look)
    body = svg.shape(d, skin.base, line=skin.line, width=2.8)
    front = (
        "M84 206 C92 214 100 214 108 206 Q128 222 148 206 C156 214 164 214 172 206 "
        "C178 226 178 246 180 262 H76 C78 246 78 226 84 206Z"
    )
    body += svg.clip_path("dress", front) + svg.shape(front, tone.base)
    body += svg.group(
        svg.shape("M158 200 C166 220 168 240 164 262 H190 V200Z", tone.shade), clip="dress"
    )
    body += svg.shape(front, "none", line=tone.line, width=2.8)
    strap = svg.stroke("M90 208 Q92 198 101 192", tone.line, 10) + svg.stroke(
        "M90 208 Q92 198 101 192", tone.base, 5.6
    )
    sleeve = svg.shape(
        "M62 222 C60 202 78 194 90 204 C88 218 82 232 72 238 Q64 232 62 222Z",
        tone.light,
        line=tone.line,
        width=2.6,
    )
    frill = svg.stroke("M84 210 q6 8 12 3 q6 8 13 2 q9 10 19 4", tone.light, 3.2)
    return body + svg.mirrored(strap + sleeve + frill)
