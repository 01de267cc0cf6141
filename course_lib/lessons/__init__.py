"""The lessons: each file l00.py, l01.py, … that is here is one. They are found and put together here, and nothing else lists them.

A lesson's file has EXERCISES (course_lib.asking.answers: a number, a function or a network), and CLAIMS where an article's are tried.
"""

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

_NAMES = sorted(module.name for module in iter_modules(__path__) if module.name[0] == "l" and module.name[1:].isdecimal())
LESSONS = {int(name[1:]): import_module(f"{__name__}.{name}") for name in _NAMES}


def entries(table: str) -> dict[str, Any]:
    """What stands in all lessons' tables of this name, EXERCISES or CLAIMS; each entry is told its key and its lesson."""
    return {
        name: replace(entry, name=name, lesson=number)
        for number, lesson in LESSONS.items()
        for name, entry in getattr(lesson, table, {}).items()
    }


EXERCISES = entries("EXERCISES")
