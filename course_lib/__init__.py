"""What does this convolutional network cost? Every number by hand and by machine, side by side.

Importing this loads neither torch, numpy nor pandas. The names of `__init__.pyi` load on first use, each by itself; one whose package
is not installed says so when it is called.
"""

import ast
import sys
from importlib import import_module
from pathlib import Path

from course_lib.by_hand import *  # noqa: F403
from course_lib.by_hand import __all__ as _by_hand
from course_lib.show.errors import plainly

_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
_MODULES = {
    alias.name: statement.module
    for statement in _STUB.body
    if isinstance(statement, ast.ImportFrom)
    for alias in statement.names
    if alias.name != "*"
}
__all__ = [*_by_hand, *_MODULES]


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as missing:
        return _unavailable(name, missing)


def _unavailable(name: str, missing: ModuleNotFoundError):
    """What stands for a name that needs a package which is not installed."""

    def say(*_, **__):
        from course_lib.words import words  # at the top it would hide the package of that name

        sentence = words("needs_package", name=name, package=missing.name)
        raise plainly(ModuleNotFoundError(sentence, name=missing.name))

    return say


def __dir__() -> list[str]:
    return sorted(__all__)


if shell := "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
    import_module(f"{__name__}.asking.revealing").start(shell)
