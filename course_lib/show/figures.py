"""Pictures that stand still: matplotlib, one palette, the message in the title, and the plotted numbers as a twin."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter

from course_lib.by_hand.ledger import Shown
from course_lib.show.svg import LIGHT, image
from course_lib.show.tables import Table
from course_lib.words import words


@dataclass(frozen=True, repr=False)
class Figure(Shown):
    """A drawn picture, what it shows in words, and its numbers."""

    png: bytes
    alt: str
    table: Table

    def bundle(self) -> dict[str, str]:
        twin = f"<details><summary>{escape(words('numbers'))}</summary>{self.table.html()}</details>"
        return {"text/html": image(self.png, self.alt, "png", "900") + twin, "text/plain": f"{self.alt}\n{self.table.text()}"}


def _panels(title: str, height: float, count: int = 1) -> tuple[Canvas, list]:
    """An empty figure with its title, and its axes side by side."""
    figure = Canvas(figsize=(9, height), dpi=150, layout="constrained", facecolor=LIGHT["paper"])
    figure.suptitle(title, x=0.01, ha="left", fontsize=15, fontweight="bold", color=LIGHT["ink"], parse_math=False)
    panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.spines[:].set_visible(False)
        axes.tick_params(colors=LIGHT["ink"], labelsize=12, length=0)
    return figure, panels


def _drawn(figure: Canvas, alt: str, table: Table) -> Figure:
    figure.savefig(buffer := io.BytesIO(), format="png", metadata={"Software": None})
    return Figure(buffer.getvalue(), alt, table)


def _names(what: str, values: dict[str, dict]) -> list[str]:
    """The names that all units share, or an error that says what is amiss."""
    names = list(next(iter(values.values()), ())) if all(isinstance(numbers, dict) for numbers in values.values()) else []
    if not names:
        raise ValueError(f"{what}: give numbers by name under their unit, such as parameters={{'conv1': 380, 'fc1': 24704}}")
    for unit, numbers in values.items():
        if set(numbers) != set(names):
            raise ValueError(f"{what}: {unit} has other names than {next(iter(values))}: {', '.join(map(str, set(numbers) ^ set(names)))}")
        if lowest := [name for name in names if min(numbers[name] if what == "lines" else [numbers[name]], default=0) < 0]:
            raise ValueError(f"{what}: {lowest[0]} is below 0, and this picture begins at 0")
    return names


def bars(title: str, /, **values: dict[str, int]) -> Figure:
    """One bar a name, its number at its end; one panel a unit, all of the same names: parameters={'conv1': 380, …}.

    >>> bars("Most parameters sit in fc1", parameters={"conv1": 380, "fc1": 24704})
    Bar chart: Most parameters sit in fc1. conv1 380, fc1 24,704 parameters.
    what   parameters
    conv1         380
    fc1        24,704
    """
    names = _names("bars", values)
    figure, panels = _panels(title, 1 + 0.5 * len(names), len(values))
    for axes, (unit, numbers) in zip(panels, values.items(), strict=True):
        widths = [numbers[name] for name in names]
        most = max(widths) or 1
        axes.barh(range(len(names)), widths, color=[LIGHT["orange" if width == most else "blue"] for width in widths], height=0.62)
        for i, width in enumerate(widths):
            axes.text(width + most * 0.01, i, f"{width:,}", va="center", fontsize=13, color=LIGHT["ink"])
        axes.set(xticks=[], xlim=(0, most * (1.08 + 0.06 * len(values) ** 2)))
        if len(values) > 1:
            axes.set_title(unit, loc="left", fontsize=13, color=LIGHT["ink"], parse_math=False)
    panels[0].set_yticks(range(len(names)), names, parse_math=False)
    panels[0].invert_yaxis()
    said = "; ".join(f"{', '.join(f'{name} {n:,}' for name, n in numbers.items())} {unit}" for unit, numbers in values.items())
    rows = [[str(name), *(f"{numbers[name]:,}" for numbers in values.values())] for name in names]
    return _drawn(figure, words("bars_alt", title=title, said=said), Table([f"<{words('what')}", *values], rows))


def lines(title: str, along: str, places: Sequence[int], /, **values: dict[str, Sequence[int]]) -> Figure:
    """One line a name over the places along the axis, its name at its end, and a dot where two lines cross.

    >>> lines("Kept passes stored", "batch", [1, 2, 3], bytes={"stored": [5, 5, 5], "kept": [3, 6, 9]})
    Line chart: Kept passes stored. stored 5 to 5, kept 3 to 9 bytes, for batch 1 to 3.
    batch  stored  kept
        1       5     3
        2       5     6
        3       5     9
    """
    names, (unit, series) = _names("lines", values), next(iter(values.items()))
    if len(values) > 1 or len(names) > 4:
        raise ValueError("lines: one unit and four lines at most; a second picture shows more")
    if wrong := [name for name in names if len(series[name]) != len(places)]:
        raise ValueError(f"lines: {wrong[0]} has {len(series[wrong[0]])} numbers for {len(places)} places")
    if list(places) != sorted(set(places)) or len(places) < 2:
        raise ValueError(f"lines: the places along the axis must rise, two at least, unlike {list(places)}")
    figure, (axes,) = _panels(title, 4.2)
    for (name, numbers), colour in zip(series.items(), ("orange", "blue", "green", "ink"), strict=False):
        axes.plot(places, numbers, color=LIGHT[colour], linewidth=2.5)
        axes.annotate(name, (places[-1], numbers[-1]), (8, 0), textcoords="offset points", va="center", fontsize=13,
                      color=LIGHT[colour], annotation_clip=False, parse_math=False)  # fmt: skip
    for one, other in combinations(series.values(), 2):
        gaps = [a - b for a, b in zip(one, other, strict=True)]
        for i, j in pairwise(i for i, gap in enumerate(gaps) if gap):  # further apart than 1 where the lines meet at a place
            if (gaps[i] < 0) != (gaps[j] < 0):
                part = gaps[i] / (gaps[i] - gaps[i + 1])
                at, height = (ends[i] + part * (ends[i + 1] - ends[i]) for ends in (places, one))
                axes.plot([at], [height], "o", markersize=9, color=LIGHT["ink"])
    axes.set_xlabel(along, fontsize=13, color=LIGHT["ink"], parse_math=False)
    axes.set_ylabel(unit, fontsize=13, color=LIGHT["ink"], parse_math=False)
    axes.set(xlim=(places[0], places[-1]), ylim=(0, None))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.15g}"))
    axes.grid(axis="y", color=LIGHT["line"], linewidth=0.8)
    ends = ", ".join(f"{name} {numbers[0]:,} to {numbers[-1]:,}" for name, numbers in series.items())
    alt = words("lines_alt", title=title, ends=ends, unit=unit, along=along, first=places[0], last=places[-1])
    rows = [[f"{place:,}", *(f"{numbers[i]:,}" for numbers in series.values())] for i, place in enumerate(places)]
    return _drawn(figure, alt, Table([along, *map(str, series)], rows))
