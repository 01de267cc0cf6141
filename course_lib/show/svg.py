"""Pictures as SVG written by plain Python: the same string on every run, and colours that follow the theme."""

import base64
from html import escape
from unicodedata import east_asian_width

# One palette for the whole course: (name, light, dark). In a card the names follow the theme; elsewhere light is used.
PALETTE = (
    ("ink", "#1a1a2e", "#e8eaf0"),
    ("quiet", "#566076", "#a9b1c2"),
    ("paper", "#ffffff", "#111418"),
    ("line", "#cbd5e0", "#4a5365"),
    ("blue", "#2a6ab3", "#7db4f0"),
    ("pale", "#dbe8f6", "#1e3450"),
    ("input", "#ececec", "#33373f"),
    ("orange", "#c05621", "#f09a5e"),
    ("warm", "#fff5eb", "#33241a"),
    ("green", "#1f6f43", "#74c99b"),
)
LIGHT = {name: light for name, light, _ in PALETTE}


def colour(name: str) -> str:
    return f"var(--course-{name}, {LIGHT[name]})"


def box(x, y, width, height, fill: str, edge: str = "", thick: float = 1.2) -> str:
    stroke = f' stroke="{colour(edge)}" stroke-width="{thick:g}"' if edge else ""
    paint = colour(fill) if fill else "none"
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{paint}"{stroke}/>'


def text_width(text: str) -> float:
    """How wide a text is, in heights of its letters: a Latin letter 0.6, a multiplication sign 0.8, a Chinese letter 1.

    >>> text_width("fc1"), text_width("全连接")
    (1.8, 3.0)
    """
    return round(sum(1.0 if east_asian_width(letter) in "WF" else 0.8 if letter == "×" else 0.6 for letter in text), 1)


def label(x: float, y: float, text: str, size: int = 20, tone="ink", anchor="middle", bold=False, room: float | None = None) -> str:
    """A text at a place; where it would be wider than its `room`, in smaller letters."""
    if room and text:
        size = max(1, min(size, int(room / text_width(text))))
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour(tone)}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def described(alt: str) -> str:
    """The attributes by which a picture says what it shows, and in whose letters."""
    return f'role="img" aria-label="{escape(alt)}" font-family="system-ui, DejaVu Sans, sans-serif"'


def picture(width: float, height: float, parts: list[str], alt: str) -> str:
    """An SVG of its own: a background, the parts, and what it shows in words."""
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    background = box(0, 0, width, height, "paper")
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {described(alt)}>{background}{"".join(parts)}</svg>'


STILL = "#eceff4"  # behind a picture that cannot follow the theme: it glares in neither


def image(svg: str, alt: str, width: str = "100%") -> str:
    """An SVG as an <img> with its alt text, which shows in a notebook that nobody has trusted yet, too."""
    source = base64.b64encode(svg.replace(colour("paper"), STILL).encode()).decode()
    return f'<img alt="{escape(alt)}" width="{width}" src="data:image/svg+xml;base64,{source}">'
