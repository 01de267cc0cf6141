"""The card: sliders (ipywidgets), one pure function from their values to a View, one widgets.HTML that holds it."""

import os
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import ipywidgets as widgets
from IPython import get_ipython

from course_lib.show.svg import PALETTE, image
from course_lib.show.tables import Table
from course_lib.words import named, words

try:
    import anywidget
except ModuleNotFoundError:  # a card does without it, and says so
    anywidget = None


class Total(NamedTuple):
    """A big number, what it is, and its change against the start, as `arrow` writes it."""

    value: str
    label: str
    change: str = ""


class View(NamedTuple):
    """What a card shows for its sliders' values; `problem` alone where the values do not fit together."""

    totals: list[Total] = []
    svg: str = ""
    alt: str = ""
    table: Table | None = None
    problem: str = ""
    most: dict[str, int] = {}  # the ends of sliders that follow the other values

    def live(self, layout: str, last: "View | None" = None) -> str:
        """The card's HTML under the sliders; a problem is told over the last picture, dimmed, so that nothing moves."""
        if self.problem:
            said = f'<p class="problem" role="alert">{escape(self.problem)}</p>'
            below = f'<div class="dimmed">{last._inside()}</div>' if last else ""
            return f'<div class="course {layout}"><div class="over">{said}</div>{below}</div>'
        return f'<div class="course {layout}">{self._inside()}</div>'

    def _inside(self) -> str:
        totals = "".join(
            f'<div><span class="big">{escape(t.value)}</span> <span class="change">{escape(t.change)}</span>'
            f'<br><span class="quiet">{escape(t.label)}</span></div>'
            for t in self.totals
        )
        table = f'<div class="wide" tabindex="0">{self.table.html()}</div>' if self.table else ""
        return f'<div class="totals" aria-live="polite">{totals}</div>{self.svg}{table}'

    def bundle(self) -> dict[str, str]:
        """The card without its kernel: the picture in an <img> with its alt text, and the numbers as a table and as text."""
        said = " · ".join(f"{total.value} {total.label}" for total in self.totals) or self.problem
        drawn = image(self.svg, self.alt) if self.svg else ""
        html, text = (self.table.html(), self.table.text()) if self.table else ("", "")
        return {"text/html": f"<p><b>{escape(said)}</b></p>{drawn}{html}", "text/plain": f"{said}\n{self.alt}\n{text}".strip()}


def fitting(fits: Callable[[int], object], start: int, low: int, high: int) -> tuple[int, int]:
    """The widest run of values around start, from low to high, for which `fits` does not raise; an end that fits is one.

    >>> from course_lib import small_cnn
    >>> fitting(lambda kernel: small_cnn(conv2_kernel=kernel), 3, 1, 20)
    (1, 10)
    """

    def good(value: int) -> bool:
        try:
            fits(value)
        except Exception:  # of a function of sizes that is not ours: it may fail in its own way
            return False
        return True

    below, above = takewhile(good, range(start - 1, low - 1, -1)), takewhile(good, range(start + 1, high + 1))
    return low if good(low) else min(below, default=start), high if good(high) else max(above, default=start)


def _palette(which: int) -> str:
    return "".join(f"--course-{colours[0]}: {colours[which]}; " for colours in PALETTE)


FOLDER = Path(__file__).parent
PALETTE_CSS = f"""
.course-card {{ {_palette(1)}}}
body[data-jp-theme-light="false"] .course-card {{ {_palette(2)}}}
"""
CSS = PALETTE_CSS + (FOLDER / "card.css").read_text(encoding="utf-8")
VIEW = "application/vnd.jupyter.widget-view+json"
FAR = 10  # how many times a slider's usual end a card may begin with


def _names() -> widgets.Widget:
    """What gives each slider's handle and number box the label beside it as its accessible name; ipywidgets gives none."""
    if anywidget is None:
        return widgets.HTML('<span class="course-no-anywidget"></span>')
    return anywidget.AnyWidget(_esm=(FOLDER / "names.js").read_text(encoding="utf-8"))


def style_and_notes() -> widgets.HTML:
    """The style sheet, and what it shows only where a kernel is gone, or the front end has no anywidget."""
    notes = "".join(f'<p class="course-note {name}">{escape(words(name))}</p>' for name in ("kernel_gone", "no_anywidget"))
    return widgets.HTML(f"<style>{CSS}</style>{notes}")


