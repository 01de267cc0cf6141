"""What does this convolutional network cost? Every number by hand and by machine, side by side.

Importing this loads neither torch, numpy, pandas nor matplotlib. The names of `__init__.pyi` load on first use, each by itself; one
whose package is not installed says so when it is called. Examples in docstrings begin after `from course_lib import *`.
"""

import ast
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

from course_lib.by_hand import *  # noqa: F403
from course_lib.by_hand import __all__ as _by_hand
from course_lib.words import plainly

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
        return partial(_unavailable, name, missing.name)


def _unavailable(name: str, package: str, /, *_, **__):
    """What is called under a name that needs a package which is not installed."""
    from course_lib.words import words  # at the top it would hide the package of that name

    raise plainly(ModuleNotFoundError(words("needs_package", name=name, package=package), name=package))


def __dir__() -> list[str]:
    return sorted(__all__)


if shell := "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
    import_module(f"{__name__}.asking.revealing").start(shell)
