"""Errors whose sentence says all: a notebook, and a slide, show the line that failed and the sentence, and no traceback."""

import traceback
from functools import partial
from pathlib import Path

LIBRARY = str(Path(__file__).parents[1])


def plainly(error: Exception) -> Exception:
    """The error itself; `raise plainly(ValueError(…))`."""
    error._render_traceback_ = partial(_error_lines, error)  # IPython asks for it
    return error


def _error_lines(error: Exception) -> list[str]:
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.line and not frame.filename.startswith(LIBRARY)]
    return [*(f"----> {frame.lineno} {frame.line}" for frame in theirs[-1:]), "", f"{type(error).__name__}: {error}"]
