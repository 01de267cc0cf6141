"""The card: what it shows, a View, and the layouts, each of which picks from it what a desk or a projector has room for; its controls
(ipywidgets), one pure function from their values to a View, one widgets.HTML that holds it."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html import escape
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import anywidget
import ipywidgets as widgets
from IPython import get_ipython
from traitlets import Bool

from course_lib.by_hand.layers.base import one_of
from course_lib.cards.settings import Setting, check_value, control_names, follow_ends
from course_lib.show.svg import PALETTE, image
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import find, words

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


def _palette(selector: str, which: int) -> str:
    return f"{selector} {{ {''.join(f'--course-{name}: {shades[which]}; ' for name, shades in PALETTE.items())}}}\n"


FOLDER = Path(__file__).parent
CSS = _palette(".course-card", 0) + _palette('body[data-jp-theme-light="false"] .course-card', 1)
CSS += (FOLDER / "card.css").read_text(encoding="utf-8")


class Live(widgets.VBox):
    """What stands below a cell and lives as long as its kernel; in a saved notebook stands the `bundle` that each kind gives."""

    def __init__(self, parts: list[widgets.Widget], kind: str) -> None:
        # The style sheet shows the notes only where a kernel is gone, or the front end has no anywidget.
        notes = "".join(f'<p class="course-note {name}">{escape(words(name))}</p>' for name in ("kernel_gone", "no_anywidget"))
        super().__init__([widgets.HTML(f"<style>{CSS}</style>{notes}"), *parts])
        self.add_class("course-card").add_class(kind)

    def close(self) -> None:
        """Free it with all its parts (ipywidgets frees what is closed alone); what is closed stays as it was drawn."""
        if self.comm is not None:
            for part in list(_all_parts(self)):
                widgets.Widget.close(part)
            self.children = ()

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = super()._repr_mimebundle_(include=include, exclude=exclude)
        # course_lib.server asks it of a saved card: whether its kernel still runs.
        data["application/vnd.jupyter.widget-view+json"]["pid"] = os.getpid()
        return {**data, **self.bundle()}, {}


def _all_parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget, its layout and style, its links, and the same of all that it contains."""
    yield widget
    looks = filter(None, (getattr(widget, name, None) for name in ("layout", "style")))
    for part in [*looks, *getattr(widget, "links", ()), *getattr(widget, "children", ())]:
        yield from _all_parts(part)


class PagePlace(anywidget.AnyWidget):
    """What a card asks of its place on the page: the accessible names that ipywidgets does not give, and whether it stands on a slide."""

    _esm = (FOLDER / "names.js").read_text(encoding="utf-8")
    on_slide = Bool(False).tag(sync=True)


def button(label: str, action: Callable[[], None]) -> widgets.Button:
    pressed = widgets.Button(description=label, layout={"width": "auto"}).add_class("course-preset")
    pressed.on_click(lambda _: action())
    return pressed


def more_button(rows: list[widgets.Widget], instead_of: list[widgets.Widget]) -> widgets.ToggleButton:
    """A button that shows these rows, instead of others, and hides them again."""
    toggle = widgets.ToggleButton(description=words("more_sizes"), layout={"width": "auto"})

    def swap(_=None) -> None:
        for row in [*rows, *instead_of]:
            row.layout.display = "" if (row in rows) == toggle.value else "none"

    toggle.observe(swap, "value")
    swap()
    return toggle


CARDS: dict[str, list["Card"]] = {}  # those that stand under a cell


