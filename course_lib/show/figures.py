"""Charts that stand still, drawn by matplotlib as SVG: the message in the title, the numbers as a twin, text as text in any language."""

import re
import sys
import textwrap
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import Path

from course_lib.show.svg import LIGHT, colour, described, image
from course_lib.show.tables import Shown, Table, columns
from course_lib.words import words

WIDTH, SIZE = 900, 18  # px: of a chart, and of its text
NEEDLESS = re.compile(r'<!--.*?-->|<metadata>.*?</metadata>|; font-family: [^;"]*| transform="rotate\(-0 [^"]*"|(?<=\d)pt(?=")', re.DOTALL)
INKS = {light: colour(name) for name, light in LIGHT.items()}


@dataclass(frozen=True, repr=False)
class Figure(Shown):
    """A drawn chart, what it shows in words, and its numbers."""

    svg: str
    alt: str
    table: Table

    def bundle(self) -> dict[str, str]:
        twin = f"<details><summary>{escape(words('numbers'))}</summary>{self.table.html()}</details>"
        return {"text/html": image(self.svg, self.alt, str(WIDTH)) + twin, "text/plain": f"{self.alt}\n{self.table.text()}"}


@contextmanager
def _course_style() -> Iterator[None]:
    """matplotlib's own settings, whatever the reader's are, and the course's. Letters that its font lacks, the reader's browser has."""
    from matplotlib import style

    with style.context(["default", Path(__file__).with_name("charts.mplstyle")]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph ")
        yield


def chart(drawn, alt: str, /, *numbers: tuple[str, Sequence]) -> Figure:
    """What you have drawn with matplotlib, its Figure or its Axes, shown as the course's charts are: SVG, an alt text, the numbers.

    The numbers are columns of one length, each behind its heading. A figure of pyplot is closed, so that it shows once.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> _ = axes.plot([1, 2, 3], [1, 4, 9])
    >>> chart(axes, "Line chart: squares grow faster.", ("number", [1, 2, 3]), ("square", [1, 4, 9]))
    Line chart: squares grow faster.
    number  square
         1       1
         2       4
         3       9
    """
    file = StringIO()
    drawn.figure.draw_without_rendering()  # numbers along an axis are made now, by the settings that made the rest: powers, too
    with _course_style():
        drawn.figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(drawn.figure)
    svg = NEEDLESS.sub("", file.getvalue().partition("<svg ")[2])
    svg = re.sub("(?<=(?:fill|roke): )#[0-9a-f]{6}", lambda ink: INKS.get(ink[0], ink[0]), svg)
    headings, columns = zip(*numbers, strict=True)
    side = "<" if isinstance(columns[0][0], str) else ""
    rows = [[cell if isinstance(cell, str) else f"{cell:,}" for cell in row] for row in zip(*columns, strict=True)]
    return Figure(f"<svg {described(alt)} {svg}", alt, Table([side + headings[0], *headings[1:]], rows))


def _by_name(what: str, values: dict[str, dict]) -> dict[str, dict]:
    """The numbers of all units in the order of the first's names, or an error that says what is amiss."""
    import numpy as np

    first = next(iter(values), None)
    if not values or not values[first] or not all(isinstance(numbers, dict) for numbers in values.values()):
        raise ValueError(words("chart.by_name", chart=what))
    for unit, numbers in values.items():
        if other := numbers.keys() ^ values[first].keys():
            raise ValueError(words("chart.other_names", chart=what, unit=unit, first=first, names=", ".join(map(str, other))))
        if below := [name for name, number in numbers.items() if np.min(number, initial=0) < 0]:
            raise ValueError(words("chart.below_0", chart=what, name=below[0]))
    return {unit: {name: numbers[name] for name in values[first]} for unit, numbers in values.items()}


def _wide(text: object, size: float = SIZE) -> float:
    """Pixels that a text takes at most: which font draws it, the reader's machine decides. A Chinese letter is square."""
    text = str(text)
    return size * (0.7 * len(text) + 0.35 * (columns(text) - len(text)))


def _axes(title: str, high: float, below: float, left: float, right: float, panels: int = 1):
    """Axes so many pixels high, and so far from the picture's other edges, under a title that takes the lines it needs."""
    from matplotlib import figure

    fits = (WIDTH - 16) / _wide(title or " ", 1)  # px of a title's letters that stand in one line
    size = max(SIZE, min(22, round(fits)))
    written = textwrap.wrap(title, int(len(title) * fits / size) or 1)
    top, height = below + high, below + high + 48 + 28 * len(written)
    page = figure.Figure((WIDTH / 72, height / 72), dpi=72)
    for i, line in enumerate(reversed(written)):
        page.text(8, top + 48 + 28 * i, line, size=size, weight="bold", transform=None)
    room = {"left": left / WIDTH, "right": 1 - right / WIDTH, "bottom": below / height, "top": top / height, "wspace": 0}
    return page.subplots(1, panels, sharey=True, squeeze=False, gridspec_kw=room)[0]


def _panel(axes, unit: str, numbers: dict[str, int], marked: Collection[str]) -> None:
    """A bar for each number from above, with room for the numbers at their ends; what is marked tells in grey, too."""
    written, most = [f"{number:,}" for number in numbers.values()], float(max(numbers.values())) or 1
    scale = axes.bbox.width / (axes.bbox.width - 20 - max(map(_wide, written)))
    axes.set(title=unit, xlim=(0, most * scale), ylim=(len(numbers) - 0.5, -0.5), xticks=[])
    axes.set_yticks(range(len(numbers)), map(str, numbers))
    inks = [LIGHT["orange" if name in marked else "blue"] for name in numbers]
    drawn = axes.barh(range(len(numbers)), list(map(float, numbers.values())), 30 / 42, color=inks)
    for name, text in zip(numbers, axes.bar_label(drawn, written, padding=8), strict=True):
        text.set(va="center_baseline", weight="bold" if name in marked else "normal")


@_course_style()
def bars(title: str, /, **values: dict[str, int]) -> Figure:
    """One bar a name, its number at its end; one panel a unit, all of the same names: parameters={'conv1': 380, …}.

    >>> bars("Most parameters sit in fc1", parameters={"conv1": 380, "fc1": 24704})
    Bar chart: Most parameters sit in fc1. conv1 380, fc1 24,704 parameters.
    what   parameters
    conv1         380
    fc1        24,704
    """
    values = _by_name("bars", values)
    names = list(next(iter(values.values())))
    meant = [name for name in names if re.search(rf"(?<!\w){re.escape(str(name))}(?!\w)", title, re.IGNORECASE)]
    panels = _axes(title, 42 * len(names), 12, 20 + max(map(_wide, names)), 10, len(values))
    for axes, (unit, numbers) in zip(panels, values.items(), strict=True):
        longest = [name for name in names if numbers[name] == max(numbers.values())]
        _panel(axes, unit, numbers, meant if 0 < len(meant) < len(names) else longest)
    said = "; ".join(f"{', '.join(f'{name} {number:,}' for name, number in numbers.items())} {unit}" for unit, numbers in values.items())
    columns = [(unit, list(numbers.values())) for unit, numbers in values.items()]
    return chart(axes, words("bars_alt", title=title, said=said), (words("what"), list(map(str, names))), *columns)
