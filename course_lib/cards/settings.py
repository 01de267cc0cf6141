"""A card's settings: what each usually is, its control (a switch, a menu, or a slider with its number box), the start, the line of code."""

import math
from collections.abc import Callable, Iterable
from itertools import takewhile
from numbers import Real
from typing import NamedTuple

import ipywidgets as widgets

from course_lib.by_hand.layers.base import one_of
from course_lib.words import words

SWITCH = (False, True)  # the ends of a setting that is on or off
FAR = 10  # how many times a slider's usual end a card may begin with


class Setting(NamedTuple):
    """One value of a card: what it usually is, what its control takes, and how the card's line of code gives it."""

    usual: float | str
    ends: tuple | list | None = None  # (low, high) of a slider; a menu's choices, [] where drawing sets them; SWITCH; None has no control
    free: bool = False  # a slider's ends are not narrowed to what fits: they depend on others, and the picture says why one is impossible
    more: bool = False  # it waits behind a button
    played: bool = False  # a button walks it
    argument: str | None = ""  # its name in the line of code, its own unless one is given; None where the first argument holds it

    def checked(self, name: str, value: object) -> float | str:
        """A value to begin with, as the control takes it; TypeError for another type, ValueError for what is out of all reach."""
        if isinstance(self.ends, list):
            if self.ends and value not in self.ends:
                raise ValueError(words("card.choice", name=name, choices=", ".join(self.ends), value=value))
        elif self.ends == SWITCH:
            one_of(SWITCH[::-1], name, value)
        elif self.ends:
            if not isinstance(value, (int, float)):
                raise TypeError(words("argument.number", what=name, value=value))
            if value > FAR * self.ends[1]:
                raise ValueError(words("card.too_large", name=name, value=value, most=FAR * self.ends[1]))
        return float(value) if isinstance(self.usual, float) else value

    def control(self, label: str, value: float | str, fits: Callable, reach: list[float]) -> tuple[widgets.Widget, list[widgets.Widget]]:
        """The widget that has its value, and all that stands on its row (a switch has none). A slider reaches what is in `reach`, too."""
        if self.ends == SWITCH:
            return widgets.Checkbox(value, description=label, indent=False, layout={"width": "auto"}), []
        if isinstance(self.ends, list):
            menu = widgets.Dropdown(options=self.ends or [value], value=value, layout={"width": "auto", "flex": "1 1 auto"})
            return menu, [menu]
        low, high = self.ends
        if not self.free and not isinstance(value, float):
            low, high = fitting_ends(fits, value, low, high)
        low, high = min(low, value, *reach), max(high, value, *reach)
        slides, typed, ends = widgets.IntSlider, widgets.BoundedIntText, {"value": value, "min": low, "max": high}
        if isinstance(value, float):
            slides, typed = widgets.FloatSlider, widgets.BoundedFloatText
            ends["step"] = 10 ** math.floor(math.log10(high - low or 1)) / 20
        handle, box = slides(**ends, readout=False), typed(**ends, layout={"width": "86px", "flex": "none"})
        handle.links = [widgets.jslink((handle, "value"), (box, "value"))]
        widgets.dlink((handle, "max"), (box, "max"))
        if not self.played:
            return handle, [handle, box]
        play = widgets.Play(min=low, max=high, interval=500, show_repeat=False, layout={"flex": "none"})
        handle.links += [widgets.jslink((play, "value"), (handle, "value")), widgets.jslink((handle, "max"), (play, "max"))]
        return handle, [play, handle, box]


def fitting_ends(fits: Callable[[int], object], start: int, low: int, high: int) -> tuple[int, int]:
    """Ends for a slider between low and high: low or high itself where it fits, else the last value before the first that does not."""

    def good(value: int) -> bool:
        try:
            fits(value)
        except Exception:  # of a function of sizes that is not ours: it may fail in its own way
            return False
        return True

    below, above = takewhile(good, range(start - 1, low - 1, -1)), takewhile(good, range(start + 1, high + 1))
    return low if good(low) else min(below, default=start), high if good(high) else max(above, default=start)


def follow_ends(control: widgets.Widget, ends: int | list) -> None:
    """Give a slider another highest value, or a menu other choices, of which its value is one."""
    if hasattr(control, "max"):
        control.max = ends
    elif list(control.options) != ends:
        value = control.value
        control.options, control.value = ends, value


def check_value(control: widgets.Widget, name: str, value: object, follows: bool) -> None:
    """ValueError for what a control would cut to its ends, or to a whole number; where they `follow` other values, drawing sets them."""
    if hasattr(control, "max"):
        kept = isinstance(value, Real) and (isinstance(control.value, float) or value % 1 == 0)
        if not (kept and control.min <= value and (follows or value <= control.max)):
            raise ValueError(words("card.beyond", name=name, low=control.min, high=control.max, value=value))
    elif not follows and value not in (choices := getattr(control, "options", (True, False))):
        raise ValueError(words("card.choice", name=name, choices=", ".join(map(str, choices)), value=value))


def usual_values(settings: dict[str, Setting]) -> dict[str, float | str]:
    """What each setting usually is."""
    return {name: setting.usual for name, setting in settings.items()}


def start_values(card: str, settings: dict[str, Setting], **given) -> dict[str, float | str]:
    """The values that a card begins with: the usual ones, and over them those that are given."""
    if unknown := sorted(given.keys() - settings.keys()):
        raise TypeError(words("card.no_setting", card=card, names=", ".join(unknown), known=", ".join(settings)))
    return {name: setting.checked(name, given.get(name, setting.usual)) for name, setting in settings.items()}


def control_names(settings: dict[str, Setting], sliders: Iterable[str] | None) -> list[str]:
    """The settings that get a control: those that are named, or all that have ends, the one that is played before the others."""
    possible = sorted((name for name in settings if settings[name].ends is not None), key=lambda name: not settings[name].played)
    if isinstance(sliders, int):
        raise TypeError(words("card.sliders", sliders=sliders))
    names = possible if sliders is None else [sliders] if isinstance(sliders, str) else list(dict.fromkeys(sliders))
    if unknown := [name for name in names if name not in possible]:
        raise ValueError(words("card.no_slider", names=", ".join(map(str, unknown)), known=", ".join(possible)))
    return names
