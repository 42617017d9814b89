"""The colours of the drawn world: one four-tone ramp for each named colour."""

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """Four tones of one colour, as ``#rrggbb``."""

    base: str
    """The lit side; what a colour tag names."""
    shade: str
    """The shadow of two-tone cel shading."""
    light: str
    """Highlights."""
    line: str
    """Outlines drawn over this colour."""


HAIR: dict[str, Ramp] = {
    "black": Ramp(base="#3d3a49", shade="#292733", light="#6a6782", line="#15131c"),
    "brown": Ramp(base="#8d5a3b", shade="#683e28", light="#b98660", line="#3b2015"),
    "blonde": Ramp(base="#f5d26c", shade="#dba945", light="#fdeeb4", line="#7d5620"),
    "red": Ramp(base="#cb333c", shade="#97202f", light="#ef7a70", line="#4c0e1a"),
    "blue": Ramp(base="#4877dc", shade="#3154ab", light="#8bb0f6", line="#162a5e"),
    "green": Ramp(base="#4db064", shade="#33844d", light="#8edb97", line="#15452a"),
    "pink": Ramp(base="#f595b8", shade="#d96c97", light="#fdcadb", line="#7d2f53"),
    "purple": Ramp(base="#8b5ac6", shade="#643e99", light="#b990e8", line="#321a55"),
    "white": Ramp(base="#eaecf4", shade="#bac0d6", light="#ffffff", line="#575d78"),
    "orange": Ramp(base="#f28a33", shade="#c6621d", light="#fdb975", line="#6a2e0c"),
    "grey": Ramp(base="#9398a6", shade="#6c7181", light="#c3c8d4", line="#343846"),
    "aqua": Ramp(base="#5fd0d6", shade="#389fae", light="#b6f3ef", line="#164e5a"),
}

EYES: dict[str, Ramp] = {
    "blue": Ramp(base="#3f83ea", shade="#2150a8", light="#8fd0ff", line="#14234d"),
    "green": Ramp(base="#35b45c", shade="#1a7740", light="#97ee9e", line="#0d3320"),
    "red": Ramp(base="#dc3844", shade="#96182c", light="#ff9189", line="#420a16"),
    "brown": Ramp(base="#9a6236", shade="#66391d", light="#d9a06a", line="#331a0d"),
    "purple": Ramp(base="#9656d8", shade="#62309c", light="#d3a2ff", line="#2d1450"),
    "yellow": Ramp(base="#f2bd28", shade="#bc7c12", light="#ffee8c", line="#53310a"),
    "pink": Ramp(base="#f26ba6", shade="#bb3a78", light="#ffb8d8", line="#561437"),
    "aqua": Ramp(base="#2fc4cc", shade="#178391", light="#a4f7f2", line="#0b3a45"),
}

CLOTHES: dict[str, Ramp] = {
    "white": Ramp(base="#f6f6fa", shade="#cfd3e2", light="#ffffff", line="#5a5f75"),
    "black": Ramp(base="#3d3e4a", shade="#282933", light="#60626f", line="#141419"),
    "red": Ramp(base="#d5404a", shade="#a42738", light="#f07a78", line="#551019"),
    "blue": Ramp(base="#4574cd", shade="#2f529b", light="#7da3ec", line="#172a56"),
    "green": Ramp(base="#4da267", shade="#33784b", light="#83cb94", line="#153d26"),
    "yellow": Ramp(base="#f4cd57", shade="#d0a036", light="#fce59b", line="#6c4d14"),
    "pink": Ramp(base="#f6a4bf", shade="#dc7c9d", light="#fdd0de", line="#7a3350"),
    "purple": Ramp(base="#8c64c0", shade="#674596", light="#b592e0", line="#331d54"),
}

BACKGROUNDS: dict[str, str] = {
    "white": "#ffffff",
    "blue": "#9ccaf4",
    "pink": "#fac2d4",
    "yellow": "#fbe694",
    "green": "#a8dca4",
    "grey": "#b7bac3",
    "purple": "#cdb5ec",
}

SKINS: tuple[Ramp, ...] = (
    Ramp(base="#fde6d8", shade="#f4bfa9", light="#fff5ee", line="#8a4a3c"),
    Ramp(base="#fbdcc6", shade="#eeb195", light="#fff0e4", line="#874537"),
    Ramp(base="#f3c9a8", shade="#dc9c78", light="#fce3cd", line="#733a2a"),
    Ramp(base="#cf9a72", shade="#ab7450", light="#e6bd9b", line="#54291b"),
)

INK: tuple[str, ...] = ("#3a2430", "#2b2740", "#33271f")
"""Line colours of the face; which one is used varies with the seed."""


def to_rgb(colour: str) -> RGB:
    """Return ``#rrggbb`` as three numbers in 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(first: str, second: str, share: float) -> str:
    """Return a colour `share` (0..1) of the way from `first` to `second`."""
    pairs = zip(to_rgb(first), to_rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


GRAPHITE = "#57525f"
"""Line colour of the sketch style."""
_PAPER = "#f7f4ec"


def paper(colour: str) -> str:
    """Return `colour` as a thin wash on sketching paper."""
    return mix(colour, _PAPER, 0.3)


def ramp_from(base: str) -> Ramp:
    """Return four tones around `base`, shadows a little bluer and lines much darker."""
    return Ramp(
        base=base,
        shade=mix(base, "#3a2560", 0.26),
        light=mix(base, "#ffffff", 0.45),
        line=mix(base, "#1d1026", 0.72),
    )


def styled(ramp: Ramp, style: str) -> Ramp:
    """Return `ramp` as a rendering style shows it."""
    if style == "flat color":
        # No shadows, no highlights, and lines that are hardly darker than the area.
        return Ramp(base=ramp.base, shade=ramp.base, light=ramp.base, line=ramp.shade)
    if style == "sketch":
        return Ramp(
            base=paper(ramp.base), shade=mix(ramp.base, _PAPER, 0.12), light=_PAPER, line=GRAPHITE
        )
    return ramp