class Card(Live):
    """Controls above, `render(values, reference)` below, on every change; presets set several at once.

    `function` is the name of what makes the card, `settings` are its values by name, `start` those to begin with (see `start_values`), and
    `reference` those with which all is compared, the start unless told otherwise. A slider is narrowed to what `fits` lets pass while the
    others stay at the start. `first` writes the first argument of the line of code that brings the card back. `render` must be pure.
    """

    def __init__(
        self, function: str, render: Callable[[dict, dict], View], settings: dict[str, Setting], start: dict[str, float | str],
        fits: Callable[[dict], object], first: Callable[[dict], str] = lambda values: "", reference: dict | None = None,
        sliders: Iterable[str] | None = None, layout: str = "desk", presets: dict[str, dict] | None = None,
    ) -> None:  # fmt: skip
        names = control_names(settings, sliders)
        self._function, self._first, self._settings, self._layout_name = function, first, settings, one_of(LAYOUTS, "layout", layout)
        self._sliders = None if sliders is None else names
        self._render, self._start, self._reference = render, dict(start), dict(start if reference is None else reference)
        render(self._start, self._reference)  # a start that does not fit is an error here, not a picture
        self._shown, self._setting, self._following, self._drawn = widgets.HTML(), False, (), ""
        presets = presets if presets and sliders is None and layout == "desk" else {}
        rows = self._rows(names, fits, presets)
        hidden = [rows.pop(name) for name in names if sliders is None and settings[name].more]
        line = widgets.HBox(self._buttons(presets, list(rows.values()), hidden), layout={"flex_flow": "row wrap", "grid_gap": "2px 12px"})
        self._place = PagePlace()
        self._place.observe(self._redraw, "on_slide")
        columns = "repeat(auto-fill, minmax(430px, 1fr))" if len(rows) + len(hidden) > 1 else "1fr"
        grid = widgets.GridBox([*rows.values(), *hidden], layout={"grid_template_columns": columns, "grid_gap": "0 34px"})
        super().__init__([self._place, grid.add_class("course-controls"), line, self._shown], layout)
        self._redraw()
        self._replace_earlier()

    def _rows(self, names: list[str], fits: Callable, presets: dict[str, dict]) -> dict[str, widgets.Widget]:
        """Make the controls; the rows of those that stand on one, by name."""
        self.controls, rows = {}, {}
        for name in names:
            reach = [values[name] for values in presets.values() if name in values]
            fits_here = partial(lambda name, value: fits({**self._start, name: value}), name)
            label = find(f"size.{name}") or name.replace("_", " ")  # a size that is not the course's is called by its own name
            self.controls[name], parts = self._settings[name].control(label, self._start[name], fits_here, reach)
            self.controls[name].observe(self._redraw, "value")
            if parts:
                rows[name] = widgets.HBox([widgets.Label(label), *parts]).add_class("course-row")
        return rows

    def _buttons(self, presets: dict[str, dict], rows: list[widgets.Widget], hidden: list[widgets.Widget]) -> list[widgets.Widget]:
        """What stands in one line below the rows: switches, what shows the hidden rows, presets, and on a whole desk the comparison."""
        buttons = [control for control in self.controls.values() if isinstance(control, widgets.Checkbox)]
        if hidden:  # a projector has no room for all of them: there they take the place of the others
            buttons.append(more_button(hidden, instead_of=rows[1:] if self._layout_name == "projector" else []))
        buttons += [button(label, partial(self.set, **values)) for label, values in presets.items()]
        self._both = None
        if self._sliders is None and self._layout_name == "desk":
            self._both = widgets.ToggleButton(description=words("side_by_side"), layout={"width": "auto"}).add_class("course-preset")
            self._both.observe(self._redraw, "value")
            buttons += [button(words("keep"), self._keep), self._both]
        return buttons

    def _replace_earlier(self) -> None:
        """Free the cards of an earlier run of the cell that now makes this one."""
        request = getattr(get_ipython(), "get_parent", dict)()
        cell, self._made_by = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
        if cell:
            for card in CARDS.get(cell, ()):
                if card._made_by != self._made_by:
                    card.close()
            CARDS[cell] = [*(card for card in CARDS.get(cell, ()) if card.comm), self]

    @property
    def values(self) -> dict[str, float | str]:
        """The controls' values now, over those that have no control."""
        return {**self._start, **{name: control.value for name, control in self.controls.items()}}

    _layout_now = property(lambda self: "projector" if self._place.on_slide else self._layout_name, doc="On a slide a projector's.")

    @property
    def code(self) -> str:
        """The line that brings the card back as it is now."""
        values = self.values | {"sliders": self._sliders, "layout": self._layout_name}
        written = [self._first(self.values)]
        for name, setting in (self._settings | {"sliders": Setting(None), "layout": Setting("desk")}).items():
            if setting.argument is not None and values[name] != setting.usual:
                written.append(f"{setting.argument or name}={values[name]!r}")
        return f"{self._function}({', '.join(filter(None, written))})"

    def set(self, **values) -> None:
        """Several values at once, with one new picture; KeyError for a name without a control, ValueError for what one does not take."""
        if unknown := sorted(values.keys() - self.controls.keys()):
            raise KeyError(words("card.no_slider", names=", ".join(unknown), known=", ".join(self.controls)))
        for name, value in values.items():
            check_value(self.controls[name], name, value, name in self._following)
        self._setting = True
        for name, value in values.items():
            control = self.controls[name]
            if name in self._following:  # its ends may follow another of the values that are set; drawing sets them
                follow_ends(control, max(control.max, value) if hasattr(control, "max") else [*control.options, value])
            control.value = value
        self._setting = False
        self._redraw()

    def _keep(self) -> None:
        self._reference = self.values
        self._redraw()

    def _redraw(self, _=None) -> None:
        if self._setting:
            return
        view, problem = self._view()
        if view:
            self._setting, self._following = True, view.ends.keys()
            for name in view.ends.keys() & self.controls.keys():
                follow_ends(self.controls[name], view.ends[name])
            self._setting, self._drawn = False, self._content(view)
        html = over_last_picture(problem, self._drawn) if problem else self._drawn
        self._shown.value = f'<div class="course {self._layout_now}">{html}</div>'

    def _content(self, view: View) -> str:
        """The view, and on a desk the line that brings it back; where both are asked for, the start above it on the same scale."""
        layout = LAYOUTS[self._layout_now]
        view = layout(view)
        html = view.html()
        if self._both and self._both.value:
            start = layout(self._render(self._reference, self.values))
            start = start._replace(totals=[total._replace(change=0) for total in start.totals])
            both = [(words(name), one._replace(table=Table([], []), width=1060)) for name, one in (("the_start", start), ("now", view))]
            html = "".join(f'<div class="both"><p>{escape(name)}</p>{one.html()}</div>' for name, one in both)
        return html + (f'<p class="code">{escape(self.code)}</p>' if self._layout_now == "desk" else "")

    def _view(self) -> tuple[View | None, str]:
        """What is shown; or None and why there is nothing to show."""
        try:
            return self._render(self.values, self._reference), ""
        except ValueError as error:  # values that do not fit together: the layer says which and what would
            return None, words("does_not_fit", error=error)
        except Exception as error:  # PyTorch is not installed, or somebody's own function of sizes fails in its own way
            return None, f"{type(error).__name__}: {error}"

    def bundle(self) -> dict[str, str]:
        view, problem = self._view()
        return LAYOUTS[self._layout_name](view).bundle() if view else {"text/html": f"<p>{escape(problem)}</p>", "text/plain": problem}
