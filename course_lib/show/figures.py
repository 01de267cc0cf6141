"""Pictures that stand still: matplotlib, one palette, the message in the title, and the plotted numbers as a twin."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

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


def bars(title: str, values: dict[str, int], unit: str) -> Figure:
    """One bar a name, its number at its end: {'conv1': 380, …}, unit as said in the alt text.

    >>> bars("Most parameters sit in fc1", {"conv1": 380, "fc1": 24704}, "parameters")
    Bar chart: Most parameters sit in fc1. conv1 380, fc1 24,704 parameters.
    what   parameters
    conv1         380
    fc1        24,704
    """
    names, most, buffer = list(values), max(1, *values.values()), io.BytesIO()
    figure = Canvas(figsize=(9, 1 + 0.5 * len(values)), dpi=150, layout="constrained", facecolor=LIGHT["paper"])
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=15, fontweight="bold", color=LIGHT["ink"], parse_math=False)
    axes.barh(names, list(values.values()), color=[LIGHT["orange" if v == most else "blue"] for v in values.values()], height=0.62)
    for i, value in enumerate(values.values()):
        axes.text(value + most * 0.01, i, f"{value:,}", va="center", fontsize=13, color=LIGHT["ink"])
    axes.set(xticks=[], xlim=(0, most * 1.14))
    axes.invert_yaxis()
    axes.tick_params(colors=LIGHT["ink"], labelsize=12, length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(buffer, format="png", metadata={"Software": None})
    alt = words("bars_alt", title=title, values=", ".join(f"{n} {v:,}" for n, v in values.items()), unit=unit)
    return Figure(buffer.getvalue(), alt, Table([f"<{words('what')}", unit], [[name, f"{value:,}"] for name, value in values.items()]))
