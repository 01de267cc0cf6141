"""One table renderer: the same cells as HTML and as plain text, so that every table has its twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from course_lib.by_hand.layers import times
from course_lib.by_hand.ledger import Ledger, Row, Shown
from course_lib.words import words


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
        def line(cells, tag: str = "td", tone: str = "") -> str:
            made = []
            for heading, cell in zip(self.columns, cells, strict=True):
                text, tones = cell if isinstance(cell, Cell) else (cell, "")
                side = "left" if heading.startswith("<") else "right"
                bold = ";font-weight:bold" if tones == "name" else ""
                tones = f' class="{tones}"' if tones else ""
                made.append(f'<{tag}{tones} style="text-align:{side}{bold}">{escape(text)}</{tag[:2]}>')
            return f"<tr{tone and f' class={tone!r}'}>{''.join(made)}</tr>"

        head = line([heading.lstrip("<") for heading in self.columns], 'th scope="col"')
        body = [line(row, tone="marked" if i in self.marked else "") for i, row in enumerate(self.rows)]
        total = [line([Cell(text, "name") for text in self.total], tone="total")] if self.total else []
        caption = f"<p><b>{escape(self.caption)}</b></p>" if self.caption else ""
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"{caption}<table><thead>{head}</thead><tbody>{''.join(body + total)}</tbody></table>{notes}"

    def text(self) -> str:
        lines = [[heading.lstrip("<") for heading in self.columns]]
        rows = [*self.rows, self.total] if self.total else self.rows
        lines += [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
        widths = [max(columns(line[i]) for line in lines) for i in range(len(self.columns))]
        sides = ["<" if heading.startswith("<") else ">" for heading in self.columns]
        made = ["  ".join(_padded(c, s, w) for c, s, w in zip(line, sides, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([*([self.caption] if self.caption else []), *made, *self.notes])


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese letter takes two.

    >>> columns("fc1"), columns("全连接")
    (3, 6)
    """
    return sum(1 + (east_asian_width(letter) in "WF") - (combining(letter) > 0) for letter in text)


def _padded(text: str, side: str, width: int) -> str:
    return f"{text:{side}{width - columns(text) + len(text)}}"


def number(value: int) -> str:
    """An integer as people read it: 26926 is 26,926; 0 is nothing to show."""
    return f"{value:,}" if value else ""


def what(row: Row) -> str:
    """A layer as its PyTorch name and its sizes: Conv2d 5→12, 3×3; nothing where its name says it, as for a function."""
    if row.by == "machine" and row.name.endswith(row.kind):
        return ""
    detail = "·".join(map(str, row.input_shape)) if row.kind == "Flatten" else row.detail
    return f"{row.kind} {detail}".strip()


def ledger_table(ledger: Ledger) -> Table:
    """Layer, what it is, output without the batch, the work, parameters, MACs; buffers where there are any."""
    buffers, notes = bool(ledger.buffers), any(row.note for row in ledger)
    rows = [
        [Cell(row.name, "name"), what(row), times(row.output_shape), Cell(row.work.text, "work"), number(row.params)]
        + [number(row.buffers)] * buffers
        + [number(row.macs)]
        + [row.note] * notes
        for row in ledger
    ]
    headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("params")]
    headings += [words("buffers")] * buffers + [words("macs")] + [f"<{words('note')}"] * notes
    total = [words("total"), "", "", "", f"{ledger.params:,}"] + [f"{ledger.buffers:,}"] * buffers + [f"{ledger.macs:,}"]
    return Table(headings, rows, total + [""] * notes)


def comparison_table(comparison) -> Table:
    """Every place's output, its parameters three times over, its MACs twice, and the reason where they differ; grey where neither is."""
    rows = []
    for c in comparison:
        row, idle = c.row, not (c.row.params or c.parameters or c.torchinfo or c.macs)
        hand = row.by == "hand"
        said = c.reason or (words("agree" if hand else "two_agree") if row.params else "")
        cells = [row.name, what(row), times(row.output_shape), row.work.text if hand else words("by_machine") * (not idle)]
        params, macs = (number(row.params), number(row.macs)) if hand else ("", "")
        numbers = [params, number(c.parameters), number(c.torchinfo or 0), macs, number(c.macs)]
        tones = ["quiet"] * 9 if idle else ["name", "", "", "work" if hand else "quiet", *[""] * 5]
        tone = "quiet" if idle and not c.reason else "good" if c.agree and not c.reason else "up"
        rows.append([*map(Cell, [*cells, *numbers], tones), Cell(said, tone)])
    headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("by_hand"), ".parameters()", "torchinfo"]
    headings += [words("macs_by_hand"), words("macs_by_pytorch"), f"<{words('note')}"]
    mine, rest = (sum(c.row.params for c in comparison if (c.row.by == "hand") == hand) for hand in (True, False))
    same = len(set(comparison.totals)) == 1 and not comparison.warnings
    macs = f"{sum(c.row.macs for c in comparison if c.row.by == 'hand'):,}", f"{sum(c.macs for c in comparison):,}"
    first = f"{mine:,}" + f" + {rest:,}" * (rest > 0)
    others = (f"{total:,}" for total in comparison.totals[1:])
    total = [words("total"), "", "", "", first, *others, *macs, words("agree" if same else "look")]
    return Table(headings, rows, total, notes=comparison.warnings)