CARDS: dict[str, tuple[str, list["Card"]]] = {}  # the cards that stand under a cell, and which run of it made them


class Card(widgets.VBox):
    """Sliders and switches above, `render(values, start, layout)` below, on every change; presets set several at once.

    `start` are the values to begin with, `limits` says what each control can take: (low, high) for a slider, words for a
    menu, None for a switch. A slider's bounds are narrowed to what `fits` lets pass while the others stay at the start; those in `free`
    depend on each other, so for them the picture says why a combination is impossible. Those in `more` wait behind a button, the one that
    is `played` has one that walks it. `render` must be pure.
    """

    def __init__(
        self, render: Callable[[dict, dict, str], View], start: dict[str, int | bool | str], limits: dict[str, tuple | None],
        fits: Callable[[dict], object], free: Iterable[str] = (), sliders: Iterable[str] | None = None,
        presets: dict[str, dict] | None = None, reference: dict | None = None, layout: str = "desk",
        more: Iterable[str] = (), played: str = "",
    ) -> None:  # fmt: skip
        chosen = list(limits) if sliders is None else [sliders] if isinstance(sliders, str) else list(dict.fromkeys(sliders))
        if layout not in ("desk", "projector"):
            raise ValueError(words("card.layout", layout=layout))
        if unknown := [name for name in chosen if name not in limits]:
            raise ValueError(words("card.no_slider", names=", ".join(map(str, unknown)), known=", ".join(limits)))
        for name, ends in limits.items():
            if ends and isinstance(ends[1], int) and start[name] > FAR * ends[1]:
                raise ValueError(words("card.too_large", name=name, value=start[name], most=FAR * ends[1]))
        self._render, self._start, self._layout_name = render, dict(start), layout
        self._reference = dict(start if reference is None else reference)
        self._shown, self._setting, self._following, self._last = widgets.HTML(), False, (), None
        render(self._start, self._reference, layout)  # a start that does not fit is an error here, not a picture
        self.controls, self._links, rows, switches, hidden = {}, [], [], [], []
        for name in chosen:
            if limits[name] is None:
                made = widgets.Checkbox(start[name], description=named(name), indent=False, layout={"width": "auto"})
                switches.append(made)
            elif isinstance(limits[name][0], str):
                made = widgets.Dropdown(options=limits[name], value=start[name], layout={"width": "auto", "flex": "1 1 auto"})
                rows.append(_row(named(name), made))
            else:
                low, high = limits[name] if name in free else fitting(
                    lambda value, name=name: fits({**start, name: value}), start[name], *limits[name])  # fmt: skip
                reach = [start[name], *(values.get(name, start[name]) for values in (presets or {}).values())]
                made = widgets.IntSlider(start[name], min(low, *reach), max(high, *reach), readout=False)
                box = widgets.BoundedIntText(start[name], made.min, made.max, layout={"width": "86px"})
                self._links += [widgets.jslink((made, "value"), (box, "value")), widgets.dlink((made, "max"), (box, "max"))]
                play = [self._play(made)] if name == played else []
                (hidden if sliders is None and name in more else rows).append(_row(named(name), *play, made, box))
            self.controls[name] = made
            made.observe(self._changed, "value")
        buttons = [self._button(label, values) for label, values in (presets or {}).items()]
        buttons += [self._keep()] if layout == "desk" and sliders is None else []
        switches += [self._more(hidden)] if hidden else []
        grid = _grid([*rows, *hidden])
        lines = [widgets.HBox(line, layout={"flex_flow": "row wrap", "grid_gap": "8px"}) for line in (switches, buttons) if line]
        super().__init__([style_and_notes(), _names(), grid, *lines, self._shown])
        self.add_class("course-card")
        self._changed()
        self._replace_earlier()

    def close(self) -> None:
        """Free the card with all its parts (ipywidgets frees what is closed alone); what is closed stays as it was drawn."""
        if self.comm is None:
            return
        for part in [*_parts(self), *(link for link in self._links if isinstance(link, widgets.Widget))]:
            widgets.Widget.close(part)
        self.children, self.controls, self._links = (), {}, []

    def _replace_earlier(self) -> None:
        """Free the cards of an earlier run of the cell that now makes this one."""
        request = getattr(get_ipython(), "get_parent", dict)()
        cell, run = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
        if cell:
            made_by, cards = CARDS.get(cell, (run, []))
            if made_by != run:
                for card in cards:
                    card.close()
                cards = []
            CARDS[cell] = (run, [*cards, self])

    @property
    def values(self) -> dict[str, int | bool]:
        """The sliders' values now, over those that have no slider."""
        return {**self._start, **{name: control.value for name, control in self.controls.items()}}

    def set(self, **values) -> None:
        """Several values at once, with one new picture; KeyError for a name without a control, ValueError beyond its ends."""
        if unknown := sorted(values.keys() - self.controls.keys()):
            raise KeyError(words("card.no_slider", names=", ".join(unknown), known=", ".join(self.controls)))
        for name, value in values.items():
            low, high = (getattr(self.controls[name], end, value) for end in ("min", "max"))
            if name not in self._following and not low <= value <= high:
                raise ValueError(words("card.beyond", name=name, low=low, high=high, value=value))
        self._setting = True
        try:
            for name, value in values.items():
                if name in self._following:  # its end may follow another of these values; drawing sets it
                    self.controls[name].max = max(self.controls[name].max, value)
                self.controls[name].value = value
        finally:
            self._setting = False
            self._changed()

    def _more(self, rows: list[widgets.Widget]) -> widgets.ToggleButton:
        """A button that shows these rows, and hides them again."""
        button = widgets.ToggleButton(description=words("more_sizes"), layout={"width": "auto"})

        def show(_=None) -> None:
            for row in rows:
                row.layout.display = "" if button.value else "none"

        button.observe(show, "value")
        show()
        return button

    def _play(self, slider: widgets.IntSlider) -> widgets.Play:
        """Buttons that walk a slider from one end to the other, in the browser."""
        play = widgets.Play(min=slider.min, max=slider.max, interval=500, show_repeat=False, layout={"flex": "none"})
        self._links += [widgets.jslink((play, "value"), (slider, "value")), widgets.jslink((slider, "max"), (play, "max"))]
        return play

    def _button(self, label: str, values: dict) -> widgets.Button:
        button = widgets.Button(description=label, layout={"width": "auto"})
        button.on_click(lambda _: self.set(**{name: value for name, value in values.items() if name in self.controls}))
        return button

    def _keep(self) -> widgets.Button:
        """A button that makes what is shown now the start, with which all that follows is compared."""
        button = widgets.Button(description=words("keep"), layout={"width": "auto"})

        def keep(_) -> None:
            self._reference = self.values
            self._changed()

        button.on_click(keep)
        return button

    def _changed(self, _=None) -> None:
        if self._setting:
            return
        view, self._setting = self._view(), True
        self._following = view.most.keys() or self._following  # a problem has no ends
        for name in view.most.keys() & self.controls.keys():
            self.controls[name].max = view.most[name]
        self._setting, self._shown.value = False, view.live(self._layout_name, self._last)
        self._last = self._last if view.problem else view

    def _view(self) -> View:
        try:
            return self._render(self.values, self._reference, self._layout_name)
        except ValueError as error:  # values that do not fit together: the layer says which and what would
            return View(problem=words("does_not_fit", error=error))
        except Exception as error:  # PyTorch is not installed, or somebody's own function of sizes fails in its own way
            return View(problem=f"{type(error).__name__}: {error}")

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = super()._repr_mimebundle_(include=include, exclude=exclude)
        data[VIEW]["pid"] = os.getpid()  # course_lib.server asks it of a saved card: whether its kernel still runs
        return {**data, **self._view().bundle()}, {}


def _parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget, its layout and style, and the same of all that it contains."""
    yield widget
    yield from filter(None, (getattr(widget, part, None) for part in ("layout", "style")))
    for child in getattr(widget, "children", ()):
        yield from _parts(child)


def _grid(rows: list[widgets.Widget]) -> widgets.GridBox:
    wide = "repeat(auto-fill, minmax(430px, 1fr))" if len(rows) > 1 else "1fr"
    return widgets.GridBox(rows, layout={"grid_template_columns": wide, "grid_gap": "0 34px"}).add_class("course-controls")


def _row(label: str, *parts: widgets.Widget) -> widgets.HBox:
    return widgets.HBox([widgets.Label(label), *parts]).add_class("course-row")
