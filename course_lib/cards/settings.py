"""A card's settings: what each usually is and what its control takes, from which the start and the line of code follow."""

from collections.abc import Iterable
from typing import NamedTuple

from course_lib.by_hand.layers.base import one_of
from course_lib.words import words

SWITCH = (False, True)  # the ends of a setting that is on or off
FAR = 10  # how many times a slider's usual end a card may begin with


class Setting(NamedTuple):
    """One value of a card: what it usually is, what its control takes, and how the card's line of code gives it.

    `ends` are (lowest, highest) of a slider, a menu's choices as a list (empty where drawing sets them), or SWITCH; a setting without
    ends has no control. A slider's ends are narrowed to what fits, but for those that are `free`: these depend on each other, so the
    picture says why a combination is impossible. Those in `more` wait behind a button; the one that is `played` has one that walks it.
    """

    usual: float | str
    ends: tuple | list | None = None
    free: bool = False
    more: bool = False
    played: bool = False
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


def usual_values(settings: dict[str, Setting]) -> dict[str, float | str]:
    """What each setting usually is."""
    return {name: setting.usual for name, setting in settings.items()}


def start_values(card: str, settings: dict[str, Setting], **given) -> dict[str, float | str]:
    """The values that a card begins with: the usual ones, and over them those that are given.

    >>> start_values("my_card", {"batch": Setting(16, (1, 512)), "bias": Setting(True, SWITCH)}, batch=32)
    {'batch': 32, 'bias': True}
    """
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
