"""What does this convolutional network cost? Every number by hand and by machine, side by side.

Importing this loads neither torch, numpy, pandas nor matplotlib; the names that need them load on first use.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from course_lib.by_hand import *  # noqa: F403
from course_lib.by_hand import __all__ as _by_hand

if TYPE_CHECKING:  # what an editor completes; at run time each loads on first use
    from course_lib.asking.exercises import check, guess, practice, reveal
    from course_lib.asking.verdicts import claims
    from course_lib.asking.votes import vote
    from course_lib.by_hand.conventions import CONVENTIONS
    from course_lib.by_hand.memory import predict_memory
    from course_lib.by_hand.step import timeline
    from course_lib.by_machine.comparing import compare
    from course_lib.by_machine.counting import count
    from course_lib.by_machine.living import compare_memory, measure_peak
    from course_lib.by_machine.measuring import measure_memory
    from course_lib.by_machine.modules import build
    from course_lib.by_machine.reconciling import reconcile
    from course_lib.cards.follow import follow, unfollow
    from course_lib.cards.layer import layer_card
    from course_lib.cards.memory import memory_card
    from course_lib.cards.network import network_card
    from course_lib.show.figures import bars, chart, lines, roofline

_NAMES = {
    "asking.exercises": ("check", "guess", "practice", "reveal"),
    "asking.verdicts": ("claims",),
    "asking.votes": ("vote",),
    "by_hand.conventions": ("CONVENTIONS",),
    "by_hand.memory": ("predict_memory",),
    "by_hand.step": ("timeline",),
    "by_machine.comparing": ("compare",),
    "by_machine.counting": ("count",),
    "by_machine.living": ("compare_memory", "measure_peak"),
    "by_machine.measuring": ("measure_memory",),
    "by_machine.modules": ("build",),
    "by_machine.reconciling": ("reconcile",),
    "cards.follow": ("follow", "unfollow"),
    "cards.layer": ("layer_card",),
    "cards.memory": ("memory_card",),
    "cards.network": ("network_card",),
    "show.figures": ("bars", "chart", "lines", "roofline"),
}
_LATER = {name: module for module, names in _NAMES.items() for name in names}
__all__ = [*_by_hand, *_LATER]


def __getattr__(name: str):
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


if shell := "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
    import_module(f"{__name__}.asking.revealing").start(shell)
