"""Charts that stand still, drawn by matplotlib as SVG: the message in the title, the numbers as a twin, text as text in any language."""

import math
import re
import sys
import textwrap
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import StringIO
from itertools import chain, combinations, pairwise
from pathlib import Path

from course_lib.show.svg import LIGHT, colour, described, image
from course_lib.show.tables import Shown, Table, columns, digits
from course_lib.words import words

WIDTH, SIZE, LINE = 900, 18, 22  # px: of a chart, of its text, and from one line of text to the next
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


@_course_style()
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


def _frame(title: str, unit: str, along: str, ticks: Sequence[float], right: float, scale: str = "linear", lowest: float = 0):
    """Axes from the lowest number up, with both units and a line across at each tick."""
    written = [f"{tick:,.15g}" for tick in ticks]
    left = 20 + max(map(_wide, written))
    (axes,) = _axes(title, 256, 64, left, right)
    axes.set_title(unit, x=(8 - left) / axes.bbox.width, pad=18)
    axes.set(xlabel=along, xscale=scale, yscale=scale, ylim=(lowest, ticks[-1]))
    axes.set_yticks(ticks, written)
    axes.minorticks_off()
    axes.grid(axis="y")
    return axes


def _place_texts(axes, texts: list[tuple[str, float, float, dict]]) -> None:
    """Texts at their pixels, a line apart: pushed down by those above, and up by the axis."""
    free = math.inf
    for i, (text, x, y, looks) in enumerate(sorted(texts, key=lambda text: -text[2]), 1):
        free = min(max(y, axes.bbox.y0 + LINE * (len(texts) - i)), free - LINE)
        axes.text(x, free, text, transform=None, **looks)


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


