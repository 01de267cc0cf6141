"""The card: controls (ipywidgets), one pure function from their values to a View, one widgets.HTML that holds it."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from html import escape

import ipywidgets as widgets
from IPython import get_ipython
from traitlets import TraitError

from course_lib.cards.controls import FOLDER, Control, fitting, follow_ends, grid, menu, place, row, slider, takes
from course_lib.cards.view import LAYOUTS, View, over_last_picture
from course_lib.show.svg import PALETTE
from course_lib.show.tables import Table
from course_lib.words import named, words


def _palette(selector: str, which: int) -> str:
    return f"{selector} {{ {''.join(f'--course-{colours[0]}: {colours[which]}; ' for colours in PALETTE)}}}\n"


DARK = 'body[data-jp-theme-light="false"]'
CSS = _palette(".course-card", 1) + _palette(f"{DARK} .course-card", 2) + (FOLDER / "card.css").read_text(encoding="utf-8")
VIEW = "application/vnd.jupyter.widget-view+json"
FAR = 10  # how many times a slider's usual end a card may begin with


def style_and_notes() -> widgets.HTML:
    """The style sheet, and what it shows only where a kernel is gone, or the front end has no anywidget."""
    notes = "".join(f'<p class="course-note {name}">{escape(words(name))}</p>' for name in ("kernel_gone", "no_anywidget"))
    return widgets.HTML(f"<style>{CSS}</style>{notes}")


def call(function: str, *given: str, **settings: object) -> str:
    """A line of code: the function's name, what it is given as it is written, and settings by name.

    >>> call("network_card", "vgg16_32", width=32)
    'network_card(vgg16_32, width=32)'
    """
    return f"{function}({', '.join([*given, *(f'{name}={value!r}' for name, value in settings.items())])})"


CARDS: dict[str, tuple[str, list["Card"]]] = {}  # the cards that stand under a cell, and which run of it made them


class Card(widgets.VBox):
    """Controls above, `render(values, start)` below, on every change; presets set several at once.

    `start` are the values to begin with, `limits` says what each control can take: (low, high) for a slider, a list for a
    menu, None for a switch. A slider's bounds are narrowed to what `fits` lets pass while the others stay at the start; those in `free`
    depend on each other, so for them the picture says why a combination is impossible. Those in `more` wait behind a button, the one that
    is `played` has one that walks it. `code(values, settings)` is the line that brings the card back. `render` must be pure.
    """

    def __init__(
        self, render: Callable[[dict, dict], View], start: dict[str, float | str], limits: dict[str, tuple | list | None],
        fits: Callable[[dict], object], code: Callable[[dict, dict], str], free: Iterable[str] = (), sliders: Iterable[str] | None = None,
        presets: dict[str, dict] | None = None, reference: dict | None = None, layout: str = "desk",
        more: Iterable[str] = (), played: str = "",
    ) -> None:  # fmt: skip
        if isinstance(sliders, int):
            raise TypeError(words("card.sliders", sliders=sliders))
        chosen = list(limits) if sliders is None else [sliders] if isinstance(sliders, str) else list(dict.fromkeys(sliders))
        _check(chosen, start, limits, layout)
        self._render, self._start, self._layout_name, self._code = render, dict(start), layout, code
        self._settings = {**({} if sliders is None else {"sliders": chosen}), **({} if layout == "desk" else {"layout": layout})}
        self._reference = dict(start if reference is None else reference)
        render(self._start, self._reference)  # a start that does not fit is an error here, not a picture
        self._shown, self._setting, self._following, self._drawn = widgets.HTML(), False, (), ""
        self.controls, self._links, rows, hidden, switches = {}, [], [], [], []
        for name in chosen:
            if limits[name] is None:
                self.controls[name] = widgets.Checkbox(start[name], description=named(name), indent=False, layout={"width": "auto"})
                switches.append(self.controls[name])
            else:
                presets_reach = [values.get(name, start[name]) for values in (presets or {}).values()]
                control = self._control(name, limits[name], None if name in free else fits, presets_reach, name == played)
                self.controls[name] = control.widget
                self._links += control.links
                (hidden if sliders is None and name in more else rows).append(row(named(name), control.row))
            self.controls[name].observe(self._changed, "value")
        buttons = [_button(label, partial(self.set, **values)) for label, values in (presets or {}).items()]
        self._both = None
        if layout == "desk" and sliders is None:
            self._both = widgets.ToggleButton(description=words("side_by_side"), layout={"width": "auto"}).add_class("course-preset")
            buttons += [_button(words("keep"), self._keep), self._both]
            self._both.observe(self._changed, "value")
        if hidden:  # a projector has no room for all of them: there they take the place of the others
            switches.append(_more(hidden, instead_of=rows[1:] if layout == "projector" else []))
        self._place = place()
        if self._place.has_trait("on_slide"):
            self._place.observe(self._changed, "on_slide")
        line = widgets.HBox([*switches, *buttons], layout={"flex_flow": "row wrap", "grid_gap": "2px 12px"})
        super().__init__([style_and_notes(), self._place, grid([*rows, *hidden]), line, self._shown])
        self.add_class("course-card").add_class(layout)
        self._changed()
        self._replace_earlier()

    def _control(self, name: str, ends: tuple | list, fits: Callable | None, reach: list, played: bool) -> Control:
        value = self._start[name]
        if isinstance(ends, list):
            return menu(ends or [value], value)  # none: drawing sets them
        if fits and not isinstance(value, float):
            ends = fitting(lambda other: fits({**self._start, name: other}), value, *ends)
        return slider(value, min(ends[0], value, *reach), max(ends[1], value, *reach), played)

    def close(self) -> None:
        """Free the card with all its parts (ipywidgets frees what is closed alone); what is closed stays as it was drawn."""
        if self.comm is None:
            return
        for part in [*parts(self), *(link for link in self._links if isinstance(link, widgets.Widget))]:
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
    def values(self) -> dict[str, float | str]:
        """The controls' values now, over those that have no control."""
        return {**self._start, **{name: control.value for name, control in self.controls.items()}}

    @property
    def code(self) -> str:
        """The line that brings the card back as it is now."""
        return self._code(self.values, self._settings)

    def set(self, **values) -> None:
        """Several values at once, with one new picture; KeyError for a name without a control, ValueError for what one does not take."""
        if unknown := sorted(values.keys() - self.controls.keys()):
            raise KeyError(words("card.no_slider", names=", ".join(unknown), known=", ".join(self.controls)))
        before, self._setting = self.values, True
        try:
            for name, value in values.items():
                self._take(name, value)
        except (TypeError, ValueError):
            for name in values:
                self._take(name, before[name])
            raise
        finally:
            self._setting = False
            self._changed()

    def _take(self, name: str, value: float | str) -> None:
        """One value, which its control has to take as it is: a slider would cut it to its ends, or to a whole number."""
        control = self.controls[name]
        if name in self._following:  # its ends may follow another of the values that are set; drawing sets them
            follow_ends(control, max(control.max, value) if hasattr(control, "max") else [*control.options, value])
        with suppress(TraitError):
            control.value = value
        if control.value != value:
            raise ValueError(takes(name, control, value))

    def _keep(self) -> None:
        """Make what is shown now the start, with which all that follows is compared."""
        self._reference = self.values
        self._changed()

    def _changed(self, _=None) -> None:
        if self._setting:
            return
        view, problem = self._view()
        if view:
            self._setting, self._following = True, view.ends.keys()
            for name in view.ends.keys() & self.controls.keys():
                follow_ends(self.controls[name], view.ends[name])
            self._setting, self._drawn = False, self._html(view)
        html = over_last_picture(problem, self._drawn) if problem else self._drawn
        self._shown.value = f'<div class="course {self._layout_now}">{html}</div>'

    def _html(self, view: View) -> str:
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

    @property
    def _layout_now(self) -> str:
        """On a slide every card is a projector's."""
        return "projector" if getattr(self._place, "on_slide", False) else self._layout_name

    def _view(self) -> tuple[View | None, str]:
        """What is shown; or None and why there is nothing to show."""
        try:
            return self._render(self.values, self._reference), ""
        except ValueError as error:  # values that do not fit together: the layer says which and what would
            return None, words("does_not_fit", error=error)
        except Exception as error:  # PyTorch is not installed, or somebody's own function of sizes fails in its own way
            return None, f"{type(error).__name__}: {error}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = super()._repr_mimebundle_(include=include, exclude=exclude)
        data[VIEW]["pid"] = os.getpid()  # course_lib.server asks it of a saved card: whether its kernel still runs
        view, problem = self._view()
        twin = LAYOUTS[self._layout_name](view).bundle() if view else {"text/html": f"<p>{escape(problem)}</p>", "text/plain": problem}
        return {**data, **twin}, {}


