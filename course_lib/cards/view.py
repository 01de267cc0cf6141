"""What a card shows: a View, and the layouts, each of which picks from it what a desk or a projector has room for."""

from collections.abc import Callable
from html import escape
from typing import NamedTuple

from course_lib.show.svg import image
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import words


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
        said = " · ".join(f"{total.value} {total.label}" for total in self.totals)
        html, text = (self.table.html(), self.table.text()) if self.table.rows else ("", "")
        drawn = image(self.draw(self.width), self.alt)
        return {"text/html": f"<p><b>{escape(said)}</b></p>{drawn}{html}", "text/plain": f"{said}\n{self.alt}\n{text}".strip()}


def over_last_picture(problem: str, drawn: str) -> str:
    """What does not fit, told over the last picture, dimmed, so that nothing moves."""
    return f'<div class="over"><p class="problem" role="alert">{escape(problem)}</p></div><div class="dimmed">{drawn}</div>'


ROOM = 3  # rows for changes on a projector; where more changed, the last says how many


def projector(view: View) -> View:
    """Two totals, and of the table the rows that changed most, with the change beside the name, in a room that is always kept."""
    return view._replace(totals=view.totals[:2], table=_changed(view.table, view.changes), width=1060)


LAYOUTS: dict[str, Callable[[View], View]] = {"desk": lambda view: view, "projector": projector}


def _changed(table: Table, changes: dict[int, int] | None) -> Table:
    """The rows that changed most, in their order; no row where a table has none to list. What stands behind the change is left out."""
    if changes is None:
        return Table([], [])
    most = sorted(changes, key=lambda i: -abs(changes[i]))[: ROOM - (len(changes) > ROOM)]
    change = table.columns.index(words("change"))
    columns = [0, change, *range(1, change)]
    rows = [[table.rows[i][column] for column in columns] for i in sorted(most)]
    more = len(changes) - len(rows)
    said = words("more", n=more) if more else "" if changes else words("what_changes")
    for i in range(ROOM - len(rows)):
        rows.append([Cell((i == 0 and said) or "\u00a0", "quiet"), *[""] * change])
    return Table([table.columns[column] for column in columns], rows, marked=frozenset(range(len(most))))
