"""What a card shows: a View, and the layouts, each of which picks from it what a desk or a projector has room for."""

from collections.abc import Callable
from html import escape
from operator import attrgetter
from typing import NamedTuple

from course_lib.show.svg import image
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import words

FACTS = attrgetter("output_shape", "params", "macs")  # a layer changed where one of these did


class Total(NamedTuple):
    """A big number, what it is, and its change against the start, which `shown` writes."""

    value: str
    label: str
    change: int = 0
    shown: Callable[[int], str] = "{:,}".format


class View(NamedTuple):
    """What a card shows for its sliders' values."""

    totals: list[Total]
    draw: Callable[[int], str]  # the picture, for so many pixels on the screen
    alt: str
    table: Table
    changes: dict[int, int] | None = None  # rows of the table that a projector may list, and by how much each changed
    change_column: int = 0  # where the table says so; what stands behind it is not for a projector
    ends: dict[str, int | list] = {}  # of controls that follow the other values: a slider's highest, a menu's choices
    width: int = 1400  # for the picture

    def html(self) -> str:
        """The card under its sliders."""
        totals = "".join(
            f'<div><span class="big">{escape(total.value)}</span> <span class="change">{escape(arrow(total.change, total.shown))}</span>'
            f'<br><span class="quiet">{escape(total.label)}</span></div>'
            for total in self.totals
        )
        table = f'<div class="wide" tabindex="0">{self.table.html()}</div>' if self.table.rows else ""
        return f'<div class="totals" aria-live="polite">{totals}</div>{self.draw(self.width)}{table}'

    def bundle(self) -> dict[str, str]:
        """The card without its kernel: the picture in an <img> with its alt text, and the numbers as a table and as text."""
        summary = " · ".join(f"{total.value} {total.label}" for total in self.totals)
        html, text = (self.table.html(), self.table.text()) if self.table.rows else ("", "")
        drawn = image(self.draw(self.width), self.alt)
        return {"text/html": f"<p><b>{escape(summary)}</b></p>{drawn}{html}", "text/plain": f"{summary}\n{self.alt}\n{text}".strip()}


def over_last_picture(problem: str, drawn: str) -> str:
    """What does not fit, told over the last picture, dimmed, so that nothing moves."""
    return f'<div class="over"><p class="problem" role="alert">{escape(problem)}</p></div><div class="dimmed">{drawn}</div>'


BLANK = "\u00a0"  # a row without a letter has no height
ROOM = 3  # rows for changes on a projector; where more changed, the last says how many


def projector(view: View) -> View:
    """Two totals, and of the table, if it lists changes, the rows that changed most, up to the change, in a room that is always kept."""
    table, changes, change = view.table, view.changes, view.change_column
    view = view._replace(totals=view.totals[:2], table=Table([], []), width=1060)
    if changes is None:
        return view
    most = sorted(changes, key=lambda i: -abs(changes[i]))[: ROOM - (len(changes) > ROOM)]
    columns = [0, change, *range(1, change)]
    rows = [[table.rows[i][column] for column in columns] for i in sorted(most)]
    others = len(changes) - len(rows)
    note = words("more", n=others) if others else "" if changes else words("what_changes")
    rows += [[Cell(text, "quiet"), *[""] * change] for text in [note or BLANK, BLANK, BLANK][: ROOM - len(rows)]]
    return view._replace(table=Table([table.columns[column] for column in columns], rows, marked=frozenset(range(len(most)))))


LAYOUTS: dict[str, Callable[[View], View]] = {"desk": lambda view: view, "projector": projector}