def _check(chosen: list[str], start: dict, limits: dict, layout: str) -> None:
    if layout not in LAYOUTS:
        raise ValueError(words("card.layout", layout=layout))
    if unknown := [name for name in chosen if name not in limits]:
        raise ValueError(words("card.no_slider", names=", ".join(map(str, unknown)), known=", ".join(limits)))
    for name, ends in limits.items():
        if isinstance(ends, list) and ends and start[name] not in ends:
            raise ValueError(words("card.choice", name=name, choices=", ".join(ends), value=start[name]))
        if isinstance(ends, tuple) and not isinstance(start[name], (int, float)):
            raise TypeError(words("argument.number", what=name, value=start[name]))
        if isinstance(ends, tuple) and start[name] > FAR * ends[1]:
            raise ValueError(words("card.too_large", name=name, value=start[name], most=FAR * ends[1]))


def _button(label: str, action: Callable[[], None]) -> widgets.Button:
    button = widgets.Button(description=label, layout={"width": "auto"}).add_class("course-preset")
    button.on_click(lambda _: action())
    return button


def _more(rows: list[widgets.Widget], instead_of: list[widgets.Widget]) -> widgets.ToggleButton:
    """A button that shows these rows, instead of others, and hides them again."""
    button = widgets.ToggleButton(description=words("more_sizes"), layout={"width": "auto"})

    def show(_=None) -> None:
        for shown, these in ((button.value, rows), (not button.value, instead_of)):
            for one in these:
                one.layout.display = "" if shown else "none"

    button.observe(show, "value")
    show()
    return button


def parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget, its layout and style, and the same of all that it contains."""
    yield widget
    yield from filter(None, (getattr(widget, part, None) for part in ("layout", "style")))
    for child in getattr(widget, "children", ()):
        yield from parts(child)