def _crossings(places: Sequence[float], one: Sequence[float], other: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Where two lines change sides, as (place, height)."""
    import numpy as np

    gaps = np.array(one, float) - np.array(other, float)
    for i, j in pairwise(np.flatnonzero(gaps)):  # further apart than 1 where the lines meet at a place
        if gaps[i] * gaps[j] < 0:
            place = np.interp(0, np.sign(gaps[j]) * gaps[i : j + 1], places[i : j + 1])
            yield place, np.interp(place, places, np.array(one, float))


@_course_style()
def lines(title: str, along: str, places: Sequence[int], /, **values: dict[str, Sequence[int]]) -> Figure:
    """One line a name over the places along the axis, its name at its end, and a dot where two lines cross.

    >>> lines("Kept passes stored", "batch", [1, 2, 3], bytes={"stored": [5, 5, 5], "kept": [3, 6, 9]})
    Line chart: Kept passes stored. stored 5 to 5, kept 3 to 9 bytes, for batch 1 to 3.
    batch  stored  kept
        1       5     3
        2       5     6
        3       5     9
    """
    unit, series = next(iter(_by_name("lines", values).items()))
    if len(values) > 1 or len(series) > 4:
        raise ValueError(words("chart.too_many"))
    if wrong := [name for name, numbers in series.items() if len(numbers) != len(places)]:
        raise ValueError(words("chart.places", name=wrong[0], given=len(series[wrong[0]]), places=len(places)))
    if list(places) != sorted(set(places)) or len(places) < 2:
        raise ValueError(words("chart.rising", places=list(places)))
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(0, float(max(map(max, series.values())) or 1))
    axes = _frame(title, unit, along, ticks, 20 + max(map(_wide, series)))
    at = list(map(float, places))
    axes.set_xlim(at[0], at[-1])
    fit = int(axes.bbox.width / _wide(f"{places[-1]:,}  "))
    axes.xaxis.set_major_locator(MaxNLocator(max(1, min(8, fit)), steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter("{x:,.15g}")
    texts = []
    for name, numbers in series.items():
        (line,) = axes.plot(at, list(map(float, numbers)), clip_on=False)
        height = axes.transData.transform((at[-1], line.get_ydata()[-1]))[1]
        texts.append((str(name), axes.bbox.x1 + 10, height - 6, {"color": line.get_color()}))
    _place_texts(axes, texts)
    for one, other in combinations(series.values(), 2):
        for dot in _crossings(at, one, other):
            axes.plot(*dot, "o", color=LIGHT["ink"], markersize=12)
    said = ", ".join(f"{name} {numbers[0]:,} to {numbers[-1]:,}" for name, numbers in series.items())
    alt = words("lines_alt", title=title, ends=said, unit=unit, along=along, first=places[0], last=places[-1])
    return chart(axes, alt, (along, places), *((str(name), numbers) for name, numbers in series.items()))


def _tens(*numbers: float) -> list[float]:
    first, last = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers) * 1.01))
    return [10.0**power for power in range(first, last + 1)]


@_course_style()
def roofline(title: str, most: float, bandwidth: float, points: dict[str, tuple[float, float]], /) -> Figure:
    """Dots at (FLOPs for each byte, GFLOPS) under two roofs: the most GFLOPS, and GB/s times FLOPs for each byte; both axes by tens.

    Source: Williams, Waterman and Patterson, "Roofline", 2009.

    >>> roofline("The Linear layer waits for memory", 100, 20, {"conv": (166, 90), "Linear": (0.5, 9)})
    Roofline: The Linear layer waits for memory. 100 GFLOPS and 20 GB/s at most; conv 90 GFLOPS, Linear 9 GFLOPS.
    what    FLOPs per byte  GFLOPS  roof there
    conv               166      90         100
    Linear             0.5       9          10
    """
    if not points or min(most, bandwidth, *chain.from_iterable(points.values())) <= 0:
        raise ValueError(words("chart.roofline"))
    knee = most / bandwidth
    intensities, rates = zip(*points.values(), strict=True)
    roofs = {name: min(most, bandwidth * per_byte) for name, (per_byte, _) in points.items()}
    along, up = _tens(*intensities, knee / 10, knee * 10), _tens(*rates, most / 10, most)
    lowest = up[0] * (up[0] / up[-1]) ** 0.12  # room for a name below the lowest dot
    axes = _frame(title, "GFLOPS", words("per_byte"), up, 40, "log", lowest)
    axes.set_xlim(along[0], along[-1])
    axes.set_xticks(along, [f"{ten:,.15g}" for ten in along])
    corners = [max(along[0], lowest / bandwidth), knee, along[-1]], [max(bandwidth * along[0], lowest), most, most]
    axes.plot(*corners, color=LIGHT["ink"])
    (start, knee, end), (low, high, _) = axes.transData.transform(list(zip(*corners, strict=True))).T
    quiet = {"color": LIGHT["quiet"], "transform": None}
    axes.text(start + 0.75 * (knee - start) - 12, low + 0.75 * (high - low) + 6, words("memory_roof"), ha="right", **quiet)
    axes.text((knee + end) / 2, high + 12, words("processor_roof"), ha="center", **quiet)
    texts = []
    for name, point in points.items():
        ink = LIGHT["orange" if point[1] < roofs[name] / 4 else "blue"]
        axes.plot(*point, "o", color=ink, markersize=16, clip_on=False)
        x, y = axes.transData.transform(point)
        offset, side = (-36, "right") if x > WIDTH / 2 else (-8, "left")
        texts.append((name, x + offset, y - 26, {"ha": side}))
    _place_texts(axes, texts)
    said = ", ".join(f"{name} {digits(rate)} GFLOPS" for name, (_, rate) in points.items())
    alt = words("roofline_alt", title=title, most=digits(most), bandwidth=digits(bandwidth), said=said)
    columns = [list(map(digits, numbers)) for numbers in (intensities, rates, roofs.values())]
    headings = words("per_byte"), "GFLOPS", words("roof")
    return chart(axes, alt, (words("what"), list(points)), *zip(headings, columns, strict=True))
