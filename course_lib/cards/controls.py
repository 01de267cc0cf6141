"""A card's controls: a switch, a menu, or a slider with its number box and, where it is played, its buttons."""

import math
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

import ipywidgets as widgets
from traitlets import Bool, TraitError

from course_lib.cards.settings import SWITCH, Setting
from course_lib.words import words

FOLDER = Path(__file__).parent
try:
    import anywidget

    class PagePlace(anywidget.AnyWidget):
        """What a card asks of its place on the page: each handle and number box takes the label beside it as its accessible name, which
        ipywidgets does not give; and whether the card stands on a slide."""

        _esm = (FOLDER / "names.js").read_text(encoding="utf-8")
        on_slide = Bool(False).tag(sync=True)

except ModuleNotFoundError:  # a card does without it, and says so
    anywidget = PagePlace = None


def fitting_ends(fits: Callable[[int], object], start: int, low: int, high: int) -> tuple[int, int]:
    """Ends for a slider between low and high: low or high itself where it fits, else the last value before the first that does not.

    >>> from course_lib import small_cnn
    >>> fitting_ends(lambda kernel: small_cnn(conv2_kernel=kernel), 3, 1, 20)
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


def control_of(
    setting: Setting, label: str, value: float | str, fits: Callable[[int], object], reach: list[float]
) -> tuple[widgets.Widget, list[widgets.Widget]]:
    """The widget that has a setting's value, and all that stands on its row (a switch has none).

    A slider goes as far as `fits` lets it, and includes what stands in `reach`.
    """
    if setting.ends == SWITCH:
        return widgets.Checkbox(value, description=label, indent=False, layout={"width": "auto"}), []
    if isinstance(setting.ends, list):
        menu = widgets.Dropdown(options=setting.ends or [value], value=value, layout={"width": "auto", "flex": "1 1 auto"})
        return menu, [menu]
    low, high = setting.ends
    if not setting.free and not isinstance(value, float):
        low, high = fitting_ends(fits, value, low, high)
    return _slider(value, min(low, value, *reach), max(high, value, *reach), setting.played)


def _slider(value: float, low: float, high: float, played: bool) -> tuple[widgets.Widget, list[widgets.Widget]]:
    """A slider for whole numbers, or for others where its value is a float, and its number box; `played` has buttons that walk it."""
    slides, typed, ends = widgets.IntSlider, widgets.BoundedIntText, {"value": value, "min": low, "max": high}
    if isinstance(value, float):
        slides, typed = widgets.FloatSlider, widgets.BoundedFloatText
        ends["step"] = 10 ** math.floor(math.log10(high - low or 1)) / 20
    handle, box = slides(**ends, readout=False), typed(**ends, layout={"width": "86px", "flex": "none"})
    handle.links = [widgets.jslink((handle, "value"), (box, "value"))]
    widgets.dlink((handle, "max"), (box, "max"))
    if not played:
        return handle, [handle, box]
    play = widgets.Play(min=low, max=high, interval=500, show_repeat=False, layout={"flex": "none"})
    handle.links += [widgets.jslink((play, "value"), (handle, "value")), widgets.jslink((handle, "max"), (play, "max"))]
    return handle, [play, handle, box]


def follow_ends(control: widgets.Widget, ends: int | list) -> None:
    """Give a slider another highest value, or a menu other choices, of which its value is one."""
    if hasattr(control, "max"):
        control.max = ends
    elif list(control.options) != ends:
        value = control.value
        control.options, control.value = ends, value


def give_value(control: widgets.Widget, name: str, value: object) -> None:
    """A value that a control has to take as it is, or ValueError: a slider would cut it to its ends, or to a whole number."""
    with suppress(TraitError):
        control.value = value
    if control.value != value:
        if hasattr(control, "max"):
            raise ValueError(words("card.beyond", name=name, low=control.min, high=control.max, value=value))
        choices = getattr(control, "options", (True, False))
        raise ValueError(words("card.choice", name=name, choices=", ".join(map(str, choices)), value=value))


def page_place() -> widgets.Widget:
    return widgets.HTML('<span class="course-no-anywidget"></span>') if PagePlace is None else PagePlace()


def button(label: str, action: Callable[[], None]) -> widgets.Button:
    pressed = widgets.Button(description=label, layout={"width": "auto"}).add_class("course-preset")
    pressed.on_click(lambda _: action())
    return pressed


def more_button(rows: list[widgets.Widget], instead_of: list[widgets.Widget]) -> widgets.ToggleButton:
    """A button that shows these rows, instead of others, and hides them again."""
    toggle = widgets.ToggleButton(description=words("more_sizes"), layout={"width": "auto"})

    def swap(_=None) -> None:
        for visible, group in ((toggle.value, rows), (not toggle.value, instead_of)):
            for row in group:
                row.layout.display = "" if visible else "none"

    toggle.observe(swap, "value")
    swap()
    return toggle
