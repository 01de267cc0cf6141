"""One table renderer: the same cells as HTML and as plain text, so that every table has its twin."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple
from unicodedata import combining, east_asian_width


def times(sizes: Iterable[int]) -> str:
    """Sizes as people write them: (5, 12, 12) is 5×12×12."""
    return "×".join(map(str, sizes))


class Shown:
    """What a notebook shows as its bundle, its table unless it has one of its own, and print as the bundle's text."""

    __slots__ = ()

    def bundle(self) -> dict[str, str]:
        return self.table().bundle()

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return self.bundle()

    def __repr__(self) -> str:
        return self.bundle()["text/plain"]


class Cell(NamedTuple):
    """A cell's text with the CSS classes that the cards' style sheet knows: name, work, up, down, good, quiet."""

    text: str
    tone: str = ""


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """Columns (a heading that begins with '<' is left-aligned), rows of text or Cells, and the total as the last row."""

    columns: list[str]
    rows: list[list[str | Cell]]
    total: Sequence[str] = ()
    caption: str = ""
    notes: Sequence[str] = ()  # sentences below
    marked: frozenset[int] = frozenset()

    def bundle(self) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text()}

    def html(self) -> str:
        def html_row(cells, tag: str = "td", tone: str = "") -> str:
            html = []
            for heading, cell in zip(self.columns, cells, strict=True):
                text, tones = cell if isinstance(cell, Cell) else (cell, "")
                side = "left" if heading.startswith("<") else "right"
                bold = ";font-weight:bold" if tones == "name" else ""
                tones = f' class="{tones}"' if tones else ""
                html.append(f'<{tag}{tones} style="text-align:{side}{bold}">{escape(text)}</{tag[:2]}>')
            return f"<tr{tone and f' class={tone!r}'}>{''.join(html)}</tr>"

        head = html_row([heading.lstrip("<") for heading in self.columns], 'th scope="col"')
        body = [html_row(row, tone="marked" if i in self.marked else "") for i, row in enumerate(self.rows)]
        total = [html_row([Cell(text, "name") for text in self.total], tone="total")] if self.total else []
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<table><thead>{head}</thead><tbody>{''.join(body + total)}</tbody></table>{notes}"

    def text(self) -> str:
        rows = filter(None, [[heading.lstrip("<") for heading in self.columns], *self.rows, self.total])
        rows = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        sides = ["<" if heading.startswith("<") else ">" for heading in self.columns]
        lines = ["  ".join(map(_padded, row, sides, widths)).rstrip() for row in rows]
        return "\n".join(filter(None, [self.caption, *lines, *self.notes]))


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese letter takes two."""
    return sum(1 + (east_asian_width(letter) in "WF") - (combining(letter) > 0) for letter in text)


def _padded(text: str, side: str, width: int) -> str:
    return f"{text:{side}{width - columns(text) + len(text)}}"


def number(value: int) -> str:
    """An integer as people read it: 26926 is 26,926; 0 is nothing to show."""
    return f"{value:,}" if value else ""


def digits(value: float, count: int = 3) -> str:
    """A number with so many digits that count, and never as a power of ten: 1,000, 0.431 and 0.00004."""
    places = max(0, count - 1 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def arrow(change: int, shown: Callable[[int], str] = "{:,}".format) -> str:
    """A change by its sign and an arrow, so that it tells without colour: ▼ −9,792 or ▲ +960; nothing for 0."""
    return f"▲ +{shown(change)}" if change > 0 else f"▼ −{shown(-change)}" if change else ""
