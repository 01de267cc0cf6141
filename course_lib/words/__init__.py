"""Every word that the library shows: a folder a language, a TOML file a lesson, errors.toml for errors, common.toml for the rest."""

import tomllib
import traceback
from functools import cache, partial
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARY = str(FOLDER.parent)
language = "en"


@cache
def everything(code: str) -> dict:
    """All that is shown in a language, its files put together; what a language lacks is there in English."""
    found = {} if code == "en" else everything("en")
    for path in sorted((FOLDER / code).glob("*.toml")):
        found = _over(found, tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _over(below: dict, above: dict) -> dict:
    both = {key: _over(below[key], above[key]) for key in below.keys() & above.keys() if isinstance(above[key], dict)}
    return below | above | both


def words(key: str, **values) -> str:
    """The words under a key in the current language, `shown.` before one without a dot, with the values filled in."""
    key = key if "." in key else f"shown.{key}"
    found = find(key)
    if found is None:
        raise KeyError(f"no words under {key!r}")
    return found.format(**values)


def find(key: str) -> str | None:
    """The words under a key as they stand, unfilled; None where there are none."""
    found = everything(language)
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def plainly(error: Exception) -> Exception:
    """The error itself, whose sentence says all: a notebook, and a slide, show the line that failed and the sentence, and no traceback.
    `raise plainly(ValueError(…))`."""
    error._render_traceback_ = partial(_error_lines, error)  # IPython asks for it
    return error


def _error_lines(error: Exception) -> list[str]:
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.line and not frame.filename.startswith(LIBRARY)]
    return [*(f"----> {frame.lineno} {frame.line}" for frame in theirs[-1:]), "", f"{type(error).__name__}: {error}"]
